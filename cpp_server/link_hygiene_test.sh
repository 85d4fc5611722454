#!/bin/bash
# Usage: link_hygiene_test.sh PROGRAM
#
# TensorFlow's libraries export protobuf, absl, re2, gRPC and BoringSSL of their own. Two copies of such a library in
# one process are safe only if neither side's calls can reach the other's code, that is, if no dynamic symbol has the
# same name on both sides but for TensorFlow's C API and the C++ runtime. Reads the symbol tables; runs nothing.
set -euo pipefail
export LC_ALL=C

program=$1
work=$(mktemp -d "${TEST_TMPDIR:-/tmp}/link_hygiene.XXXXXX")
failed=0

# report WHAT: complains if there are lines in $work/bad.
report() {
  if [ -s "$work/bad" ]; then
    echo "FAIL: $1:"
    c++filt < "$work/bad" | sed -n '1,20s/^/  /p'
    failed=1
  fi
}

# grep, for which no line is no failure; a pattern that cannot be read still is.
matching() { grep "$@" || [ $? = 1 ]; }

# Without the version that follows an @.
symbols() { nm -D "$@" | sed 's/@.*//' | awk '{print $NF}' | sort -u; }

symbols --defined-only "$program" > "$work/exported"
# Weak ones too: the dynamic linker binds them all the same.
symbols --undefined-only "$program" > "$work/imported"
libraries() { ldd "$program" | awk -v name="$1" '$3 ~ "/(" name ")\\.so" {print $3}'; }
mapfile -t tensorflow < <(libraries 'libtensorflow_(cc|framework)')
[ "${#tensorflow[@]}" = 2 ] || { echo "FAIL: $program has not both libraries of TensorFlow"; exit 1; }
symbols --defined-only "${tensorflow[@]}" > "$work/tensorflow"

# The C and C++ runtime is one for all of the process, so that its names are meant to be shared.
mapfile -t runtime < <(libraries 'libc|libm|libstdc[+][+]|libgcc_s')
[ "${#runtime[@]}" -ge 3 ] || { echo "FAIL: no C++ runtime among the libraries of $program"; exit 1; }
symbols --defined-only "${runtime[@]}" > "$work/shared"

# 1. What the program imports and TensorFlow has, is the C API.
comm -12 "$work/imported" "$work/tensorflow" | comm -23 - "$work/shared" | matching -vE '^TFE?_' > "$work/bad"
report "imports that TensorFlow's libraries would satisfy"
grep -E '^TF_' "$work/imported" > /dev/null || { echo "FAIL: $program does not use TensorFlow's C API"; failed=1; }

# 2. The program exports nothing of its own, which could take the place of TensorFlow's. Its copies of the runtime's
# variables are how every program refers to them.
comm -23 "$work/exported" "$work/shared" > "$work/bad"
report "exports"

# 3. Nor is any symbol of the libraries that exist twice left to the next release of TensorFlow.
#
# "TLS init function for X" is a weak import that the compiler makes for a thread_local variable whose initializer it
# cannot see. There is none here, so that it stays null and is not called. A library of TensorFlow's that had one of
# that name would fall under 1.
twice='google8protobuf|[0-9]absl|_ZN3re2|_ZNK3re2|4grpc|9grpc_core|^grpc_|^gpr_|^upb_|^SSL_|^CRYPTO_|^EVP_|^BIO_|^X509_|^RSA_|^OPENSSL_|^ares_'
sort -u "$work/exported" "$work/imported" | matching -E "$twice" | matching -vE '^_ZTH' > "$work/bad"
report "dynamic symbols of libraries that TensorFlow has too"

[ "$failed" = 0 ] && echo "PASS: $(wc -l < "$work/imported") imports, $(wc -l < "$work/exported") exports"
exit "$failed"
