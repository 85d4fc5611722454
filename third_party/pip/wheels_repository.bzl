"""Wheels as they were published, not installed."""

_BUILD = """
filegroup(
    name = "wheels",
    srcs = glob(["*.whl"]),
    visibility = ["//visibility:public"],
)
"""

def _requirement(lock, package):
    """Returns a package's lines of the lock: its version, and the hashes below it."""
    lines = lock.splitlines()
    for start in range(len(lines)):
        if lines[start].startswith(package + "=="):
            found = [lines[start]]
            for line in lines[start + 1:]:
                if not line.strip().startswith("--hash="):
                    break
                found.append(line)
            return "\n".join(found).rstrip(" \\") + "\n"
    fail("%s is not in the lock" % package)

def _run(ctx, arguments):
    result = ctx.execute(arguments, timeout = 600)
    if result.return_code:
        fail("%s\n%s%s" % (" ".join([str(a) for a in arguments]), result.stdout, result.stderr))

def _impl(ctx):
    lock = ctx.read(ctx.attr.requirements)
    ctx.file("requirements.txt", "".join([_requirement(lock, name) for name in ctx.attr.packages]))
    python = ctx.os.environ.get("BAZEL_PYTHON") or ctx.which("python3")

    # A virtual environment of its own brings pip where the system has none.
    _run(ctx, [python, "-m", "venv", "pip-venv"])
    _run(ctx, [
        "pip-venv/bin/python",
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
        "--disable-pip-version-check",
        "-r",
        "requirements.txt",
    ])
    ctx.delete("pip-venv")
    ctx.file("BUILD", _BUILD)

wheels_repository = repository_rule(
    doc = """Downloads the wheels of `packages` as the lock `requirements` has them, and leaves them closed.

For files that administrators and their tools amend where they are installed, as they do with certifi's list of
certificate authorities: what is handed to others must have them as their makers published them.""",
    implementation = _impl,
    attrs = {
        "packages": attr.string_list(mandatory = True),
        "requirements": attr.label(
            allow_single_file = True,
            mandatory = True,
        ),
    },
    environ = ["BAZEL_PYTHON"],
)
