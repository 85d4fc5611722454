#!/bin/sh
# Runs a test that was built with --config=asan or --config=tsan.
here="$TEST_SRCDIR/$TEST_WORKSPACE/cpp_server/testing"
export ASAN_OPTIONS="detect_odr_violation=0:strict_string_checks=1:detect_stack_use_after_return=1"
export LSAN_OPTIONS="suppressions=$here/lsan.supp:print_suppressions=0"
export UBSAN_OPTIONS="print_stacktrace=1"
# Mutex bugs: those it reports are of libraries whose locks it sees half of; ours are clang's -Wthread-safety to find.
export TSAN_OPTIONS="suppressions=$here/tsan.supp:halt_on_error=1:second_deadlock_stack=1:report_mutex_bugs=0"
case "$TEST_TARGET" in
  # gRPC stands in the program itself, where called_from_lib cannot tell it by its library: leave out what its code does
  # by way of memcpy, epoll_wait and the like. Accesses that the compiler sees in our code are still checked.
  //cpp_server/rpc:* | //cpp_server/security:* | //cpp_server/server:* | //cpp_server/services:inference_method_test) TSAN_OPTIONS="$TSAN_OPTIONS:ignore_interceptors_accesses=1" ;;
esac
# GCC 12's ThreadSanitizer knows fewer address space layouts than Linux 6 makes at random.
exec setarch "$(uname -m)" --addr-no-randomize "$@"
