"""Compares a release with the last one, and refuses breaks that its version does not announce.

Examples:
  ./dev api_gates ~/releases/0.1.0              with what is built now
  ./dev api_gates ~/releases/0.1.0 --new dist   with a gathered release

What is compared:
  Java        io.trilho in the client jar, by japicmp: programs and sources that use it
  Python      trilho.client, .contract, .errors, .export, .training in the wheel, by griffe
  contracts   each descriptor set, by `trilho contract diff`: clients and models

Breaks are allowed when the first number of the version rose, or, below 1.0.0, the second one.

Exit codes: 0 no break, or breaks that the version announces; 1 other breaks; 2 wrong usage, or a
release that is not one; 130 after Ctrl-C.
"""

import argparse
import sys
from pathlib import Path

from deploy.release.gates import contracts_api, java_api, python_api, versions

__all__ = ["main"]


def _one(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise ValueError(f"{folder}: expected one {pattern}, found {len(found)}")
    return found[0]


def _compared(args: argparse.Namespace) -> dict[str, list[str]]:
    """Returns the breaks by what they are in; says what it is at."""
    wheel, bundle, contracts = (
        tuple(_one(folder, pattern) for folder in (args.base, args.new))
        for pattern in (
            "trilho-*-py3-none-any.whl",
            "trilho-client-*-bundle.zip",
            "trilho-contracts-*.zip",
        )
    )
    print("Java...", flush=True)
    java = java_api.breaks(*bundle, japicmp=args.japicmp, classpath=args.java_classpath)
    print("Python...", flush=True)
    python = python_api.breaks(*wheel)
    print("contracts...", flush=True)
    return {
        "Java": java,
        "Python": python,
        "contracts": contracts_api.breaks(*contracts, trilho=args.trilho),
    }


def _version(folder: Path) -> str:
    return _one(folder, "trilho-*-py3-none-any.whl").name.split("-")[1]


def main(arguments: list[str] | None = None) -> int:
    """Reads the command line and compares.

    Args:
        arguments: Words of the command line; by default those of this process.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(
        prog="./dev api_gates",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("base", type=Path, metavar="BASE", help="the folder of the last release")
    parser.add_argument("--new", type=Path, required=True, help="the release to be made")
    # The session names these three, and --new where it is not given.
    for option in ("--japicmp", "--java-classpath", "--trilho"):
        parser.add_argument(option, type=Path, required=True, help=argparse.SUPPRESS)
    args = parser.parse_args(arguments)
    try:
        old, new = _version(args.base), _version(args.new)
        allowed = versions.allows_breaks(old, new)
        found = _compared(args)
    except (OSError, ValueError) as error:
        print(f"api_gates: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    for name, lines in found.items():
        print(f"{name}: {len(lines) or 'no'} {'break' if len(lines) == 1 else 'breaks'}")
        for line in lines:
            print(f"  {line}")
    if not any(found.values()):
        return 0
    if allowed:
        print(f"{new} after {old} announces breaks: allowed. CHANGELOG.md has to tell them.")
        return 0
    print(
        f"api_gates: {new} after {old} announces no breaks: keep what was there, or raise the "
        f"{'second' if old.startswith('0.') else 'first'} number in version.bzl",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
