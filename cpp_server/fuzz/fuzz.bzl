"""Fuzz targets: short everywhere, by libFuzzer where asked for."""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_library", "cc_test")

def fuzz_target(name, srcs, deps, **kwargs):
    """Makes NAME_test, a short run with a fixed random sequence, and NAME, a libFuzzer program.

    Args:
      name: of the program; builds with --config=fuzz only.
      srcs: define LLVMFuzzerTestOneInput and trilho::FuzzSeeds.
      deps: of them.
      **kwargs: for NAME_test.
    """
    cc_library(
        name = name + "_lib",
        testonly = True,
        srcs = srcs,
        alwayslink = True,
        deps = deps + [":fuzz_target"],
    )
    cc_test(
        name = name + "_test",
        size = "medium",
        srcs = ["short_run.cc"],
        linkstatic = True,
        deps = [
            ":fuzz_target",
            ":%s_lib" % name,
            "@system_cc//:protobuf",
        ],
        **kwargs
    )
    cc_binary(
        name = name,
        testonly = True,
        srcs = ["write_seeds.cc"],
        linkopts = ["-fsanitize=fuzzer"],
        linkstatic = True,
        tags = ["manual"],
        deps = [
            ":fuzz_target",
            ":%s_lib" % name,
            "@system_cc//:protobuf",
        ],
    )
