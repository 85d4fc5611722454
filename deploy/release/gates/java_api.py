"""Compares what the client jar offers with the last release's, by japicmp."""

import os
import re
import subprocess
import tempfile
import zipfile
from pathlib import Path

__all__ = ["breaks"]

# Packages that are ours; the others in the jar are TensorFlow's, and change with TensorFlow.
_PACKAGE = "io.trilho"
# Marks that japicmp puts before a change that programs (!) or sources (*) do not survive.
_MARKED = re.compile(r"[-+*=]{3}[!*] ")
_MARK_WIDTH = 4
_REMOVED = "---"


def breaks(old: Path, new: Path, *, japicmp: Path, classpath: Path) -> list[str]:
    """Lists what programs and sources that use the old jar lose with the new one.

    Args:
        old: The last release's bundle.
        new: The new one.
        japicmp: The folder of its jars.
        classpath: The folder of the jars that the client needs.

    Returns:
        A line a break.

    Raises:
        ValueError: japicmp failed, or a bundle has no jar.
    """
    with tempfile.TemporaryDirectory(prefix="trilho-gate-") as temporary:
        folder = Path(temporary)
        jars = [_jar(bundle, folder / name) for bundle, name in ((old, "old"), (new, "new"))]
        needed = os.pathsep.join(str(jar) for jar in sorted(classpath.glob("*.jar")))
        command = [
            *("java", "-cp", f"{japicmp}/*", "japicmp.JApiCmp"),
            *("--old", str(jars[0]), "--new", str(jars[1]), "-a", "protected"),
            *("--only-modified", "--include", _PACKAGE),
            *("--old-classpath", needed, "--new-classpath", needed),
        ]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise ValueError(f"japicmp ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return _incompatible(done.stdout)


def _incompatible(report: str) -> list[str]:
    """Picks the marked lines: members' behind their class, a class's if it is gone or alone."""
    found: list[str] = []
    for block in re.split(r"\n(?!\t)", report):
        header, *members = block.splitlines() or [""]
        name = header[_MARK_WIDTH:].strip()
        marked = [line.strip() for line in members if _MARKED.match(line.strip())]
        if marked and not header.startswith(_REMOVED):
            found += [f"{name}: {line[_MARK_WIDTH:].strip()}" for line in marked]
        elif _MARKED.match(header):
            found.append(name)
    return found


def _jar(bundle: Path, folder: Path) -> Path:
    with zipfile.ZipFile(bundle) as archive:
        ends = ("-sources.jar", "-javadoc.jar")
        found = [
            name for name in archive.namelist() if name.endswith(".jar") and not name.endswith(ends)
        ]
        if len(found) != 1:
            raise ValueError(f"{bundle}: expected one jar of classes, found {found}")
        return Path(archive.extract(found[0], folder))
