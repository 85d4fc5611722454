# shellcheck shell=dash
# The process that cleans up after another one: guard.sh FOLDER OWNER MADE. Its standard input is a pipe that the other
# holds open.

trap '' HUP INT TERM
cd / || exit
PATH=$1/bin
T_owner=$2
made=$3
more=
newline='
'
. "$1/setup/owner.sh"
. "$1/setup/unpack.sh"
T_owner=$2

while :; do
  began=$(date +%s)
  # shellcheck disable=SC3045 # busybox's shell has -t
  if IFS= read -r -t 3600 word; then
    [ "$word" != 'done' ] || exit 0
    more=$word
  elif [ "$(date +%s)" -ge $((began + 3600)) ]; then
    # An hour without a word is a command that runs for long: its files must not look forgotten.
    touch "$1/owner" ${more:+"$more"}
  else
    break
  fi
done

# Nobody holds the pipe. A command may have closed it and still run.
# shellcheck disable=SC2086 # words are wanted
set -- "$1" $T_owner
while [ -n "$(start_of "$5")" ] && [ "$(start_of "$5")" = "$6" ] && kill -0 "$5" 2>/dev/null; do
  sleep 1
done
stop_unpacking "$1"
[ -z "$more" ] || rm -f "$more"
tries=0
# An unpacking that was stopped may still write a moment; on NFS a running program's file goes when it ends.
until rm -rf "$1" 2>/dev/null || [ "$tries" -ge 100 ]; do
  tries=$((tries + 1))
  sleep 0.2
done
while [ -n "$made" ]; do
  rmdir "${made%%"$newline"*}" 2>/dev/null
  made=${made#*"$newline"}
done
