# shellcheck shell=dash
# Owners of a temporary folder, a lock or a use of a cache, and what becomes of these when their owner was killed. An
# owner is told by host, boot, process namespace, process id and start of the process; without /proc some of it is "-".

read_line() { [ -r "$1" ] && IFS= read -r "$2" <"$1"; } 2>/dev/null

# Prints when a process began, in ticks since the machine did; "-" if /proc does not show it, nothing if no such process.
start_of() {
  local line
  read_line "/proc/$1/stat" line || {
    # Another user's process may be hidden (hidepid), and may not be signalled: it runs all the same.
    case $(kill -0 "$1" 2>&1 && echo yes) in
      yes | *'not permitted') echo - ;;
    esac
    return 0
  }
  # A program's name may have blanks and parentheses; what is sought is the 20th word behind it.
  # shellcheck disable=SC2086 # words are wanted
  set -- ${line##*) }
  shift 19
  echo "$1"
}

# Prints the record of the process $1.
owner_record() {
  local boot=- space
  read_line /proc/sys/kernel/random/boot_id boot
  space=$(readlink /proc/self/ns/pid) || space=-
  echo "$(hostname) $boot $space $1 $(start_of "$1")"
}

T_owner=$(owner_record $$)

# Marks the folder $1 as this process's.
claim() { printf '%s\n' "$T_owner" >"$1/owner"; }

# Says whether the owner that is written in file $1 has ended. One on another host, or in another process namespace,
# cannot be seen from here. It has ended when its file was not touched for a day: who runs longer touches it every hour.
is_dead() {
  local host boot space pid start mine
  [ -e "$1" ] || return 1
  read -r host boot space pid start <"$1" || return 1
  # shellcheck disable=SC2086 # words are wanted
  set -- $T_owner "$1"
  if [ "$host" = "$1" ] && [ "$boot" != - ] && [ "$2" != - ] && [ "$boot" != "$2" ]; then
    return 0
  fi
  if [ "$host" = "$1" ] && { [ "$space" = "$3" ] || [ "$space" = - ]; }; then
    mine=$(start_of "$pid")
    [ -z "$mine" ] || { [ "$start" != - ] && [ "$mine" != - ] && [ "$mine" != "$start" ]; }
    return
  fi
  is_older "$6" 1440
}

# Says whether file $1 was not touched for $2 minutes.
is_older() { [ -n "$(find "$1" -maxdepth 0 -mmin "+$2" 2>/dev/null)" ]; }

# Removes the folder $1, which another run may be removing at the same time. Fails, silently, if some of it stays.
remove_shared() { rm -rf "$1" 2>/dev/null || [ ! -e "$1" ]; }

# Removes what killed runs left in folder $1.
sweep() {
  local part
  for part in "$1"/.trilho-part.*; do
    [ -d "$part" ] && [ -O "$part" ] && [ "$part" != "$T_work" ] || continue
    if [ -e "$part/owner" ]; then
      is_dead "$part/owner" || continue
    else
      # Somebody is about to write it, or was killed before.
      is_older "$part" 60 || continue
    fi
    # Under its new name it is this run's alone: another may be sweeping at the same time.
    mv -T "$part" "$T_work/swept" 2>/dev/null || continue
    tell "removing what a killed run left: $part"
    rm -rf "$T_work/swept" || tell "cannot remove all of it: $T_work/swept"
  done
  # Locks that killed runs held: of a cache, and of other builds than this file's, too.
  for part in "$1"/.trilho-lock-*; do
    [ -e "$part/owner" ] && is_dead "$part/owner" && remove_shared "$part"
  done
  return 0
}

# Starts a process that outlives this one, whatever kills it, and then removes the folder of this run. It is in a
# session of its own, so that killing ours does not reach it. It knows the end by a pipe that this process, and a
# command that it becomes, hold open as number 9. Where no pipe can be made, the next run sweeps.
start_guard() {
  mkfifo "$T_work/life" 2>/dev/null || return 0
  exec 9<>"$T_work/life"
  exec 8<"$T_work/life"
  (
    trap '' HUP INT TERM
    exec 9>&-
    setsid "$T_work/busybox" ash "$T_work/setup/guard.sh" "$T_work" "$T_owner" "$T_made" <&8 >/dev/null 2>&1 &
  )
  exec 8<&-
  T_guard=1
}

# Tells the guard one more file to keep fresh, and to remove with the folder.
guard_too() { [ -z "$T_guard" ] || printf '%s\n' "$1" >&9; }

end_guard() { [ -z "$T_guard" ] || printf 'done\n' >&9; }
