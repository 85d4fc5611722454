"""Programs out of Go modules, built by the go command."""

_BUILD = """
package(default_visibility = ["//visibility:public"])

exports_files([{programs}])
"""

# What a user's environment says of the module proxy holds; what it says of the build does not.
_ENVIRONMENT = {
    "CGO_ENABLED": "0",
    "GOTOOLCHAIN": "local",
    "GOWORK": "off",
}

def _go(ctx, go, arguments):
    result = ctx.execute(
        [go] + arguments,
        timeout = 1800,
        environment = _ENVIRONMENT,
        working_directory = "module",
    )
    if result.return_code:
        fail("go %s\n%s%s" % (" ".join(arguments), result.stdout, result.stderr))
    return result.stdout

def _impl(ctx):
    # Debian's, which the pins are chosen for, even where another one comes first in PATH.
    debian = ctx.path("/usr/bin/go")
    go = debian if debian.exists else ctx.which("go")
    if not go:
        fail("no go on PATH: install Debian's package golang-go")
    for file in (ctx.attr.go_mod, ctx.attr.go_sum, ctx.attr.tools):
        ctx.symlink(file, "module/" + file.name)
    imports = ["list", "-mod=readonly", "-tags=tools", "-f={{join .Imports \"\\n\"}}"]
    packages = _go(ctx, go, imports).strip().split("\n")
    ctx.report_progress("go build " + " ".join(packages))

    # go.sum has the hash of every module; -mod=readonly refuses what it does not name.
    _go(ctx, go, ["build", "-mod=readonly", "-trimpath", "-ldflags=-s -w", "-o=%s/" % ctx.path(".")] + packages)
    programs = [package.rpartition("/")[2] for package in packages]
    ctx.file("BUILD", _BUILD.format(programs = ", ".join([repr(name) for name in programs])))

go_repository = repository_rule(
    doc = """Builds the main packages that `tools` imports; `@NAME//:PROGRAM` is one of them.

Modules come from where the go command is told to take them (`go env GOPROXY`), into its own caches.""",
    implementation = _impl,
    attrs = {
        "go_mod": attr.label(
            allow_single_file = True,
            mandatory = True,
        ),
        "go_sum": attr.label(
            allow_single_file = True,
            mandatory = True,
        ),
        "tools": attr.label(
            doc = "A Go file of the build tag `tools`, which imports the programs' packages.",
            allow_single_file = True,
            mandatory = True,
        ),
    },
    environ = [
        "GOENV",
        "GOFLAGS",
        "GONOSUMDB",
        "GOPRIVATE",
        "GOPROXY",
        "GOSUMDB",
    ],
)
