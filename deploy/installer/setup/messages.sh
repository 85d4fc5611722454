# shellcheck shell=dash
# Messages, and the ways to end.

say() { printf '%s\n' "trilho: $*" >&2; }

# Tells what goes on, unless --quiet.
tell() { [ -n "$T_quiet" ] || say "$@"; }

# Ends with code $1, the words behind it, and nothing left behind.
fail() {
  local code=$1
  shift
  clean
  say "$@"
  finish "$code"
}

# Ends by a signal. What is being unpacked stops first, so that nobody writes to what is removed.
interrupted() {
  trap '' HUP INT TERM
  stop_unpacking "$T_work"
  [ -z "$T_job" ] || wait "$T_job"
  clean
  case $T_mode in
    install | exec) say "interrupted; nothing was left" ;;
    *) say "interrupted" ;;
  esac
  finish "$1"
}

heed_signals() {
  trap 'interrupted 129' HUP
  trap 'interrupted 130' INT
  trap 'interrupted 143' TERM
}

# Removes the folder of this run, and the folders that were made for the install unless it is in them.
clean() {
  local folder
  leave_cache
  # Its tools are in the folder that goes next.
  drop_empty_prefix
  rm -rf "$T_work"
  while [ -n "$T_made" ]; do
    folder=${T_made%%"$T_newline"*}
    T_made=${T_made#*"$T_newline"}
    rmdir "$folder" 2>/dev/null
  done
}

finish() {
  leave_cache
  rm -rf "$T_work"
  end_guard
  exit "$1"
}
