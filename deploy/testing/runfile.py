"""Where Bazel has put the files of a test."""

from pathlib import Path

from runfiles import Runfiles

__all__ = ["runfile"]


def runfile(path: str) -> Path:
    """Finds a file that the test names in its `data`, by its path in the workspace."""
    runfiles = Runfiles.Create()
    found = runfiles and runfiles.Rlocation(f"trilho/{path}")
    assert found, f"no runfiles to find {path} in: run the test by Bazel"
    assert Path(found).exists(), f"{path} is not in the test's data"
    return Path(found)
