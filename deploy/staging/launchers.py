"""The programs in bin/, and what they start."""

from __future__ import annotations

from pathlib import Path

from deploy.staging.debian import LOADER, NATIVE
from deploy.staging.parts import EXECUTABLE, Part, Tree
from deploy.staging.profiles import Profile

_TEMPLATES = Path(__file__).parent
# Python's part of each command: the function that its distribution names as the command's entry
# point.
_FUNCTIONS = {
    "tensorboard": ("tensorboard.main", "run_main"),
    "trilho": ("trilho.cli.main", "main"),
}
_SCRIPT = """\
import sys

from {module} import {function}

if __name__ == "__main__":
    sys.exit({function}())
"""


def stage_launchers(tree: Tree, profile: Profile, part: Part) -> None:
    """Writes bin/, and the scripts in libexec/ that Python runs."""
    template = (_TEMPLATES / "launcher.sh").read_text()

    def launcher(name: str, program: str) -> None:
        text = template.replace("@PROGRAM@", program).replace("@TENSORFLOW@", profile.tensorflow)
        tree.write(f"bin/{name}", text, part, EXECUTABLE)
        tree.link(f"libexec/loader/{name}", f"../../{NATIVE}/{LOADER}", part)

    if profile.python:
        launcher("python", "python")
        tree.link("bin/python3", "python", part)
        tree.copy(_TEMPLATES / "activate.sh", "bin/activate", part)
    for command in profile.commands:
        if command == "trilho_server":
            launcher(command, "server")
            continue
        module, function = _FUNCTIONS[command]
        tree.write(f"libexec/{command}", _SCRIPT.format(module=module, function=function), part)
        launcher(command, command)
