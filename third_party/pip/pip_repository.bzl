"""One pip install of a hash-locked requirements file, as Python targets."""

_PYTHON = (3, 11)

_BUILD = """
load("@bazel_tools//tools/python:toolchain.bzl", "py_runtime_pair")
load("@rules_python//python:defs.bzl", "py_library", "py_runtime")

package(default_visibility = ["//visibility:public"])

exports_files(["BUILD", "site-packages"])

# The folder is one source artifact: one symlink in a program's runfiles
# instead of thirty thousand.
py_library(
    name = "site_packages",
    data = ["site-packages"],
    imports = ["site-packages"],
)

py_runtime(
    name = "runtime",
    interpreter_path = "{python}",
    python_version = "PY3",
    stub_shebang = "#!/usr/bin/env python3",
)

py_runtime_pair(
    name = "runtime_pair",
    py3_runtime = ":runtime",
)

toolchain(
    name = "python_toolchain",
    toolchain = ":runtime_pair",
    toolchain_type = "@bazel_tools//tools/python:toolchain_type",
)
"""

_PACKAGE_BUILD = """
load("@rules_python//python:defs.bzl", "py_library")

py_library(
    name = "pkg",
    visibility = ["//visibility:public"],
    deps = ["//:site_packages"],
)
"""

_REQUIREMENTS_BZL = """
def requirement(name):
    return "@{repository}//%s:pkg" % name.lower().replace("-", "_").replace(".", "_")
"""

def _run(ctx, arguments, quiet = True, environment = {}):
    result = ctx.execute(arguments, timeout = 3600, quiet = quiet, environment = environment)
    if result.return_code:
        fail("%s\n%s%s" % (" ".join([str(a) for a in arguments]), result.stdout, result.stderr))
    return result.stdout.strip()

def _interpreter(ctx):
    """The real path of the interpreter: actions do not see PATH as the user does."""
    python = ctx.os.environ.get("BAZEL_PYTHON") or ctx.which("python3")
    if not python:
        fail("no python3 on PATH: install Python %d.%d or set BAZEL_PYTHON" % _PYTHON)
    out = _run(ctx, [python, "-c", "import os, sys; print(os.path.realpath(sys.executable), *sys.version_info[:2])"]).split(" ")
    if (int(out[1]), int(out[2])) != _PYTHON:
        fail("%s is Python %s.%s; the locked packages are for %d.%d: set BAZEL_PYTHON" % ((python, out[1], out[2]) + _PYTHON))
    return out[0]

def _names(lock):
    lines = [line for line in lock.splitlines() if "==" in line and line[0].isalpha()]
    return sorted([line.split("==")[0].strip().lower().replace("-", "_").replace(".", "_") for line in lines])

def _impl(ctx):
    python = _interpreter(ctx)
    lock = ctx.path(ctx.attr.requirements)

    # A virtual environment of its own brings pip where the system has none.
    _run(ctx, [python, "-m", "venv", "pip-venv"])
    ctx.report_progress("pip install of the locked packages")
    environment = {}
    sources = []
    if ctx.attr.sources:
        # pip builds a package in an environment of its own: with setuptools as it is locked for the tools.
        locked = [line.split(" ")[0] for line in ctx.read(ctx.attr.build_requirements).splitlines() if "==" in line]
        ctx.file("constraints.txt", "\n".join([line for line in locked if line[0].isalpha()]))
        environment = {"PIP_CONSTRAINT": str(ctx.path("constraints.txt"))}
        sources = ["--no-binary=" + ",".join(ctx.attr.sources)]
    _run(ctx, [
        "pip-venv/bin/python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
    ] + sources + [
        "--no-warn-script-location",
        "--disable-pip-version-check",
        "--root-user-action=ignore",
        "--target",
        "site-packages",
        "-r",
        lock,
    ], quiet = False, environment = environment)
    ctx.delete("pip-venv")

    ctx.file("BUILD", _BUILD.format(python = python))
    ctx.file("requirements.bzl", _REQUIREMENTS_BZL.format(repository = ctx.name))
    for name in _names(ctx.read(lock)):
        ctx.file(name + "/BUILD", _PACKAGE_BUILD)

pip_repository = repository_rule(
    doc = """Installs `requirements` with pip, checking every hash.

`@NAME//:requirements.bzl` gives `requirement("package-name")`; every such
target brings the whole folder, since the lock is one consistent set.""",
    implementation = _impl,
    attrs = {
        "build_requirements": attr.label(
            doc = "Pins what `sources` are built with.",
            allow_single_file = True,
        ),
        "requirements": attr.label(
            allow_single_file = True,
            mandatory = True,
        ),
        "sources": attr.string_list(
            doc = "Packages that have no wheel; the others are never built.",
        ),
    },
    environ = ["BAZEL_PYTHON"],
)
