# shellcheck shell=sh

# Makes the folder $1 and those above it, and remembers which it made.
t_make_folder() {
  [ ! -d "$1" ] || return 0
  case $1 in
    */*) [ -d "${1%/*}/" ] || t_make_folder "${1%/*}" || return 1 ;;
  esac
  mkdir "$1" 2>/dev/null || [ -d "$1" ] || return 1
  t_made=$1$t_newline$t_made
}

# Makes the folder to work in, in $1; returns 6 or 7 if that cannot be written, or runs no programs.
t_make_work() {
  t_number=0
  while ! mkdir -m 700 "$1/.trilho-part.$$.$t_number" 2>/dev/null; do
    [ -e "$1/.trilho-part.$$.$t_number" ] || return 6
    t_number=$((t_number + 1))
  done
  t_work=$1/.trilho-part.$$.$t_number
  t_host=$(uname -n 2>/dev/null) || t_host=-
  printf '%s\n' "$t_host - - $$ -" >"$t_work/owner" || return 5
  printf '#!/bin/sh\nexit 0\n' >"$t_work/probe" && chmod 700 "$t_work/probe" || return 5
  # A root without /bin/sh has no other way to tell: there the busybox has to show it.
  "$t_work/probe" 2>/dev/null || [ ! -e /bin/sh ] || return 7
}

# Finds a folder for what is only needed for a moment: TMPDIR, or else one where programs run.
t_find_temporary() {
  for t_base in "${TMPDIR:-/tmp}" /tmp /var/tmp "${HOME:-/}" /dev/shm; do
    t_absolute "$t_base"
    t_base=$t_path
    t_result=0
    t_make_work "$t_base" || t_result=$?
    [ "$t_result" -ne 0 ] || return 0
    t_clean
    # A large install goes where the user said, or not at all.
    [ -z "${TMPDIR:-}" ] || [ "$t_mode" != exec ] || break
  done
  t_base=${TMPDIR:-/tmp}
  return "$t_result"
}

t_refuse_folder() {
  case $1 in
    5) t_fail 5 "no room in $t_base" ;;
    6) t_fail 6 "cannot write to $t_base; choose another place with --prefix, --cache or TMPDIR" ;;
    *) t_fail 7 "$t_base runs no programs: its file system is mounted noexec, or a policy forbids it;" \
      "choose another place with --prefix, --cache or TMPDIR" ;;
  esac
}
