# shellcheck shell=dash
# An install with --cache: one folder a version and build, which comes by one rename of something whole. However many
# begin at once, and whatever locks are worth on the file system, nobody sees a half; the lock only saves work.
#   trilho-NAME-DIGEST       a whole version
#   .trilho-lock-…           held by who unpacks it
#   .trilho-use-…            one file for each command that runs from it, for --gc

T_lock=
T_use=

cache_entry() { echo "$T_cache/trilho-$T_name-$(echo "$T_payload_sha256" | cut -c1-16)"; }

# Says whether the folder $1 is named as an entry is: a cache may be a folder with other things, which nobody removes.
is_entry() { [ -d "$1" ] && [ ! -h "$1" ] && echo "${1##*/}" | grep -Eq '^trilho-.+-[0-9a-f]{16}$'; }

# Takes the lock $1 if it is free, or if who held it was killed.
take_lock() {
  if mkdir "$1" 2>/dev/null; then
    T_lock=$1
    # Who believes that nobody holds it may remove it at any time.
    { claim "$1"; } 2>/dev/null
    return 0
  fi
  if [ ! -e "$1/owner" ]; then
    is_older "$1" 2 || return 1
  elif ! is_dead "$1/owner"; then
    return 1
  fi
  remove_shared "$1"
  mkdir "$1" 2>/dev/null && T_lock=$1 && { claim "$1"; } 2>/dev/null
}

release_lock() {
  [ -z "$T_lock" ] || remove_shared "$T_lock"
  T_lock=
}

# Removes what this run holds in the cache.
leave_cache() {
  release_lock
  [ -z "$T_use" ] || rm -f "$T_use"
  T_use=
}

# Waits until the entry $1 is there, or until it falls to this run to make it. Who waits for ten minutes makes its own.
wait_for_entry() {
  local lock seconds=0
  lock=$T_cache/.trilho-lock-${1##*/trilho-}
  until [ -e "$1" ] || take_lock "$lock"; do
    [ "$seconds" -ne 5 ] || tell "another process unpacks $1; waiting"
    if [ "$seconds" -ge 600 ]; then
      tell "not waiting any longer for $lock; unpacking beside it"
      return
    fi
    sleep 1 &
    wait $!
    seconds=$((seconds + 1))
  done
}

# Makes the entry of this file's version if there is none, and sets T_tree to it.
install_cache() {
  T_tree=$(cache_entry)
  if [ ! -e "$T_tree" ]; then
    [ "$T_base" = "$T_cache" ] || fail 6 "cannot write to $T_cache, and version $T_name is not in it"
    sweep "$T_cache"
    wait_for_entry "$T_tree"
  fi
  if [ ! -e "$T_tree" ]; then
    unpack "$T_work/tree"
    touch "$T_work/tree"
    mv -T "$T_work/tree" "$T_tree" 2>/dev/null || [ -e "$T_tree" ] || fail 1 "cannot make the folder $T_tree"
  fi
  release_lock
  is_tree_of_file "$T_tree" ||
    fail 9 "$T_tree is not what it should be; --cache $T_cache --uninstall removes it"
  # The time of the folder says when it was last asked for. Another user's cannot be touched, nor removed.
  touch "$T_tree" 2>/dev/null
  return 0
}

print_cache_entry() { printf '%s\n' "$T_tree"; }

# Marks the entry as used by this process, and by the command that it becomes.
note_use() {
  local entry
  entry=$(cache_entry)
  T_use=$T_cache/.trilho-use-${entry##*/trilho-}.$$.${T_work##*.}
  # A cache that cannot be written, but has the version, is as good.
  if { printf '%s\n' "$T_owner" >"$T_use"; } 2>/dev/null; then
    guard_too "$T_use"
  else
    T_use=
  fi
}

# Says whether a command still runs from the entry $1, and removes the marks of those that were killed.
is_used() {
  local use used=1
  for use in "$T_cache/.trilho-use-${1##*/trilho-}".*; do
    [ -e "$use" ] || continue
    if is_dead "$use"; then
      rm -f "$use"
    else
      used=0
    fi
  done
  return "$used"
}

list_cache() {
  local place use
  [ -d "$T_cache" ] || fail 9 "nothing is installed in $T_cache: there is no such folder"
  for place in "$T_cache"/trilho-*; do
    is_entry "$place" || continue
    use=
    ! is_used "$place" || use='in use'
    printf '%-36s %s %8s  %s\n' "${place##*/}" "$(stat -c %y "$place" | cut -c1-16)" "$(folder_size "$place")" "$use"
  done
}

collect_cache() {
  local place
  sweep "$T_cache"
  for place in "$T_cache"/trilho-*; do
    is_entry "$place" && ! is_used "$place" || continue
    # Another user's, which only that one or root can remove.
    [ -w "$place" ] || continue
    [ "${T_days:-0}" -eq 0 ] || is_older "$place" $((T_days * 1440)) || continue
    discard "$place"
  done
}

uninstall_cache() {
  local place
  sweep "$T_cache"
  for place in "$T_cache"/trilho-*; do
    is_entry "$place" || continue
    if is_used "$place" && [ -z "$T_force" ]; then
      fail 9 "a command runs from $place; wait for its end, or --force"
    fi
    discard "$place"
  done
  rm -rf "$T_work" "$T_cache"/.trilho-lock-* "$T_cache"/.trilho-use-*
  rmdir "$T_cache" 2>/dev/null
  tell "Trilho is no longer in $T_cache"
}
