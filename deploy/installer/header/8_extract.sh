# shellcheck shell=sh

# Unpacks with this machine's programs, and runs nothing that is in the file.
t_extract() {
  for t_program in zstd tar sha256sum; do
    command -v "$t_program" >/dev/null 2>&1 ||
      t_fail 10 "--extract runs nothing that is in this file, and this machine has no $t_program;" \
        "install $t_program, or extract on another machine"
  done
  { [ ! -e "$1" ] && [ ! -h "$1" ]; } || t_fail 9 "$1 is there already; --extract needs a new name"
  case $1 in
    /*/*) t_make_folder "${1%/*}" || t_fail 6 "cannot make the folder ${1%/*}" ;;
  esac
  # Aside: another run may be asked for the same name, and a killed one must not leave a half under it.
  mkdir "$1.trilho-part.$$" 2>/dev/null || t_fail 6 "cannot make the folder $1.trilho-part.$$"
  t_work=$1.trilho-part.$$
  t_sum=$(tail -c +$((t_payload_block * 65536 + 1)) "$t_file" | sha256sum)
  [ "${t_sum%% *}" = "$t_payload_sha256" ] || t_fail 3 "this file is altered: its archive has changed; copy it again"
  tail -c +$((t_payload_block * 65536 + 1)) "$t_file" | zstd -dc --long=27 | tar -xf - -C "$t_work" ||
    t_fail 1 "cannot unpack into $1; nothing was left there"
  t_sum=$(sha256sum <"$t_work/SHA256SUMS")
  [ "${t_sum%% *}" = "$t_sums_sha256" ] || t_fail 1 "cannot unpack into $1; nothing was left there"
  { [ ! -e "$1" ] && mv "$t_work" "$1"; } || t_fail 9 "$1 came to be there meanwhile; --extract needs a new name"
  t_work=
  [ -n "$t_quiet" ] || printf '%s\n' "$1"
}
