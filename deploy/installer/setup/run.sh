# shellcheck shell=dash
# --exec: this process becomes the command, so that signals reach it, and its exit code is the caller's, without anybody
# between. What is to be cleaned up after it is the guard's: it also works when the command is killed.

run() {
  if [ -n "$T_cache" ]; then
    note_use
    install_cache
  elif [ -n "$T_prefix" ]; then
    install_prefix
    T_tree=$T_prefix/versions/$T_name
  else
    sweep "$T_base"
    T_tree=$T_work/tree
    unpack "$T_tree"
  fi
  find_program "$1" "$T_tree/bin:$T_caller_path" || fail 127 "--exec: there is no program $1"
  [ -x "$T_program" ] || fail 126 "--exec: $T_program may not be run"
  rm -rf "$T_work/tools"
  shift
  export PATH="$T_tree/bin:$T_caller_path"
  umask "$T_umask"
  # Number 3 was for progress; 9 is the guard's, which waits until the command has ended.
  exec 3>&-
  exec "$T_program" "$@"
}

# Sets T_program to the file that the command $1 means in the search path $2. The shell's own search would find
# busybox's programs first.
find_program() {
  local folder IFS=:
  T_program=$1
  case $1 in
    */*)
      [ -f "$1" ]
      return
      ;;
  esac
  for folder in $2; do
    T_program=${folder:-.}/$1
    [ ! -f "$T_program" ] || [ ! -x "$T_program" ] || return 0
  done
  return 1
}
