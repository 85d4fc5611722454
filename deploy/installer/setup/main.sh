# shellcheck shell=dash
# The second half of the installer, run by the busybox that the file carries: one shell and one set of tools everywhere.
# Its variables are T_NAME or local, so that none of the caller's exported ones changes for a command that is run.

set -u
while [ "$1" != -- ]; do
  eval "T_${1%%=*}=\${1#*=}"
  shift
done
shift

# The caller's PATH is for a command that is run; the tools of this shell are busybox's.
T_caller_path=${PATH:-/usr/local/bin:/usr/bin:/bin}
PATH=$T_work/bin
T_job=''
T_guard=''
T_newline='
'

. "$T_work/setup/messages.sh"
. "$T_work/setup/owner.sh"
. "$T_work/setup/machine.sh"
. "$T_work/setup/unpack.sh"
. "$T_work/setup/prefix.sh"
. "$T_work/setup/cache.sh"
. "$T_work/setup/verify.sh"
. "$T_work/setup/show.sh"
. "$T_work/setup/run.sh"

# Without /proc busybox finds no applet by itself: each gets a link.
link_tools() {
  local busybox tool
  busybox=$T_work/busybox
  "$busybox" mkdir "$T_work/bin" || return 1
  for tool in $("$busybox" --list); do
    "$busybox" ln -s ../busybox "$T_work/bin/$tool" || return 1
  done
}

main() {
  heed_signals
  link_tools || fail 5 "no room in $T_base, not even for the installer's own parts"
  claim "$T_work"
  start_guard
  case $T_mode in
    check) check ;;
    license | sbom) show_document "$T_mode" ;;
    list) if [ -n "$T_prefix$T_cache" ]; then list_installed; else show_document list; fi ;;
    verify) verify_installed ;;
    switch) switch_version "$T_which" ;;
    rollback) roll_back ;;
    gc) if [ -n "$T_cache" ]; then collect_cache; else collect_prefix; fi ;;
    uninstall) if [ -n "$T_cache" ]; then uninstall_cache; else uninstall_prefix; fi ;;
    install) if [ -n "$T_cache" ]; then install_cache && print_cache_entry; else install_prefix && greet; fi ;;
    exec) run "$@" ;;
  esac
  finish "$?"
}

main "$@"
