# shellcheck shell=dash
# Shows licenses, the bill of materials and the list of files. They lie compressed beside zstd.

show_document() {
  bring_tools
  carried_zstd -dcq "$T_work/tools/share/$1.zst"
}
