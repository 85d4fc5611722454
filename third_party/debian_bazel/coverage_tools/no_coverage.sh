#!/bin/sh
echo "bazel coverage is not supported with Debian's Bazel" >&2
exit 1
