# shellcheck shell=sh

# Says why the size of this file is wrong, if it is. setup.sh, which an install keeps, ends before the archive.
t_check_size() {
  t_size=$(LC_ALL=C wc -c <"$t_file" 2>/dev/null) || return 0
  t_size=$((t_size))
  t_short=
  if [ "$t_size" -eq $((t_tools_block * 65536)) ]; then
    t_short=1
  elif [ "$t_size" -lt "$t_file_bytes" ]; then
    t_fail 3 "this file is truncated: it has $t_size of $t_file_bytes bytes; copy it again"
  elif [ "$t_size" -gt "$t_file_bytes" ]; then
    t_fail 3 "this file is altered: it has $t_size bytes instead of $t_file_bytes; copy it again"
  fi
}

# Compares this header with its SHA-256, by the machine's programs or by those of the busybox that is given.
t_check_header() {
  t_zeros=0000000000000000000000000000000000000000000000000000000000000000
  t_sum=$(LC_ALL=C dd if="$t_file" bs=65536 count=1 2>/dev/null |
    LC_ALL=C "$@" sed "s/^  t_header_sha256=.*/  t_header_sha256=$t_zeros/" | "$@" sha256sum)
  [ "${t_sum%% *}" = "$t_header_sha256" ] ||
    t_fail 3 "this file is altered: its header is not what it was built with; copy it again"
}
