# shellcheck shell=dash
# From the file to a folder that is whole.

# Runs the carried loader, with nothing of the host's.
carried_loader() {
  (
    unset LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT
    exec "$T_work/tools/lib/ld-linux-x86-64.so.2" --inhibit-cache --library-path "$T_work/tools/lib" "$@"
  )
}

carried_zstd() { carried_loader "$T_work/tools/bin/zstd" "$@"; }

# Brings out zstd with its C library, and what the file says of itself.
bring_tools() {
  local sum
  [ ! -d "$T_work/tools" ] || return 0
  dd if="$T_file" of="$T_work/tools.tar" bs=65536 skip="$T_tools_block" count="$T_tools_blocks" 2>/dev/null ||
    fail 5 "no room in $T_base, not even for the installer's own parts"
  sum=$(sha256sum <"$T_work/tools.tar")
  [ "${sum%% *}" = "$T_tools_sha256" ] ||
    fail 3 "this file is altered: its zstd is not what it was built with; copy it again"
  tar -xof "$T_work/tools.tar" -C "$T_work" || fail 5 "no room in $T_base, not even for the installer's own parts"
  rm "$T_work/tools.tar"
}

# Tells how far it is, of 100: on a terminal in one line that is written over, else now and then in a line of its own.
show_progress() {
  local width
  [ -z "$T_quiet" ] || return 0
  if [ -t 3 ]; then
    width=$(($1 * 40 / 100))
    printf '\rtrilho: unpacking [%-40s] %3d %% of %s' \
      "$(printf "%${width}s" '' | tr ' ' '#')" "$1" "$(megabytes "$T_tree_bytes")" >&3
    [ "$1" -lt 100 ] || echo >&3
  elif [ "$1" -ge "$T_told" ]; then
    printf 'trilho: unpacking, %d %% of %s\n' "$1" "$(megabytes "$T_tree_bytes")" >&3
    T_told=$(($1 / 25 * 25 + 25))
  fi
}

# Writes the archive, some megabytes at a time, and stops between two when the file "go" is gone.
feed() {
  local block=$T_payload_block end
  end=$((block + (T_payload_bytes + 65535) / 65536))
  T_told=25
  while [ "$block" -lt "$end" ]; do
    [ -e "$T_work/go" ] || return 1
    dd if="$T_file" bs=65536 skip="$block" count=64 2>/dev/null || return 1
    block=$((block + 64))
    [ "$block" -lt "$end" ] || block=$end
    show_progress $(((block - T_payload_block) * 100 / (end - T_payload_block)))
  done
}

# Unpacks into $1 and compares the archive's SHA-256 on the way: one reading does for both. Ends with 3 or 5 for what
# fail has these codes for, and says nothing then.
unpack_job() {
  local summer status errors
  # shellcheck disable=SC3040 # busybox's shell has it
  set -o pipefail
  {
    local sum
    sum=$(sha256sum <"$T_work/sum")
    [ "${sum%% *}" = "$T_payload_sha256" ]
  } &
  summer=$!
  errors=$({ feed | tee "$T_work/sum" | carried_zstd -dcq | stoppable_tar "$1"; } 2>&1 >/dev/null)
  status=$?
  if ! wait "$summer" && [ "$status" -eq 0 ]; then
    return 3
  fi
  case $errors in
    *'No space left'* | *[Qq]uota*) return 5 ;;
  esac
  if [ "$status" -ne 0 ] && [ -e "$T_work/go" ]; then
    [ -z "$errors" ] || printf '%s\n' "$errors" | tail -n 3 >&3
    # A bad archive is one reason among others; reading it once more tells which.
    is_payload_whole || return 3
  fi
  return "$status"
}

# Unpacks what it reads into $1. The number of its process is left in a file, for who must stop it: it has megabytes
# before it when the feeding ends.
stoppable_tar() {
  # shellcheck disable=SC2016 # the inner shell expands it
  "$T_work/busybox" ash -c 'echo $$ >"$1/tar"; exec tar -xof - -C "$2"' tar "$T_work" "$1"
}

# Ends the unpacking that works in folder $1, if one does.
stop_unpacking() {
  local process
  rm -f "$1/go"
  [ ! -s "$1/tar" ] || { read -r process <"$1/tar" && kill "$process"; } 2>/dev/null
}

is_payload_whole() {
  local sum
  sum=$(tail -c "+$((T_payload_block * 65536 + 1))" "$T_file" | sha256sum)
  [ "${sum%% *}" = "$T_payload_sha256" ]
}

# Unpacks the tree to $1, a new folder in the work folder, and sees that nothing is missing.
unpack() {
  local status count
  bring_tools
  check_before_unpacking
  mkfifo "$T_work/sum" || fail 1 "cannot make a named pipe in $T_base; choose another place"
  mkdir "$1" && : >"$T_work/go" || fail 5 "no room in $T_base"
  exec 3>&2
  # The work goes on beside, since a shell hears a signal while it waits, but not while it works.
  unpack_job "$1" 9>&- &
  T_job=$!
  wait "$T_job"
  status=$?
  T_job=
  rm -f "$T_work/tar"
  case $status in
    0) ;;
    3) fail 3 "this file is altered: its archive is not what it was built with; copy it again; nothing was left" ;;
    5) fail 5 "no room in $T_base: the disk, or a quota, became full while unpacking; nothing was left" ;;
    *) fail 1 "cannot unpack into $T_base; nothing was left" ;;
  esac
  count=$(find "$1" -mindepth 1 | wc -l)
  is_tree_of_file "$1" && [ "$count" -eq "$T_tree_inodes" ] ||
    fail 1 "$T_base did not keep what was unpacked: $count of $T_tree_inodes files are there; nothing was left"
}

# Says whether folder $1 has an install of exactly what is in this file.
is_tree_of_file() {
  local sum
  [ -e "$1/SHA256SUMS" ] || return 1
  sum=$(sha256sum <"$1/SHA256SUMS")
  [ "${sum%% *}" = "$T_sums_sha256" ]
}
