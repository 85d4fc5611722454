"""Tries the artifacts of a gathered release as a stranger would, from their files alone.

Examples:
  ./dev release                           first: it makes dist/
  ./dev release_check                     all of it
  ./dev release_check --only files        hashes, bills of materials, the Maven bundle: seconds
  ./dev release_check --dist ~/trilho-0.1.0 --only rail --keep

Parts:
  files  hashes, bills of materials against CycloneDX's schema, what a Maven repository demands
  rail   the wheel with pip, the server from its tarball, the jar in a Maven project: trains,
         serves, queries; some minutes and 3 GB, asks the package index and Maven's repository
  roots  installers, packages and tarball in bare root folders: the Bazel tests with the tag
         release_check; needs root. These build the artifacts that they try.

Exit codes: 0 all is well, 1 a step failed (the last line names the artifact), 2 wrong usage, 130
after Ctrl-C.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from deploy.release.check.bundle import check_bundle
from deploy.release.check.files import (
    check_bill,
    check_listed,
    check_schema,
    version_of,
)
from deploy.release.check.rail import check_rail
from deploy.release.check.roots import check_roots
from deploy.release.check.steps import CheckError, Steps

__all__ = ["main"]

PARTS = ("files", "rail", "roots")


def _check_files(steps: Steps, dist: Path, version: str) -> None:
    with steps.step(dist.name, "comparing all hashes"):
        names = check_listed(dist)
    bill = f"trilho-{version}.cdx.json"
    with steps.step(bill, "validating by CycloneDX's schema"):
        check_schema(bill, (dist / bill).read_text())
    for name in names:
        if name.endswith((".whl", "-bundle.zip")):
            with steps.step(name, "validating its bill of materials by CycloneDX's schema"):
                check_bill(dist / name)
        if name.endswith("-bundle.zip"):
            with steps.step(name, "looking for what a central repository demands"):
                check_bundle(dist / name)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./dev release_check",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--dist", type=Path, default=Path("dist"), help="the release (%(default)s)")
    parser.add_argument(
        "--only",
        choices=PARTS,
        action="append",
        metavar="PART",
        help=f"one of {', '.join(PARTS)}; may be repeated",
    )
    parser.add_argument("--keep", action="store_true", help="leave the folder of work, and name it")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Reads the command line and checks.

    Args:
        arguments: Words of the command line; by default those of this process.

    Returns:
        The exit code.
    """
    args = _parser().parse_args(arguments)
    parts = args.only or PARTS
    folder = Path(tempfile.mkdtemp(prefix="trilho-release-check-"))
    steps = Steps(folder / "log")
    keep = args.keep
    try:
        dist = args.dist.resolve(strict=True)
        version = version_of(dist)
        if "files" in parts:
            _check_files(steps, dist, version)
        if "rail" in parts:
            check_rail(steps, dist, version, folder)
        if "roots" in parts:
            check_roots(steps)
    except (CheckError, ValueError, OSError) as error:
        keep = True
        print(f"release_check: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    else:
        print(f"\n{steps.table()}\nAll of {dist.name} ({', '.join(parts)}) is well.")
        return 0
    finally:
        if keep:
            print(f"What was done is in {folder}, the programs' output in its log", file=sys.stderr)
        else:
            shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
