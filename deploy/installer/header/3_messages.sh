# shellcheck shell=sh

t_newline='
'

t_say() { printf '%s\n' "trilho: $*" >&2; }

# Removes what was made and ends with code $1, with the words behind it.
t_fail() {
  t_code=$1
  shift
  t_say "$@"
  t_clean
  exit "$t_code"
}

t_clean() {
  [ -z "$t_work" ] || rm -rf "$t_work"
  t_work=
  # The folders that were made for it, the deepest first; those that hold something stay.
  while [ -n "$t_made" ]; do
    rmdir "${t_made%%"$t_newline"*}" 2>/dev/null
    t_made=${t_made#*"$t_newline"}
  done
}

t_usage() {
  t_say "$@"
  t_say "sh $0 --help tells the options"
  exit 2
}
