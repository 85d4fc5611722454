# shellcheck shell=sh

t_help() {
  cat <<EOF
Trilho $t_version ($t_profile): installs TensorFlow, its trainer and its server without root, network or a C library.

usage: sh FILE [--prefix DIR]               install into DIR; without it into ~/trilho
       sh FILE --check [--prefix DIR]       tell whether this machine will do; changes nothing
       sh FILE --exec CMD...                run CMD with Trilho's programs first on PATH, from an install that is
                                            removed when CMD ends
       sh FILE --cache DIR [--exec CMD...]  the same from an install in DIR, which is made once and shared by all who
                                            ask for this version; without --exec its path is printed
       sh FILE --extract DIR                unpack with this machine's zstd and tar, and run nothing that is in the file

 an install, in --prefix DIR (without it ~/trilho) or in --cache DIR:
       --list                               the versions that are there; without DIR the files in this file
       --verify                             compare every file with its SHA-256
       --switch VERSION                     make VERSION the current one (with --prefix)
       --rollback                           make the one before the current one (with --prefix)
       --gc [--days N]                      remove versions that are neither current nor the one before, or that nobody
                                            of a cache uses; with --days only those installed or started N days ago
       --uninstall                          remove all versions
 this file:
       --info  --version  --license  --sbom  --help
 besides:
       --quiet                              say nothing but errors
       --force                              replace an install of the same version that differs

--prefix makes DIR/versions/$t_name, DIR/current -> versions/$t_name and DIR/bin -> current/bin: call DIR/bin/trilho
by its path, or put it on PATH with \`. DIR/bin/activate\`. DIR/setup.sh is this file without the archive; it takes
--list, --verify, --switch, --rollback, --gc and --uninstall. Other users may read the install; chmod 700 DIR keeps
them out. --exec and the options that only tell something work in TMPDIR.

exit codes: 0 done - 1 anything else - 2 wrong options - 3 this file is truncated or altered - 4 this machine cannot
run it (kernel, processor) - 5 no room - 6 cannot write there - 7 programs may not run there (noexec) - 8 --verify
found a difference - 9 something else is there, or not there - 10 a program is missing on this machine -
129, 130, 143 interrupted. With --exec: the code of CMD; 126 and 127 if CMD cannot be run or found.
EOF
}

t_info() {
  cat <<EOF
version        $t_version
profile        $t_profile
platform       Linux x86-64, kernel 3.2 or newer, a processor with AVX; any C library or none
installed      $((t_tree_bytes / 1000000)) MB, $t_tree_inodes files and folders
archive        $t_payload_bytes bytes at $((t_payload_block * 65536)), .tar.zst, SHA-256 $t_payload_sha256
busybox        $((t_busybox_blocks * 65536)) bytes at $((t_busybox_block * 65536)), SHA-256 $t_busybox_sha256
scripts        $((t_setup_blocks * 65536)) bytes at $((t_setup_block * 65536)), .tar, SHA-256 $t_setup_sha256
zstd           $((t_tools_blocks * 65536)) bytes at $((t_tools_block * 65536)), .tar, SHA-256 $t_tools_sha256
unpack by hand tail -c +$((t_payload_block * 65536 + 1)) FILE | zstd -dc --long=27 | tar -xf - -C DIR
EOF
}
