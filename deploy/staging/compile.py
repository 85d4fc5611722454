"""Compiles a tree's Python files, run by the tree's own Python: `compile.py TOP COUNT INDEX`.

The bytes depend on the sources alone: no times (a file is never checked against its source), no
folder (names inside start at the top), no hash seed, and a fixed order, since a process writes
constants that it has met before differently.
"""

import os
import py_compile
import sys
from pathlib import Path


def main(top: Path, count: int, index: int) -> None:
    """Compiles each COUNT-th file."""
    if sys.flags.hash_randomization or os.environ.get("PYTHONHASHSEED") != "0":
        sys.exit("compile.py: needs PYTHONHASHSEED=0")
    files = sorted(
        top.joinpath("lib").rglob("*.py"), key=lambda path: path.relative_to(top).as_posix()
    )
    for file in files[index::count]:
        py_compile.compile(
            str(file),
            dfile=file.relative_to(top).as_posix(),
            doraise=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
