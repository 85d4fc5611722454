#!/bin/sh
# Packs what runs without Bazel: make_archive.sh OUT EXECUTOR PACKAGES FILE... ; the same files give the same bytes.
set -eu
out=$1 executor=$2 packages=$3
shift 3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
top=$folder/trilho-hadoop
mkdir -p "$top/bin" "$top/jars" "$top/packages"
cp -L "$executor" "$top/executor.jar"
cp -rL "$packages/busybox-static" "$top/packages/"
for file in "$@"; do
  case $file in
    *.jar) cp -L "$file" "$top/jars/" ;;
    */launcher.sh) cp -L "$file" "$top/bin/trilho-hadoop" ;;
    */Containerfile | */hadoop/README.md) cp -L "$file" "$top/" ;;
    *.py) mkdir -p "$top/$(dirname "$file")" && cp -L "$file" "$top/$file" ;;
    *) echo "$file has no place in the archive" >&2 && exit 1 ;;
  esac
done
chmod -R u=rwX,go=rX "$top"
chmod 755 "$top/bin/trilho-hadoop"
tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf "$out" -C "$folder" trilho-hadoop
