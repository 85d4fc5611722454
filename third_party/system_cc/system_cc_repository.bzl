"""Debian's static C++ libraries as cc_library targets."""

_LIBRARY_DIR = "/usr/lib/x86_64-linux-gnu"

# Each group is linked as one, in no order of its own.
_GRPC = ["grpc++_reflection", "grpc++", "grpc", "gpr", "address_sorting", "upb", "protobuf", "re2", "cares", "ssl", "crypto", "z"]

_BUILD = """
load("@rules_cc//cc:defs.bzl", "cc_library")

package(default_visibility = ["//visibility:public"])

exports_files(["protoc", "grpc_cpp_plugin", "google/protobuf/descriptor.proto"])

# gRPC, protobuf, absl, OpenSSL and what they need, static and with their
# symbols hidden: TensorFlow's libraries export their own copies of most of
# them, and neither side may bind to the other's. ld.gold cannot hide
# libcrypto's symbols, so ld.bfd it is.
cc_library(
    name = "grpc++",
    linkopts = [
        "-fuse-ld=bfd",
        "-Wl,--exclude-libs,ALL",
        "-Wl,--start-group",
    ] + ["-l:lib%s.a" % name for name in {libraries}] + [
        "-Wl,--end-group",
        "-lpthread",
        "-ldl",
    ],
)

# One group of archives serves them all; the names say what a target uses.
[cc_library(
    name = name,
    deps = [":grpc++"],
) for name in [
    "absl",
    "boost",
    "crypto",
    "grpc++_reflection",
    "protobuf",
    "rapidjson",
    "ssl",
    "z",
]]

cc_library(
    name = "gtest_main",
    testonly = True,
    linkopts = [
        "-l:libgtest_main.a",
        "-l:libgmock.a",
        "-l:libgtest.a",
        "-lpthread",
    ],
)
"""

def _impl(ctx):
    names = _GRPC + ["gtest", "gtest_main", "gmock"]
    missing = [n for n in names if not ctx.path("%s/lib%s.a" % (_LIBRARY_DIR, n)).exists]
    if missing:
        fail("missing in %s: %s; `./dev packages` installs what the build needs" %
             (_LIBRARY_DIR, ", ".join(["lib%s.a" % n for n in missing])))
    absl = sorted([
        f.basename[len("lib"):-len(".a")]
        for f in ctx.path(_LIBRARY_DIR).readdir()
        if f.basename.startswith("libabsl_") and f.basename.endswith(".a")
    ])
    for tool in ["protoc", "grpc_cpp_plugin"]:
        ctx.symlink(ctx.which(tool), tool)
    ctx.symlink("/usr/include/google/protobuf/descriptor.proto", "google/protobuf/descriptor.proto")
    ctx.file("BUILD", _BUILD.replace("{libraries}", repr(_GRPC + absl)))

system_cc_repository = repository_rule(
    doc = "gRPC, protobuf, absl, OpenSSL and GoogleTest from Debian's packages, headers from /usr/include.",
    implementation = _impl,
)
