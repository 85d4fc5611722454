# shellcheck shell=dash
# An install with --prefix: versions side by side in versions/, and links that say which one is meant.
#   versions/NAME   a whole version, or none: it comes by one rename
#   current         -> versions/NAME; previous the one that was current before; bin -> current/bin
#   setup.sh        this file without the archive, to go on with

# Says whether Trilho made the prefix. Other programs have a folder "versions" as well, and a setup.sh.
is_ours() {
  [ -d "$T_prefix/versions" ] && head -c 65536 "$T_prefix/setup.sh" 2>/dev/null | grep -q '^  t_header_sha256='
}

# Says whether the prefix is a place for Trilho: one that it made, or an empty one.
is_prefix() {
  local entry
  is_ours && return 0
  for entry in "$T_prefix"/* "$T_prefix"/.[!.]* "$T_prefix"/..?*; do
    case $entry in
      "$T_prefix"/.trilho-part.*) ;;
      *) [ ! -e "$entry" ] && [ ! -h "$entry" ] || return 1 ;;
    esac
  done
}

require_prefix() {
  is_ours || fail 9 "$T_prefix has no install of Trilho"
}

require_place() {
  is_prefix ||
    fail 9 "$T_prefix holds something else; choose a folder that is empty or not there, such as $T_prefix/trilho"
}

# Removes the prefix's own parts if no version has come into it, before the folders that were made.
drop_empty_prefix() {
  [ -n "$T_prefix" ] && [ ! -h "$T_prefix/current" ] && is_ours || return 0
  rmdir "$T_prefix/versions" 2>/dev/null && rm -f "$T_prefix/setup.sh"
}

# Makes a link, or another target for it, in one step.
point() {
  rm -f "$T_work/link"
  ln -s "$2" "$T_work/link" && mv -fT "$T_work/link" "$T_prefix/$1" || fail 1 "cannot make the link $T_prefix/$1"
}

version_of_link() {
  local target
  target=$(readlink "$T_prefix/$1") && echo "${target##*/}"
}

# Makes version $1 the current one.
make_current() {
  local old
  old=$(version_of_link current)
  if [ -n "$old" ] && [ "$old" != "$1" ] && [ -d "$T_prefix/versions/$old" ]; then
    point previous "versions/$old"
  fi
  point current "versions/$1"
  point bin current/bin
}

# Writes the short form of this file, which needs no archive to manage what is there.
keep_setup() {
  dd if="$T_file" of="$T_work/setup.sh" bs=65536 count="$T_tools_block" 2>/dev/null &&
    chmod 755 "$T_work/setup.sh" && mv -f "$T_work/setup.sh" "$T_prefix/setup.sh" ||
    fail 5 "no room in $T_base"
}

install_prefix() {
  local place=$T_prefix/versions/$T_name
  require_place
  if [ -e "$place" ]; then
    if is_tree_of_file "$place"; then
      [ "$T_mode" != exec ] || return 0
      tell "version $T_name is there already"
      make_current "$T_name"
      return 0
    fi
    [ -n "$T_force" ] || fail 9 "$place is there and differs from this file; --force replaces it"
  fi
  [ "$T_base" = "$T_prefix" ] || fail 6 "cannot write to $T_prefix, and version $T_name is not in it"
  sweep "$T_prefix"
  unpack "$T_work/tree"
  [ -d "$T_prefix/versions" ] || T_made=$T_prefix/versions$T_newline$T_made
  mkdir -p "$T_prefix/versions" && keep_setup || fail 5 "no room in $T_base"
  if [ -e "$place" ] && [ -n "$T_force" ]; then
    # Between these two renames an interruption would leave neither version.
    trap '' HUP INT TERM
    mv -T "$place" "$T_work/replaced"
  fi
  # A folder that another run has made meanwhile is as good, if it is the same.
  if ! mv -T "$T_work/tree" "$place" 2>/dev/null && ! is_tree_of_file "$place"; then
    [ ! -d "$T_work/replaced" ] || mv -T "$T_work/replaced" "$place"
    fail 1 "cannot make the folder $place"
  fi
  heed_signals
  touch "$place"
  make_current "$T_name"
}

greet() {
  [ -z "$T_quiet" ] || return 0
  echo "Trilho $T_name is in $T_prefix. Begin with"
  echo "  $T_prefix/bin/trilho --help"
  echo "  . $T_prefix/bin/activate"
}

list_installed() {
  local place mark
  if [ -n "$T_cache" ]; then
    list_cache
    return
  fi
  require_prefix
  for place in "$T_prefix"/versions/*; do
    [ -d "$place" ] || continue
    mark=
    [ "${place##*/}" != "$(version_of_link current)" ] || mark=current
    [ "${place##*/}" != "$(version_of_link previous)" ] || mark=previous
    printf '%-20s %s %8s  %s\n' "${place##*/}" "$(stat -c %y "$place" | cut -c1-16)" "$(folder_size "$place")" "$mark"
  done
}

folder_size() {
  # shellcheck disable=SC2046 # words are wanted
  set -- $(du -sk "$1")
  megabytes $(($1 * 1024))
}

# Prints the versions that are there, in one line.
names() {
  local place list=
  for place in "$T_prefix"/versions/*; do
    [ ! -d "$place" ] || list="$list ${place##*/}"
  done
  echo "${list:- none}"
}

switch_version() {
  require_prefix
  case $1 in
    */* | .*) fail 2 "--switch takes one of the versions$(names)" ;;
  esac
  [ -d "$T_prefix/versions/$1" ] || fail 9 "version $1 is not in $T_prefix; there are$(names)"
  make_current "$1"
  tell "the current version is $1"
}

roll_back() {
  local previous
  require_prefix
  previous=$(version_of_link previous)
  [ -n "$previous" ] && [ -d "$T_prefix/versions/$previous" ] ||
    fail 9 "there is no version to go back to in $T_prefix; there are$(names), see --switch"
  make_current "$previous"
  tell "the current version is $previous"
}

# Removes folder $1 so that no half of it is ever in its place.
discard() {
  tell "removing $1 ($(folder_size "$1"))"
  if ! mv -T "$1" "$T_work/discarded" 2>/dev/null; then
    # Another run may have removed it at the same time.
    [ -e "$1" ] || return 0
    fail 6 "cannot remove $1"
  fi
  # A command notes its use before it looks for its entry: either it is seen here, or it finds none.
  if [ -n "$T_cache" ] && [ -z "$T_force" ] && is_used "$1" && mv -T "$T_work/discarded" "$1"; then
    tell "$1 stays: a command began to run from it"
    return
  fi
  rm -rf "$T_work/discarded" || fail 6 "cannot remove all of $1"
}

collect_prefix() {
  local place
  require_prefix
  sweep "$T_prefix"
  for place in "$T_prefix"/versions/*; do
    [ -d "$place" ] || continue
    case ${place##*/} in
      "$(version_of_link current)" | "$(version_of_link previous)") continue ;;
    esac
    [ "${T_days:-0}" -eq 0 ] || is_older "$place" $((T_days * 1440)) || continue
    discard "$place"
  done
}

uninstall_prefix() {
  local place
  require_prefix
  sweep "$T_prefix"
  rm -f "$T_prefix/bin" "$T_prefix/current" "$T_prefix/previous"
  for place in "$T_prefix"/versions/*; do
    [ ! -d "$place" ] || discard "$place"
  done
  rm -rf "$T_work"
  rmdir "$T_prefix/versions" && rm -f "$T_prefix/setup.sh"
  if rmdir "$T_prefix" 2>/dev/null; then
    tell "Trilho is no longer in $T_prefix"
  else
    tell "Trilho is no longer in $T_prefix; what else is there stays"
  fi
}
