"""The rule that makes the wheel."""

def _requirements(ctx):
    always = list(ctx.attr.requires)
    return always + [
        package + ";" + extra
        for extra, packages in ctx.attr.extras.items()
        for package in packages
    ]

def _sbom(ctx):
    """Lists what the wheel carries and declares, as PEP 770 wants it in its dist-info."""
    out = ctx.actions.declare_file("{}.cdx.json".format(ctx.attr.distribution))
    args = ctx.actions.args()
    args.add("--output", out)
    args.add("--name", ctx.attr.distribution)
    args.add("--version", ctx.attr.version)
    args.add_all(ctx.files.locks, before_each = "--lock")
    args.add_all(_requirements(ctx), before_each = "--require")
    args.add_all(ctx.attr.carried, before_each = "--carried")
    ctx.actions.run(
        executable = ctx.executable._wheel_sbom,
        arguments = [args],
        inputs = ctx.files.locks,
        outputs = [out],
        mnemonic = "WheelSbom",
    )
    return out

def _impl(ctx):
    out = ctx.actions.declare_file("{}-{}-py3-none-any.whl".format(ctx.attr.distribution, ctx.attr.version))
    sbom = _sbom(ctx)
    root = ctx.label.package + "/"
    args = ctx.actions.args()
    args.add("--output", out)
    args.add("--name", ctx.attr.distribution)
    args.add("--version", ctx.attr.version)
    args.add("--summary", ctx.attr.summary)
    args.add("--readme", ctx.file.readme)
    args.add_all(ctx.files.locks, before_each = "--lock")
    args.add("--requires-python", ctx.attr.requires_python)
    args.add("--license-file", ctx.file.license)
    args.add("--sbom", sbom)
    args.add_all(_requirements(ctx), before_each = "--require")
    for name, function in ctx.attr.console_scripts.items():
        args.add("--script", name + "=" + function)
    for file in ctx.files.srcs:
        if not file.short_path.startswith(root):
            fail("%s is not in //%s" % (file.short_path, ctx.label.package))
        args.add("--file", file.short_path[len(root):] + "=" + file.path)
    ctx.actions.run(
        executable = ctx.executable._make_wheel,
        arguments = [args],
        inputs = ctx.files.srcs + [ctx.file.license, ctx.file.readme, sbom] + ctx.files.locks,
        outputs = [out],
        mnemonic = "PyWheel",
        progress_message = "Making %s" % out.basename,
    )
    return [
        DefaultInfo(
            files = depset([out]),
            runfiles = ctx.runfiles(files = [out]),
        ),
        OutputGroupInfo(sbom = depset([sbom])),
    ]

wheel = rule(
    doc = "DISTRIBUTION-VERSION-py3-none-any.whl, of pure Python.",
    implementation = _impl,
    attrs = {
        "carried": attr.string_list(
            doc = "What is in the wheel though not of this tree: PACKAGE=LICENSE=DESCRIPTION.",
        ),
        "console_scripts": attr.string_dict(doc = "Commands: NAME to MODULE:FUNCTION."),
        "distribution": attr.string(mandatory = True),
        "extras": attr.string_list_dict(doc = "Packages needed for an extra, by its name."),
        "license": attr.label(
            allow_single_file = True,
            mandatory = True,
        ),
        "locks": attr.label_list(
            allow_files = True,
            doc = "pip-compile's output: the versions there are the least that are required.",
            mandatory = True,
        ),
        "readme": attr.label(
            allow_single_file = [".md"],
            mandatory = True,
        ),
        "requires": attr.string_list(doc = "Packages needed always."),
        "requires_python": attr.string(default = ">=3.11"),
        "srcs": attr.label_list(
            allow_files = True,
            doc = "Files of this package, which is left out of their names.",
        ),
        "summary": attr.string(mandatory = True),
        "version": attr.string(mandatory = True),
        "_make_wheel": attr.label(
            cfg = "exec",
            default = "//python:make_wheel",
            executable = True,
        ),
        "_wheel_sbom": attr.label(
            cfg = "exec",
            default = "//third_party/sbom:wheel_sbom",
            executable = True,
        ),
    },
)
