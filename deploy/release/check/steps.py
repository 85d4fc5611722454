"""Steps of a check: each says what it does, to which artifact, and how long it took."""

import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

__all__ = ["CheckError", "Steps"]

# Lines of a failed program's output that tell enough.
_TAIL = 40


class CheckError(Exception):
    """A step failed; the message names the artifact, the step and what came of it."""


class Steps:
    """Prints steps as they are done, and what they took at the end.

    Attributes:
        log: Where the output of all programs goes.
    """

    def __init__(self, log: Path) -> None:
        self.log = log
        self._taken: list[tuple[str, str, float]] = []
        self._current = ("", "")

    @contextmanager
    def step(self, artifact: str, title: str) -> Iterator[None]:
        """Does a step.

        Args:
            artifact: The file that it tries.
            title: What it does, as a sentence without an end.

        Raises:
            CheckError: The block raised ValueError or OSError.
        """
        print(f"{artifact}: {title}", flush=True)
        self._current = (artifact, title)
        start = time.monotonic()
        try:
            yield
        except (OSError, ValueError) as error:
            raise CheckError(f"{artifact}: {title}: {error}") from error
        seconds = time.monotonic() - start
        self._taken.append((artifact, title, seconds))
        print(f"  {seconds:.1f} s", flush=True)

    def run(
        self, *command: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> str:
        """Runs a program of the current step.

        Args:
            *command: Its command line.
            cwd: Where it runs.
            env: Its whole environment; by default that of this process.

        Returns:
            What it wrote.

        Raises:
            CheckError: It could not be run or ended with another code than 0.
        """
        words = [str(word) for word in command]
        artifact, title = self._current
        try:
            done = subprocess.run(
                words,
                check=False,
                cwd=cwd,
                env=None if env is None else dict(env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
        except OSError as error:
            raise CheckError(f"{artifact}: {title}: {words[0]}: {error}") from error
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(words)}\n{done.stdout}")
        if done.returncode:
            tail = "\n".join(done.stdout.splitlines()[-_TAIL:])
            raise CheckError(
                f"{artifact}: {title}: {Path(words[0]).name} ended with {done.returncode}:\n{tail}"
            )
        return done.stdout

    def table(self) -> str:
        """Returns what has been done, a line a step, with its seconds."""
        return "\n".join(
            f"{seconds:7.1f} s  {name}: {title}" for name, title, seconds in self._taken
        )
