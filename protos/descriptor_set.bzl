"""Contracts as descriptor sets: what every language's rule generates from."""

DescriptorSetInfo = provider(
    doc = "Compiled .proto files.",
    fields = {
        "file": "A serialized FileDescriptorSet with all imports.",
        "protos": "Names of the files to generate code for, as imports spell them.",
        "services": "Those of `protos` that define services.",
    },
)

def _strip(path, prefix):
    return path[len(prefix):] if path.startswith(prefix) else path

def _default_info(ctx, file):
    # In runfiles too, so that it can stand in `data`.
    return DefaultInfo(files = depset([file]), runfiles = ctx.runfiles(files = [file]))

def _impl(ctx):
    if ctx.file.descriptor:
        info = DescriptorSetInfo(
            file = ctx.file.descriptor,
            protos = ctx.attr.protos,
            services = ctx.attr.services,
        )
        return [info, _default_info(ctx, ctx.file.descriptor)]

    out = ctx.actions.declare_file(ctx.label.name + ".desc")
    root = ctx.label.package + "/"
    names = [_strip(f.short_path, root) for f in ctx.files.srcs]
    imports = [d[DescriptorSetInfo].file for d in ctx.attr.deps]
    args = ctx.actions.args()
    args.add("--proto_path=" + ctx.label.package)
    if imports:
        args.add_joined(imports, join_with = ":", format_joined = "--descriptor_set_in=%s")
    args.add("--include_imports")
    args.add("--include_source_info")
    args.add(out, format = "--descriptor_set_out=%s")
    args.add_all(names)
    ctx.actions.run(
        executable = ctx.executable._protoc,
        arguments = [args],
        inputs = ctx.files.srcs + imports,
        outputs = [out],
        mnemonic = "ProtoDescriptorSet",
        progress_message = "Compiling contracts of %s" % ctx.label,
    )
    services = names if ctx.attr.has_services else []
    return [
        DescriptorSetInfo(file = out, protos = names, services = services),
        _default_info(ctx, out),
    ]

descriptor_set = rule(
    doc = """Compiles .proto files, or takes a compiled set in.

A file is imported by its path below this package: protos/acme/fraud.proto as
"acme/fraud.proto".""",
    implementation = _impl,
    attrs = {
        "srcs": attr.label_list(allow_files = [".proto"]),
        "deps": attr.label_list(
            doc = "Sets whose files `srcs` import.",
            providers = [DescriptorSetInfo],
        ),
        "descriptor": attr.label(
            allow_single_file = True,
            doc = "Instead of `srcs`: a serialized FileDescriptorSet.",
        ),
        "has_services": attr.bool(
            default = True,
            doc = "Whether `srcs` define services, for which stubs are generated.",
        ),
        "protos": attr.string_list(doc = "With `descriptor`: the files to generate code for."),
        "services": attr.string_list(doc = "With `descriptor`: those of `protos` with services."),
        "_protoc": attr.label(
            allow_single_file = True,
            cfg = "exec",
            default = "@maven//:protoc",
            executable = True,
        ),
    },
)
