"""docs/your-own-model.md, done to the letter."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from e2e.programs import TRILHO, runfile
from e2e.server_process import ServerProcess

PAGE = "docs/your-own-model.md"
BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SERVER = "trilho_server "
# What ends with 1, as the page says: the change breaks clients.
ENDS_WITH_1 = "trilho contract diff"


@dataclass
class Step:
    """Commands, and the lines that the page shows of their output."""

    commands: list[str]
    lines: list[str]


def steps() -> list[Step]:
    result: list[Step] = []
    for kind, text in BLOCK.findall(runfile(PAGE).read_text(encoding="utf-8")):
        if kind == "sh":
            result.append(Step(text.splitlines(), []))
        else:
            result[-1].lines += text.splitlines()
    return result


def write_program(path: Path, command: str) -> None:
    path.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
    path.chmod(0o755)


class Shell:
    """Runs the page's commands, in the folder where they have led to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "work"
        self.folder.mkdir()
        programs = folder / "bin"
        programs.mkdir()
        write_program(programs / "trilho", str(runfile(TRILHO)))
        write_program(programs / "python", sys.executable)
        self.environment = {
            **os.environ,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(sys.path),
        }

    def run(self, command: str) -> str:
        done = subprocess.run(
            ["bash", "-c", f"{command}\ncode=$?; pwd >&2; exit $code"],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            check=False,
            text=True,
            timeout=240,
        )
        expected = 1 if command.startswith(ENDS_WITH_1) else 0
        assert done.returncode == expected, f"{command}\n{done.stdout}{done.stderr}"
        self.folder = Path(done.stderr.splitlines()[-1])
        return done.stdout


def as_pattern(line: str) -> str:
    return ".*".join(re.escape(part) for part in line.split("..."))


def test_the_page_says_what_happens(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    todo = steps()
    assert len(todo) > 5, f"{PAGE} has no commands in ```sh"
    before, (start, *after) = split_at_server(todo)
    for step in before:
        do(shell, step)
    flags = server_flags(shell, start)
    with ServerProcess(*flags, "--rest_api_port=-1") as server:
        ports = {"8500": str(server.port), "8501": str(server.http_port())}
        for step in after:
            do(shell, step, ports)


def split_at_server(todo: list[Step]) -> tuple[list[Step], list[Step]]:
    (index,) = (index for index, step in enumerate(todo) if step.commands[-1].startswith(SERVER))
    before = Step(todo[index].commands[:-1], [])
    start = Step(todo[index].commands[-1:], [])
    return [*todo[:index], before], [start, *todo[index + 1 :]]


def server_flags(shell: Shell, start: Step) -> list[str]:
    (command,) = start.commands
    assert command.endswith(" &")
    words = command.removesuffix(" &").replace("$PWD", str(shell.folder)).split()[1:]
    words = [re.sub(r"^(--contracts=)", rf"\1{shell.folder}/", word) for word in words]
    return [word for word in words if not word.startswith(("--port=", "--rest_api_port="))]


def do(shell: Shell, step: Step, ports: dict[str, str] | None = None) -> None:
    output = ""
    for command in step.commands:
        for shown, real in (ports or {}).items():
            command = command.replace(shown, real)  # noqa: PLW2901 - the same command
        output += shell.run(command)
    for line in step.lines:
        assert re.search(as_pattern(line), output), f"{line!r} is not in\n{output}"
