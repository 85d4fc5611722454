"""C++ classes and gRPC stubs of a descriptor_set."""

load("@rules_cc//cc:defs.bzl", "cc_library")
load(":descriptor_set.bzl", "DescriptorSetInfo")

def _impl(ctx):
    info = ctx.attr.descriptor[DescriptorSetInfo]
    srcs, hdrs = [], []
    for proto in info.protos:
        stem = ctx.label.name + "/" + proto[:-len(".proto")]
        suffixes = [".pb"] + ([".grpc.pb"] if proto in info.services else [])
        for suffix in suffixes:
            srcs.append(ctx.actions.declare_file(stem + suffix + ".cc"))
            hdrs.append(ctx.actions.declare_file(stem + suffix + ".h"))
    root = "/".join([ctx.bin_dir.path, ctx.label.package, ctx.label.name])
    args = ctx.actions.args()
    args.add("--descriptor_set_in=" + info.file.path)
    args.add("--cpp_out=" + root)
    args.add_all(info.protos)
    plugin = ctx.actions.args()
    if info.services:
        plugin.add("--grpc_out=" + root)
        plugin.add(ctx.executable._plugin, format = "--plugin=protoc-gen-grpc=%s")
    ctx.actions.run(
        executable = ctx.executable._protoc,
        arguments = [args, plugin],
        inputs = [info.file],
        outputs = srcs + hdrs,
        tools = [ctx.executable._plugin],
        mnemonic = "CcProto",
        progress_message = "Generating C++ for %s" % ctx.attr.descriptor.label,
    )
    return [
        DefaultInfo(files = depset(srcs + hdrs)),
        OutputGroupInfo(hdrs = depset(hdrs), srcs = depset(srcs)),
    ]

_cc_proto_sources = rule(
    implementation = _impl,
    attrs = {
        "descriptor": attr.label(providers = [DescriptorSetInfo]),
        "_plugin": attr.label(
            allow_single_file = True,
            cfg = "exec",
            default = "@system_cc//:grpc_cpp_plugin",
            executable = True,
        ),
        # Debian's, since it must be of the version of Debian's libprotobuf.
        "_protoc": attr.label(
            allow_single_file = True,
            cfg = "exec",
            default = "@system_cc//:protoc",
            executable = True,
        ),
    },
)

def cc_grpc_library(name, descriptor, deps = [], **kwargs):
    """A cc_library of the messages and, for files with services, the stubs.

    Args:
      name: the library; "acme/fraud.proto" gives `#include "acme/fraud.pb.h"`.
      descriptor: a descriptor_set.
      deps: the libraries of what its files import.
      **kwargs: passed on to cc_library.
    """
    _cc_proto_sources(
        name = name + "_gen",
        descriptor = descriptor,
    )
    for group in ["hdrs", "srcs"]:
        native.filegroup(
            name = name + "_" + group,
            srcs = [name + "_gen"],
            output_group = group,
        )
    cc_library(
        name = name,
        srcs = [name + "_srcs"],
        hdrs = [name + "_hdrs"],
        # Generated code is not ours to warn about, nor on the request path.
        copts = ["-w", "-O1"],
        # Reflection answers from registered descriptors, which no code refers to.
        alwayslink = True,
        includes = [name + "_gen"],
        linkstatic = True,
        deps = deps + ["@system_cc//:grpc++"],
        **kwargs
    )
