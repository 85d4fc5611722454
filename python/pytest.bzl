"""Tests that pytest runs."""

load("@pip//:requirements.bzl", "requirement")
load("@rules_python//python:defs.bzl", "py_test")

def test_name(file):
    """Names the test of a file: client_test for trilho/client/client_test.py, else cli_main_test.

    Args:
      file: its path below this package.

    Returns:
      The target's name.
    """
    parts = file[len("trilho/"):-len(".py")].split("/")
    if len(parts) > 1 and parts[-1].startswith(parts[-2] + "_"):
        parts.pop(-2)
    return "_".join(parts)

def pytest_test(name, srcs, deps = [], args = [], **kwargs):
    """A py_test whose test functions are found by pytest.

    `--test_filter` becomes pytest's -k.

    Args:
      name: the test.
      srcs: files with tests, all of them run in one process.
      deps: what they import, besides pytest.
      args: further words for pytest.
      **kwargs: passed on to py_test.
    """
    py_test(
        name = name,
        srcs = srcs + ["//python:pytest_main.py"],
        args = ["$(rootpath %s)" % src for src in srcs] + args,
        main = "//python:pytest_main.py",
        deps = deps + [requirement("pytest")],
        **kwargs
    )
