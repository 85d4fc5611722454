# shellcheck shell=sh

# Notes what is to be done, which is one thing.
t_act() {
  [ -z "$t_mode" ] || t_usage "$t_option and --$t_mode cannot go together; choose one"
  t_mode=$1
}

# Refuses what is no value of option $1; $3 says what it takes.
t_value() {
  case $2 in
    '' | -*) t_usage "$1 needs $3" ;;
    *"$t_newline"*) t_usage "$1: a name with a line break is not taken" ;;
  esac
}

# Sets t_path to $1 as a full path, without a slash at its end.
t_absolute() {
  case $1 in
    /*) t_path=$1 ;;
    *) t_path=$PWD/$1 ;;
  esac
  while :; do
    case $t_path in
      /) break ;;
      */) t_path=${t_path%/} ;;
      *) break ;;
    esac
  done
}
