"""Copies a gathered release to where people look for it: aside first, verified, then renamed.

A folder that is there already is replaced if it is a release; its files and signatures go.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

from deploy.release import sums

__all__ = ["copy"]

_PROGRAMS = (".sh",)


def copy(source: Path, target: Path) -> list[str]:
    """Copies a release.

    Args:
        source: The folder that Bazel made.
        target: The folder to be.

    Returns:
        The names of its files, in the order of SHA256SUMS, with that at the end.

    Raises:
        ValueError: The source is damaged, or the target is something else than a release.
    """
    names = [*sums.check(source), sums.NAME]
    if target.is_symlink() or (target.exists() and not _replaceable(target)):
        raise ValueError(f"{target} is no release and is not replaced: move it away")
    part = target.with_name(f".{target.name}.{os.getpid()}.new")
    old = target.with_name(f".{target.name}.{os.getpid()}.old")
    try:
        part.mkdir(mode=0o755)
        part.chmod(0o755)
        for name in names:
            shutil.copyfile(source / name, part / name)
            (part / name).chmod(0o755 if name.endswith(_PROGRAMS) else 0o644)
        sums.check(part)
        if target.exists():
            target.rename(old)
        part.rename(target)
    except BaseException:
        if old.exists() and not target.exists():
            old.rename(target)
        raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
        if target.exists():
            shutil.rmtree(old, ignore_errors=True)
    return names


def _replaceable(target: Path) -> bool:
    return target.is_dir() and ((target / sums.NAME).is_file() or not any(target.iterdir()))


def main() -> int:
    """Reads the command line and copies.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    args = parser.parse_args()
    try:
        names = copy(args.source, args.target)
    except (OSError, ValueError) as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    for name in names:
        print(f"{(args.target / name).stat().st_size:12,}  {args.target / name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
