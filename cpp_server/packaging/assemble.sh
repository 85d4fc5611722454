#!/bin/bash
# Usage: bazel run //cpp_server/packaging:assemble -- FOLDER
#
# Makes FOLDER, which must not exist yet: rootfs/ with what is installed, and the Containerfile.
set -euo pipefail
# The server runs as nobody in particular, who must be able to read it.
umask 022

[ $# = 1 ] || { echo "usage: bazel run //cpp_server/packaging:assemble -- FOLDER" >&2; exit 2; }
# Where bazel was called.
cd "${BUILD_WORKING_DIRECTORY:-$PWD}"
[ ! -e "$1" ] || { echo "$1 exists already" >&2; exit 2; }
runfiles=${RUNFILES_DIR:-$0.runfiles}/trilho
packaging=$runfiles/cpp_server/packaging
installed=$1/rootfs/usr/lib/trilho

mkdir -p "$installed/bin" "$1/rootfs/usr/lib/systemd/system"
install -m 0755 "$runfiles/cpp_server/trilho_server" "$installed/bin/trilho_server"
# The program looks for TensorFlow's libraries in ../_solib_k8, seen from its folder.
for library in "$runfiles"/_solib_*/*/*.so.*; do
  place=$installed/${library#"$runfiles"/}
  mkdir -p "$(dirname "$place")"
  install -m 0644 "$library" "$place"
done
install -m 0644 "$packaging/trilho-server.service" "$1/rootfs/usr/lib/systemd/system/"
install -m 0644 "$packaging/Containerfile" "$1/"
