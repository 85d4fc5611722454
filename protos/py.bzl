"""Python modules, type stubs and gRPC stubs of a descriptor_set."""

load("@rules_python//python:defs.bzl", "py_library")
load(":descriptor_set.bzl", "DescriptorSetInfo")

def _impl(ctx):
    info = ctx.attr.descriptor[DescriptorSetInfo]
    outs = []
    for proto in info.protos:
        suffixes = ["_pb2.py", "_pb2.pyi"] + (["_pb2_grpc.py"] if proto in info.services else [])
        outs += [ctx.actions.declare_file(proto[:-len(".proto")] + s) for s in suffixes]
    root = "/".join([ctx.bin_dir.path, ctx.label.package])
    args = ctx.actions.args()
    args.add("--descriptor_set_in=" + info.file.path)
    args.add("--python_out=" + root)
    args.add("--pyi_out=" + root)
    if info.services:
        args.add("--grpc_python_out=" + root)
    args.add_all(info.protos)
    ctx.actions.run(
        executable = ctx.executable._protoc,
        arguments = [args],
        inputs = [info.file],
        outputs = outs,
        mnemonic = "PyProto",
        progress_message = "Generating Python for %s" % ctx.attr.descriptor.label,
    )
    return [
        DefaultInfo(files = depset(outs)),
        OutputGroupInfo(
            modules = depset([f for f in outs if f.extension == "py"]),
            stubs = depset([f for f in outs if f.extension == "pyi"]),
        ),
    ]

_py_proto_sources = rule(
    implementation = _impl,
    attrs = {
        "descriptor": attr.label(providers = [DescriptorSetInfo]),
        "_protoc": attr.label(
            cfg = "exec",
            default = "//protos:grpc_tools_protoc",
            executable = True,
        ),
    },
)

def py_grpc_library(name, descriptor, deps = [], **kwargs):
    """A py_library of the modules, in the package that calls this.

    Called in a package with a Python package of the same name, "acme/fraud.proto"
    becomes the module acme.fraud_pb2 of it.

    Args:
      name: the library; NAME_gen holds all files, type stubs too.
      descriptor: a descriptor_set.
      deps: the libraries of what its files import.
      **kwargs: passed on to py_library.
    """
    _py_proto_sources(
        name = name + "_gen",
        descriptor = descriptor,
    )
    for group in ["modules", "stubs"]:
        native.filegroup(
            name = name + "_" + group,
            srcs = [name + "_gen"],
            output_group = group,
        )
    py_library(
        name = name,
        srcs = [name + "_modules"],
        data = [name + "_stubs"],
        imports = ["."],
        deps = deps + [
            "@pip//grpcio:pkg",
            "@pip//protobuf:pkg",
        ],
        **kwargs
    )
