# shellcheck shell=sh

t_parse_and_run() {
  t_file=$0 t_mode='' t_prefix='' t_cache='' t_target='' t_quiet='' t_force='' t_days='' t_which=''
  t_work='' t_made='' t_base='' t_path='' t_short=''
  t_umask=$(umask)
  umask 022
  case $t_file in
    /*) ;;
    *) t_file=$PWD/$t_file ;;
  esac
  t_name=$t_version
  [ "$t_profile" = full ] || t_name=$t_version-$t_profile
  { [ -f "$t_file" ] && [ -r "$t_file" ]; } || t_usage "call it as a file: sh FILE, not through a pipe"
  t_check_size
  t_has_sums=
  if command -v sha256sum >/dev/null 2>&1 && command -v sed >/dev/null 2>&1; then
    t_has_sums=1
    t_check_header
  fi
  while [ $# -gt 0 ]; do
    t_option=$1
    shift
    case $t_option in
      --prefix=* | --cache=* | --extract=* | --switch=* | --days=*)
        set -- "${t_option#*=}" "$@"
        t_option=${t_option%%=*}
        ;;
    esac
    case $t_option in
      --prefix)
        t_value --prefix "${1:-}" "a folder"
        t_absolute "$1"
        t_prefix=$t_path
        shift
        ;;
      --cache)
        t_value --cache "${1:-}" "a folder"
        t_absolute "$1"
        t_cache=$t_path
        shift
        ;;
      --extract)
        t_act extract
        t_value --extract "${1:-}" "a folder"
        t_absolute "$1"
        t_target=$t_path
        shift
        ;;
      --switch)
        t_act switch
        t_value --switch "${1:-}" "a version; --list shows those that are installed"
        t_which=$1
        shift
        ;;
      --days)
        case ${1:-} in
          '' | *[!0-9]* | ??????*) t_usage "--days needs a number of days" ;;
        esac
        t_days=$1
        shift
        ;;
      --exec)
        t_act exec
        [ $# -gt 0 ] || t_usage "--exec needs a command"
        break
        ;;
      --check | --verify | --list | --info | --uninstall | --rollback | --gc | --version | --license | --sbom | --help)
        t_act "${t_option#--}"
        ;;
      -h) t_act help ;;
      -q | --quiet) t_quiet=1 ;;
      --force) t_force=1 ;;
      --) ;;
      *)
        t_usage "unknown option or word $t_option; there are --prefix, --cache, --exec, --extract, --check, --verify," \
          "--list, --switch, --rollback, --gc, --days, --uninstall, --info, --version, --license, --sbom, --quiet," \
          "--force and --help"
        ;;
    esac
  done
  t_mode=${t_mode:-install}
  [ -z "$t_prefix" ] || [ -z "$t_cache" ] || t_usage "--prefix and --cache cannot go together; choose one"
  [ -z "$t_days" ] || [ "$t_mode" = gc ] || t_usage "--days goes with --gc"
  case $t_mode in
    help) t_help && exit 0 ;;
    version) printf '%s\n' "Trilho $t_version ($t_profile)" && exit 0 ;;
    info) t_info && exit 0 ;;
  esac
  if [ -n "$t_short" ]; then
    case $t_mode in
      verify | list | uninstall | switch | rollback | gc) [ -n "$t_prefix$t_cache" ] || t_prefix=${t_file%/*} ;;
      *) t_usage "this file is what an install keeps, without the archive; it takes --list, --verify, --switch," \
        "--rollback, --gc and --uninstall" ;;
    esac
  fi
  case $t_mode in
    install | check | verify | uninstall | switch | rollback | gc)
      if [ -z "$t_prefix$t_cache" ]; then
        [ -n "${HOME:-}" ] || t_usage "HOME is not set: say where with --prefix DIR"
        t_absolute "$HOME/trilho"
        t_prefix=$t_path
      fi
      ;;
  esac
  case $t_mode in
    switch | rollback) [ -z "$t_cache" ] || t_usage "--$t_mode goes with --prefix, not with --cache" ;;
  esac
  trap 't_clean; t_say "interrupted; nothing was left"; exit 129' HUP
  trap 't_clean; t_say "interrupted; nothing was left"; exit 130' INT
  trap 't_clean; t_say "interrupted; nothing was left"; exit 143' TERM
  [ "$t_mode" != extract ] || { t_extract "$t_target" && exit 0; }
  t_check_machine
  t_target=$t_prefix$t_cache
  t_result=0
  case $t_mode in
    list | verify | license | sbom) t_find_temporary || t_result=$? ;;
    check)
      t_base=${t_target}
      while [ ! -e "$t_base/" ]; do
        case $t_base in
          */*) t_base=${t_base%/*} ;;
        esac
      done
      t_make_work "${t_base:-/}" || t_result=$?
      ;;
    *)
      if [ -z "$t_target" ]; then
        t_find_temporary || t_result=$?
      else
        t_base=$t_target
        case $t_mode in
          switch | rollback | gc | uninstall)
            [ -d "$t_base/" ] || t_fail 9 "nothing is installed in $t_base: there is no such folder"
            ;;
          *) t_make_folder "$t_base" || t_fail 6 "cannot make the folder $t_base; choose another place" ;;
        esac
        t_make_work "$t_base" || t_result=$?
        # Somebody who may not write there can run what is there already.
        if [ "$t_result" -eq 6 ] && [ "$t_mode" = exec ]; then
          t_result=0
          t_find_temporary || t_result=$?
        fi
      fi
      ;;
  esac
  t_base=${t_base:-/}
  [ "$t_result" -eq 0 ] || t_refuse_folder "$t_result"
  t_boot
  exec "$t_work/busybox" ash "$t_work/setup/main.sh" \
    mode="$t_mode" prefix="$t_prefix" cache="$t_cache" quiet="$t_quiet" force="$t_force" days="$t_days" \
    which="$t_which" file="$t_file" short="$t_short" umask="$t_umask" work="$t_work" base="$t_base" made="$t_made" \
    version="$t_version" profile="$t_profile" name="$t_name" \
    tools_block="$t_tools_block" tools_blocks="$t_tools_blocks" tools_sha256="$t_tools_sha256" \
    payload_block="$t_payload_block" payload_bytes="$t_payload_bytes" payload_sha256="$t_payload_sha256" \
    tree_bytes="$t_tree_bytes" tree_inodes="$t_tree_inodes" sums_sha256="$t_sums_sha256" -- "$@"
}

t_facts && t_parse_and_run "$@"; exit
