#!/bin/sh
# Trilho @VERSION@ (@PROFILE@) for Linux x86-64: TensorFlow, its trainer and its server with their own C library.
#
#   sh FILE --check               tells whether this machine will do
#   sh FILE --prefix DIR          installs into DIR
#   sh FILE --help                tells the rest
#
# Needs a shell, dd, mkdir, chmod and rm; everything else is in this file: below these lines come a busybox, a few shell
# scripts, zstd and the archive, each at a multiple of 65536 bytes. `--info` tells where.
# Nothing runs before the last line has been read, so that a file cut off here does nothing.

t_facts() {
  t_version=@VERSION@
  t_profile=@PROFILE@
  t_header_sha256=@HEADER_SHA256@
  t_busybox_block=@BUSYBOX_BLOCK@
  t_busybox_blocks=@BUSYBOX_BLOCKS@
  t_busybox_sha256=@BUSYBOX_SHA256@
  t_setup_block=@SETUP_BLOCK@
  t_setup_blocks=@SETUP_BLOCKS@
  t_setup_sha256=@SETUP_SHA256@
  t_tools_block=@TOOLS_BLOCK@
  t_tools_blocks=@TOOLS_BLOCKS@
  t_tools_sha256=@TOOLS_SHA256@
  t_payload_block=@PAYLOAD_BLOCK@
  t_payload_bytes=@PAYLOAD_BYTES@
  t_payload_sha256=@PAYLOAD_SHA256@
  t_file_bytes=@FILE_BYTES@
  t_tree_bytes=@TREE_BYTES@
  t_tree_inodes=@TREE_INODES@
  t_sums_sha256=@SUMS_SHA256@
}
