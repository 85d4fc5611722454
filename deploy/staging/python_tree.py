"""Python itself, and its standard library."""

from __future__ import annotations

import re
from pathlib import Path

from deploy.staging.debian import PYTHON_LIBRARIES, Packages, stage_libraries, stage_locale
from deploy.staging.parts import EXECUTABLE, Part, Tree

PROGRAM = "libexec/python3.11"
STDLIB = "lib/python3.11"

_PACKAGES = ("libpython3.11-minimal", "libpython3.11-stdlib", "python3.11-venv")
_WHEELS = ("python3-pip-whl", "python3-setuptools-whl")

# Files of the standard library that are left out.
_LEFT_OUT = re.compile(
    r"""
    sitecustomize\.py$                                # reads /etc of the host
    | (test|idlelib|turtledemo|lib2to3/tests)/
    | lib-dynload/readline\.                          # GPL-3, by the library that it needs
    | lib-dynload/(_dbm|nis|ossaudiodev)\.            # need what is not carried
    | lib-dynload/(_test|_xxtest|_ctypes_test|xxlimited)
    """,
    re.VERBOSE,
)

# ensurepip looks for pip in a folder of the host, and is switched off outside virtual environments.
_ENSUREPIP = f"{STDLIB}/ensurepip/__init__.py"
_ENSUREPIP_HOST = "_WHEEL_PKG_DIR = sysconfig.get_config_var('WHEEL_PKG_DIR')"
_ENSUREPIP_OURS = "_WHEEL_PKG_DIR = os.path.join(os.path.dirname(__file__), '_bundled')"


def stage_python(tree: Tree, packages: Packages) -> None:
    """Copies the interpreter, its library, what both need, and pip for venv."""
    stage_libraries(tree, packages, PYTHON_LIBRARIES)
    stage_locale(tree, packages)
    program = tree.add_part(packages.part("python3.11-minimal"))
    tree.copy(packages.find(program.name, "usr/bin/python3.11"), PROGRAM, program, EXECUTABLE)
    for name in _PACKAGES:
        _stage_library(tree, packages, tree.add_part(packages.part(name)))
    for name in _WHEELS:
        part = tree.add_part(packages.part(name))
        for wheel in sorted((packages.folder(name) / "usr/share/python-wheels").glob("*.whl")):
            file = f"{STDLIB}/ensurepip/_bundled/{wheel.name}"
            tree.copy(wheel, file, part)
            part.bundled.append(file)
    _point_ensurepip_here(tree.path(_ENSUREPIP))


def _stage_library(tree: Tree, packages: Packages, part: Part) -> None:
    folder = packages.folder(part.name) / "usr/lib/python3.11"
    for file in sorted(folder.rglob("*")):
        name = str(file.relative_to(folder))
        if _LEFT_OUT.match(name) or file.is_dir() or "__pycache__" in name:
            continue
        if file.is_symlink():
            # To a file beside it, maybe of another of the packages.
            tree.link(f"{STDLIB}/{name}", str(file.readlink()), part)
        else:
            tree.copy(file, f"{STDLIB}/{name}", part)


def _point_ensurepip_here(file: Path) -> None:
    text = file.read_text()
    if text.count(_ENSUREPIP_HOST) != 1:
        raise ValueError(
            f"{file} has no line {_ENSUREPIP_HOST!r}: follow what Debian changed there"
        )
    file.write_text(text.replace(_ENSUREPIP_HOST, _ENSUREPIP_OURS))
