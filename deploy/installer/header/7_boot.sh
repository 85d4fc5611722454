# shellcheck shell=sh

t_check_machine() {
  t_machine=$(uname -m 2>/dev/null) || return 0
  [ "$t_machine" = x86_64 ] || t_fail 4 "this file is for x86_64; this machine is $t_machine"
  t_kernel=$(uname -r)
  t_major=${t_kernel%%.*}
  t_minor=${t_kernel#*.}
  t_minor=${t_minor%%[!0-9]*}
  [ "$t_major" -gt 3 ] || { [ "$t_major" -eq 3 ] && [ "$t_minor" -ge 2 ]; } ||
    t_fail 4 "this machine's Linux kernel is $t_kernel; the C library in this file needs 3.2 or newer"
}

# Copies blocks of this file: first block, number of blocks, target.
t_copy() {
  t_error=$(LC_ALL=C dd if="$t_file" of="$3" bs=65536 skip="$1" count="$2" 2>&1) && return 0
  case $t_error in
    *'No space left'* | *quota*) t_fail 5 "no room in $t_base, not even for the installer's own parts" ;;
  esac
  t_fail 1 "cannot unpack the installer's parts in $t_base: $t_error"
}

# Brings out the busybox that all else runs with, and the scripts.
t_boot() {
  t_copy "$t_busybox_block" "$t_busybox_blocks" "$t_work/busybox"
  chmod 755 "$t_work/busybox"
  if [ -n "$t_has_sums" ]; then
    t_sum=$(sha256sum <"$t_work/busybox")
  else
    # It has to vouch for itself, where nothing else can. Some shells take a program with an altered beginning for a
    # script: what that would write or call is then of this folder.
    # shellcheck disable=SC2094 # it reads itself
    t_sum=$(cd "$t_work" && PATH=/nonexistent ./busybox sha256sum <./busybox 2>/dev/null)
  fi
  if [ "${t_sum%% *}" != "$t_busybox_sha256" ]; then
    [ -e /bin/sh ] || [ -n "$t_sum" ] || t_fail 7 "$t_base runs no programs (mounted noexec?); choose another place"
    t_fail 3 "this file is altered: its busybox is not what it was built with; copy it again"
  fi
  "$t_work/busybox" true 2>/dev/null || t_fail 7 "$t_base runs no programs (mounted noexec?); choose another place"
  [ -n "$t_has_sums" ] || t_check_header "$t_work/busybox"
  t_copy "$t_setup_block" "$t_setup_blocks" "$t_work/setup.tar"
  t_sum=$("$t_work/busybox" sha256sum <"$t_work/setup.tar")
  [ "${t_sum%% *}" = "$t_setup_sha256" ] ||
    t_fail 3 "this file is altered: its scripts are not what they were built with; copy it again"
  "$t_work/busybox" tar -xf "$t_work/setup.tar" -C "$t_work" ||
    t_fail 5 "no room in $t_base, not even for the installer's own parts"
}
