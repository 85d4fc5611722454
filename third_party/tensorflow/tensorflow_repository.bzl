"""TensorFlow's C API, headers and libraries, out of the wheel in @pip."""

# TensorFlow's libraries also export protobuf, absl, re2 and BoringSSL of their
# own. The server links against stubs that show the C API and nothing else, so
# that none of those can be bound by accident; the real libraries come in when
# the program starts. //cpp_server:link_hygiene_test holds this.
_STUBS = """set -eu
for so in tensorflow_cc tensorflow_framework; do
  echo "void ${so}_stub_(void){}" > $so.c
  nm -D --defined-only "$1/lib$so.so.2" | sed 's/.* //; s/@.*//' | grep -E '^TFE?_[A-Za-z0-9_]+$' | sort -u \
    | sed 's/.*/void &(void){}/' >> $so.c
  cc -w -shared -fPIC -nostdlib -Wl,-soname,lib$so.so.2 -o lib/lib$so.ifso $so.c
  rm $so.c
done
# The C API cannot set the level below which TensorFlow's log is silent; the
# function that can has the release of absl in its name.
symbol=$(nm -D --defined-only "$1/libtensorflow_framework.so.2" | sed -n 's/.* T \\(_ZN4absl[a-z0-9_]*14SetMinLogLevel.*\\)$/\\1/p')
mkdir -p include/tensorflow_wheel
printf '#pragma once\n#define TENSORFLOW_WHEEL_SET_MIN_LOG_LEVEL "%s"\n' "$symbol" > include/tensorflow_wheel/log_symbol.h"""

# What tensorflow/c/c_api.h and tf_tstring.h include. Nothing else of the wheel's
# headers may be found: among them is the code of a newer protoc.
_HEADERS = [
    "tensorflow/c/c_api.h",
    "tensorflow/c/c_api_macros.h",
    "tensorflow/c/tf_attrtype.h",
    "tensorflow/c/tf_buffer.h",
    "tensorflow/c/tf_datatype.h",
    "tensorflow/c/tf_status.h",
    "tensorflow/c/tf_tensor.h",
    "tensorflow/c/tf_tstring.h",
    "tensorflow/core/platform/ctstring.h",
    "tsl/platform/ctstring.h",
    "tsl/platform/ctstring_internal.h",
    "xla/tsl/c/tsl_status.h",
]

_BUILD = """
load("@rules_cc//cc:defs.bzl", "cc_import", "cc_library")

package(default_visibility = ["//visibility:public"])

cc_import(
    name = "tensorflow_cc",
    interface_library = "lib/libtensorflow_cc.ifso",
    shared_library = "lib/libtensorflow_cc.so.2",
)

cc_import(
    name = "tensorflow_framework",
    interface_library = "lib/libtensorflow_framework.ifso",
    shared_library = "lib/libtensorflow_framework.so.2",
)

# Both libraries: session factories and kernels register from libtensorflow_cc.
cc_library(
    name = "c_api",
    hdrs = glob(["include/**/*.h"]),
    includes = ["include"],
    deps = [
        ":tensorflow_cc",
        ":tensorflow_framework",
    ],
)
"""

def _impl(ctx):
    wheel = ctx.path(ctx.attr.pip).dirname.get_child("site-packages").get_child("tensorflow")
    for header in _HEADERS:
        ctx.symlink(ctx.path("%s/include/%s" % (wheel, header)), "include/" + header)
    for so in ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"]:
        ctx.symlink(wheel.get_child(so), "lib/" + so)
    result = ctx.execute(["bash", "-c", _STUBS, "stubs", str(wheel)])
    if result.return_code:
        fail("TensorFlow's stub libraries: " + result.stdout + result.stderr)
    ctx.file("BUILD", _BUILD)

tensorflow_repository = repository_rule(
    doc = "`@NAME//:c_api`: TensorFlow's C API from the tensorflow-cpu wheel that `pip`'s repository installed.",
    implementation = _impl,
    attrs = {"pip": attr.label(
        doc = "The BUILD file of the pip repository.",
        mandatory = True,
    )},
)
