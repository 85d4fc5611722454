"""The rule that makes a staged tree, as a tar."""

def _impl(ctx):
    out = ctx.actions.declare_file("trilho-%s.tar" % ctx.attr.profile)
    args = ctx.actions.args()
    args.add(ctx.attr.profile, format = "--profile=%s")
    args.add(out, format = "--output=%s")
    args.add(ctx.file._version, format = "--version=%s")
    args.add(ctx.file._licence, format = "--licence=%s")
    args.add(ctx.file._site_packages, format = "--site-packages=%s")
    args.add(ctx.file._debian.dirname, format = "--debian=%s")
    inputs = [ctx.file._version, ctx.file._licence, ctx.file._site_packages, ctx.file._debian, ctx.file._debian_packages]
    if ctx.files.wheels:
        args.add_all(ctx.files.wheels, format_each = "--wheel=%s")
        args.add(ctx.file._extra, format = "--extra=%s")
        inputs += ctx.files.wheels + [ctx.file._extra]
    if ctx.file.server:
        args.add(ctx.file.server, format = "--server=%s")
        args.add(ctx.file._static.dirname, format = "--static=%s")
        inputs += [ctx.file.server, ctx.file._static, ctx.file._static_packages]
    ctx.actions.run(
        executable = ctx.executable._stage,
        arguments = [args],
        inputs = inputs,
        outputs = [out],
        # @pip's packages are one folder, which a sandbox shows as a link out of it; a gigabyte is
        # made faster than it is taken from a cache.
        execution_requirements = {
            "no-cache": "1",
            "no-remote": "1",
            "no-sandbox": "1",
            # For pip, if there are extra packages.
            "requires-network": "1",
        },
        # PATH, for strip and readelf; and what --action_env lets through, for pip.
        use_default_shell_env = True,
        mnemonic = "StageTree",
        progress_message = "Staging %s" % out.basename,
    )
    return [DefaultInfo(files = depset([out]))]

def _file(label, **kwargs):
    return attr.label(
        default = label,
        allow_single_file = True,
        **kwargs
    )

staged_tree = rule(
    doc = "trilho-PROFILE.tar: all that a profile needs, its own C library included.",
    implementation = _impl,
    attrs = {
        "profile": attr.string(
            mandatory = True,
            values = ["core", "full", "server"],
        ),
        "server": attr.label(
            doc = "The program trilho_server, for profiles that have it.",
            allow_single_file = True,
        ),
        "wheels": attr.label_list(
            doc = "Our own package, and wheels to take instead of what @pip has installed.",
            allow_files = [".whl"],
        ),
        "_debian": _file("@debian_runtime//:packages.tsv"),
        "_debian_packages": _file("@debian_runtime//:packages"),
        "_extra": _file(":extra"),
        "_licence": _file("//:LICENSE"),
        "_site_packages": _file("@pip//:site-packages"),
        "_stage": attr.label(
            cfg = "exec",
            default = ":stage",
            executable = True,
        ),
        "_static": _file("@debian_static//:packages.tsv"),
        "_static_packages": _file("@debian_static//:packages"),
        "_version": _file("//:version.bzl"),
    },
)
