"""Java classes and gRPC stubs of a descriptor_set."""

load("@rules_java//java:defs.bzl", "java_library")
load(":descriptor_set.bzl", "DescriptorSetInfo")

_COMMAND = """set -e
tmp=$1 out=$2 zipper=$3; shift 3
rm -rf "$tmp"; mkdir -p "$tmp"
"$@"
(cd "$tmp" && find . -name '*.java' | sed 's#^./##' | LC_ALL=C sort) > "$tmp.list"
sed "s#.*#&=$tmp/&#" "$tmp.list" > "$tmp.args"
"$zipper" c "$out" "@$tmp.args"
"""

def _impl(ctx):
    info = ctx.attr.descriptor[DescriptorSetInfo]
    out = ctx.actions.declare_file(ctx.label.name + ".srcjar")
    tmp = out.path + ".tmp"
    ctx.actions.run_shell(
        command = _COMMAND,
        arguments = [
            tmp,
            out.path,
            ctx.executable._zipper.path,
            ctx.executable._protoc.path,
            "--descriptor_set_in=" + info.file.path,
            "--java_out=" + tmp,
        ] + ([
            "--grpc-java_out=@generated=omit:" + tmp,
            "--plugin=protoc-gen-grpc-java=" + ctx.executable._plugin.path,
        ] if info.services else []) + info.protos,
        inputs = [info.file],
        outputs = [out],
        tools = [ctx.executable._protoc, ctx.executable._plugin, ctx.executable._zipper],
        mnemonic = "JavaProto",
        progress_message = "Generating Java for %s" % ctx.attr.descriptor.label,
    )
    return [DefaultInfo(files = depset([out]))]

_java_proto_sources = rule(
    implementation = _impl,
    attrs = {
        "descriptor": attr.label(providers = [DescriptorSetInfo]),
        "_plugin": attr.label(
            allow_single_file = True,
            cfg = "exec",
            default = "@maven//:protoc_gen_grpc_java",
            executable = True,
        ),
        # Maven's, since it must be of the version of Maven's protobuf-java.
        "_protoc": attr.label(
            allow_single_file = True,
            cfg = "exec",
            default = "@maven//:protoc",
            executable = True,
        ),
        "_zipper": attr.label(
            cfg = "exec",
            default = "@bazel_tools//tools/zip:zipper",
            executable = True,
        ),
    },
)

def java_grpc_library(name, descriptor, deps = [], **kwargs):
    """A java_library of the messages and stubs; NAME_gen is its source jar.

    Args:
      name: the library.
      descriptor: a descriptor_set.
      deps: the libraries of what its files import.
      **kwargs: passed on to java_library.
    """
    _java_proto_sources(
        name = name + "_gen",
        descriptor = descriptor,
    )
    exports = [
        "@maven//:com_google_protobuf_protobuf_java",
        "@maven//:io_grpc_grpc_protobuf",
        "@maven//:io_grpc_grpc_stub",
    ]
    java_library(
        name = name,
        srcs = [name + "_gen"],
        exports = exports + deps,
        javacopts = ["-Xlint:none"],
        deps = exports + deps + ["@maven//:com_google_guava_guava"],
        **kwargs
    )
