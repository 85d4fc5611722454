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
  # Two at a time, since reading and summing take turns otherwise.
  bad=$(cd "$place" && split_sums | grep -v ': OK$')
  if [ -n "$bad" ]; then
    printf '%s\n' "$bad" | head -n 20 >&2
    fail 8 "$place differs: $(printf '%s\n' "$bad" | wc -l) files, some above"
  fi
  tell "$place is whole"
}

# Sums the files of the current folder, in two halves beside each other.
split_sums() {
  awk 'NR % 2' SHA256SUMS | sha256sum -c 2>/dev/null &
  awk 'NR % 2 == 0' SHA256SUMS | sha256sum -c 2>/dev/null
  wait $!
}
