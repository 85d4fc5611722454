"""A team's own packages, added when a tree is built."""

from __future__ import annotations

import subprocess
from pathlib import Path

from deploy.staging.parts import Part, Tree
from deploy.staging.python_tree import STDLIB
from deploy.staging.wheels import DIST_PACKAGES, EXTRA, Site, stage_distributions

# Read by Python's site module, relative to the folder it lies in.
_PTH = "../extra\n"
# Runs pip out of its wheel, whose path is the first argument.
_PIP = """\
import sys
sys.path.insert(0, sys.argv.pop(1))
from pip._internal.cli.main import main
sys.exit(main())
"""


def asks_for_anything(requirements: Path) -> bool:
    """Returns whether there is more than comments in a requirements file."""
    lines = (line.strip() for line in requirements.read_text().splitlines())
    return any(line and not line.startswith("#") for line in lines)


def stage_extra(tree: Tree, requirements: Path, work: Path) -> None:
    """Installs what a requirements file pins, by the tree's own Python and pip.

    Each requirement has a version and its hashes, and comes as a wheel. A package that the tree has
    must be pinned to the tree's version, and is not carried twice.
    """
    (pip,) = tree.path(f"{STDLIB}/ensurepip/_bundled").glob("pip-*.whl")
    command = [
        str(tree.path("bin/python")),
        # pip as it lies in its wheel: the tree has it for virtual environments alone.
        *("-c", _PIP, str(pip)),
        *("install", "--quiet", "--require-hashes", "--only-binary=:all:", "--no-compile"),
        *("--disable-pip-version-check", "--no-warn-script-location", "--root-user-action=ignore"),
        *("--target", str(work), "--requirement", str(requirements.absolute())),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"pip could not install {requirements}:\n{done.stdout}{done.stderr}")
    site = Site(work)
    new = []
    for name in site.names:
        version = site.get(name).version
        there = tree.parts.get(f"wheel:{name}")
        if there and there.version != version:
            raise ValueError(
                f"{requirements} has {name} {version}, the tree {there.version}: pin that version"
            )
        if not there:
            new.append(name)
    # No profile: of what a team asks for nothing is left out.
    stage_distributions(tree, site, new, profile="", place=EXTRA)
    tree.write(f"{DIST_PACKAGES}/extra.pth", _PTH, _owner(tree))


def _owner(tree: Tree) -> Part:
    return tree.parts["ours:trilho-staging"]
