# shellcheck shell=dash
# What the file tells of itself: licenses, the bill of materials, its files. They lie compressed beside zstd.

show_document() {
  bring_tools
  carried_zstd -dcq "$T_work/tools/share/$1.zst"
}
