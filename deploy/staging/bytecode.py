"""Byte code beside the sources: installing is unpacking, and a read-only tree starts as fast."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

from deploy.staging.parts import Tree

# Part of what decides the bytes: not how many processors the machine has.
_PROCESSES = 2
_SCRIPT = Path(__file__).parent / "compile.py"


def compile_tree(tree: Tree) -> None:
    """Compiles all Python files and registers the results with the files they came from."""
    sources = [name for name in tree.owners if name.startswith("lib/") and name.endswith(".py")]

    def run(index: int) -> None:
        command = [str(tree.path("bin/python")), "-P", str(_SCRIPT)]
        done = subprocess.run(
            [*command, str(tree.top), str(_PROCESSES), str(index)],
            capture_output=True,
            text=True,
            check=False,
            env={"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "PATH": "/usr/bin:/bin"},
        )
        if done.returncode:
            raise RuntimeError(f"compiling Python files failed:\n{done.stderr}")

    with ThreadPoolExecutor(_PROCESSES) as pool:
        list(pool.map(run, range(_PROCESSES)))
    for name in sources:
        source = PurePosixPath(name)
        compiled = f"{source.parent}/__pycache__/{source.stem}.cpython-311.pyc"
        if not tree.path(compiled).is_file():
            raise RuntimeError(f"{name} was not compiled")
        tree.adopt(compiled, tree.owners[name])
