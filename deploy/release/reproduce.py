"""Builds the release twice, as differently as one machine allows, and compares the hashes.

The first build is that of this tree. The second one is of a fresh clone of its last commit, in
another folder, with another Bazel output base and no cache of results, another umask, time zone and
language, later, and, if root asks, by another user.

Examples:
  ./dev release_reproduce --quick     the wheel, the client's bundle, the contracts: some minutes
  ./dev release_reproduce             all of it, which takes as long as a build from nothing
  ./dev release_reproduce --user nobody

Exit codes: 0 the same, 1 different (each file is named) or a build failed, 2 wrong usage, 130 after
Ctrl-C.
"""

import argparse
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from deploy.release import sums

__all__ = ["differences", "main"]

_UMASK = 0o077
_ZONE = "Pacific/Auckland"


def differences(first: Path, second: Path) -> list[str]:
    """Compares two releases.

    Args:
        first: A release.
        second: Another one.

    Returns:
        A line for each file that is not the same in both.
    """
    one, other = (_hashes(folder) for folder in (first, second))
    return [
        f"{name}: {one.get(name, 'missing')} and {other.get(name, 'missing')}"
        for name in sorted(one | other)
        if one.get(name) != other.get(name)
    ]


def _hashes(folder: Path) -> dict[str, str]:
    sums.check(folder)
    lines = (folder / sums.NAME).read_text().splitlines()
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def _git(tree: Path, *words: str) -> str:
    command = ["git", "-C", str(tree), *words]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def _refuse_changes(tree: Path) -> None:
    if changed := _git(tree, "status", "--porcelain"):
        raise ValueError(f"commit first, since the second build is of a clone:\n{changed}")


def _second(tree: Path, folder: Path, target: str, user: pwd.struct_passwd | None) -> Path:
    """Builds in `folder` what a stranger would, and returns the release."""
    clone = folder / "another-folder" / "trilho"
    home = folder / "home"
    home.mkdir()
    _git(tree, "clone", "--quiet", "--no-hardlinks", str(tree), str(clone))
    environment = {
        "HOME": str(home),
        "LC_ALL": "C",
        "PATH": os.environ["PATH"],
        "TZ": _ZONE,
        "USER": user.pw_name if user else "stranger",
    }
    if not user:
        # The caches of pip, Maven, npm and Go are this user's own: what they have is checked.
        environment["HOME"] = str(Path.home())
    if user:
        folder.chmod(0o711)
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
    # No action is to take over what the first build made, nor to know its time zone.
    options = ["--disk_cache=", f"--action_env=TZ={_ZONE}"]
    bazel = ["bazel", f"--output_base={folder / 'output'}"]
    try:
        subprocess.run(
            [*bazel, "build", "--noshow_progress", *options, target],
            check=True,
            cwd=clone,
            env=environment,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
            umask=_UMASK,
        )
    finally:
        subprocess.run(
            [*bazel, "shutdown"],
            check=False,
            cwd=clone,
            env=environment,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
        )
    return clone / "bazel-bin" / "deploy" / "release"


def main(arguments: list[str] | None = None) -> int:
    """Reads the command line, builds and compares.

    Args:
        arguments: Words of the command line; by default those of this process.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(
        prog="./dev release_reproduce",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="only what the everyday build makes")
    parser.add_argument("--user", help="who makes the second build; only root may say so")
    parser.add_argument("--tree", type=Path, default=Path.cwd(), help="this tree (%(default)s)")
    args = parser.parse_args(arguments)
    user = None
    if args.user:
        if os.geteuid() != 0:
            parser.error("--user: only root may build as another user")
        try:
            user = pwd.getpwnam(args.user)
        except KeyError:
            parser.error(f"--user: nobody is named {args.user}")
    kind, name = ("release_quick", "dist_quick") if args.quick else ("release", "dist")
    target = f"//deploy/release:{kind}"
    temporary = Path(tempfile.mkdtemp(prefix="trilho-reproduce-"))
    try:
        _refuse_changes(args.tree)
        subprocess.run(["bazel", "build", "--noshow_progress", target], check=True, cwd=args.tree)
        second = _second(args.tree, temporary, target, user) / name
        first = args.tree / "bazel-bin" / "deploy" / "release" / name
        found = differences(first, second)
        print((first / sums.NAME).read_text(), end="")
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        print(f"release_reproduce: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        _remove(temporary)
    for line in found:
        print(f"release_reproduce: {line}", file=sys.stderr)
    if not found:
        print("Both builds are the same.")
    return 1 if found else 0


def _remove(folder: Path) -> None:
    """Removes what Bazel has made read-only, too."""
    subprocess.run(["chmod", "-R", "u+w", str(folder)], check=False)
    shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
