# shellcheck shell=dash
# Demands on the machine and on the place. Kernel and architecture were looked at before: without them this does not
# run.

# Tells one finding of --check: verdict, and the words that explain it.
finding() { [ "$T_mode" != check ] || printf '%-5s %s\n' "$@"; }

# Takes one failed requirement: --check goes on to the next and ends with the code of the first.
lacking() {
  if [ "$T_mode" = check ]; then
    [ "$T_verdict" -ne 0 ] || T_verdict=$1
    finding FAILS "$2"
  else
    fail "$1" "$2"
  fi
}

# Asks the carried loader, which asks the processor and whether the kernel saves its registers; /proc may not be there.
has_avx() {
  local word
  for word in $(carried_loader --list-diagnostics 2>/dev/null); do
    case $word in
      x86.cpu_features.features\[0x0\].active\[0x2\]=*) [ $((${word#*=} >> 28 & 1)) -eq 1 ] && return 0 ;;
    esac
  done
  return 1
}

# Prints how many bytes and inodes are free in $1; an inode count of "-" is one that the file system does not bound.
free_in() {
  local block_bytes blocks inodes free_inodes
  # shellcheck disable=SC2046 # words are wanted
  set -- $(stat -f -c '%S %a %c %d' "$1")
  block_bytes=$1 blocks=$2 inodes=$3 free_inodes=$4
  [ "$inodes" -gt 0 ] || free_inodes=-
  echo "$((block_bytes * blocks)) $free_inodes"
}

megabytes() { echo "$((($1 + 999999) / 1000000)) MB"; }

check_processor() {
  if has_avx; then
    finding ok "the processor has AVX"
  else
    lacking 4 "this machine's processor has no AVX, or its kernel does not allow it; TensorFlow needs it"
  fi
}

check_room() {
  local free inodes
  # shellcheck disable=SC2046 # words are wanted
  set -- $(free_in "$T_base")
  free=$1 inodes=$2
  if [ "$free" -ge "$T_tree_bytes" ]; then
    finding ok "room: $(megabytes "$T_tree_bytes") needed in $T_base, $(megabytes "$free") free"
  else
    lacking 5 "no room in $T_base: $(megabytes "$T_tree_bytes") needed, $(megabytes "$free") free"
  fi
  if [ "$inodes" = - ] || [ "$inodes" -ge "$T_tree_inodes" ]; then
    finding ok "inodes: $T_tree_inodes needed in $T_base, $inodes free"
  else
    lacking 5 "no room in $T_base: $T_tree_inodes inodes needed, $inodes free"
  fi
}

# Asks what unpacking asks, before it begins.
check_before_unpacking() {
  check_processor
  check_room
}

check() {
  T_verdict=0
  bring_tools
  finding ok "Linux $(uname -r) on $(uname -m); 3.2 or newer on x86_64 is needed"
  finding ok "$T_base can be written, and programs run there"
  check_before_unpacking
  if [ -n "$T_prefix" ] && [ -e "$T_prefix" ] && ! is_prefix; then
    lacking 9 "$T_prefix holds something else; choose a folder that is empty or not there, such as $T_prefix/trilho"
  fi
  return "$T_verdict"
}
