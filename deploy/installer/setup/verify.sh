# shellcheck shell=dash
# --verify: every installed file against its SHA-256.

# Prints the folder that is to be verified: this file's version if it is there, else the current one.
place_to_verify() {
  if [ -n "$T_cache" ]; then
    cache_entry
  elif [ -z "$T_short" ] && [ -d "$T_prefix/versions/$T_name" ]; then
    echo "$T_prefix/versions/$T_name"
  else
    echo "$T_prefix/versions/$(version_of_link current)"
  fi
}

verify_installed() {
  local place bad
  place=$(place_to_verify)
  [ -e "$place/SHA256SUMS" ] || fail 9 "there is no install to verify: no $place/SHA256SUMS"
  if ! is_tree_of_file "$place"; then
    [ "${place##*/}" != "$T_name" ] || [ -n "$T_short" ] ||
      fail 8 "$place differs from this file: its SHA256SUMS is another one"
    tell "$place is another version than this file's; compared with its own SHA256SUMS"
  fi
  tell "comparing $(wc -l <"$place/SHA256SUMS") files in $place"
  bad=$(cd "$place" && differing_files)
  if [ -n "$bad" ]; then
    printf '%s\n' "$bad" | head -n 20 >&2
    fail 8 "$place differs in $(printf '%s\n' "$bad" | wc -l) files, the first of them above"
  fi
  tell "$place is whole"
}

# Prints the files of the current folder that are lacking or differ. Two halves are read beside each other, the lines of
# each as a whole.
differing_files() {
  awk 'NR % 2' SHA256SUMS | bad_sums &
  awk 'NR % 2 == 0' SHA256SUMS | bad_sums
  wait $!
}

bad_sums() {
  local bad
  bad=$(sha256sum -c 2>/dev/null | grep -v ': OK$')
  [ -z "$bad" ] || printf '%s\n' "$bad"
}
