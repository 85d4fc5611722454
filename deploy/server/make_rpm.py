"""Makes the .rpm of the server's tarball, with rpmbuild."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.server.package_tree import DOCUMENTS, PackageTree
from deploy.server.packaging import Job, PackageError, run_job, run_tool

# rpm of RHEL 7 and older reads xz and knows nothing of zstd.
BEST = "w6T2.xzdio"
QUICK = "w1.gzdio"


def file_list(tree: PackageTree) -> str:
    """Writes what rpm packages, and how it treats each."""
    configuration = set(tree.configuration())
    lines = [f"%dir %attr(0755, root, root) /{folder}\n" for folder in tree.own_folders()]
    for path in tree.files:
        file = tree.root / path
        # A link has no mode of its own.
        mode = "-" if file.is_symlink() else f"{file.stat().st_mode & 0o777:04o}"
        kind = ""
        if path in configuration:
            kind = "%config(noreplace) "
        elif path == f"{DOCUMENTS}/copyright":
            kind = "%license "
        elif path.startswith((DOCUMENTS, "usr/share/man")):
            kind = "%doc "
        lines.append(f'{kind}%attr({mode}, root, root) "/{path}"\n')
    return "".join(lines)


def make(job: Job) -> None:
    """Writes the package that `job` describes.

    Raises:
      PackageError: if rpmbuild fails, or would because of the folder's name.
    """
    if " " in str(job.work):
        raise PackageError(f"rpmbuild takes no path with a space: {job.aside.parent.parent}")
    work = job.work / "rpm"
    work.mkdir()
    files = job.work / "files"
    files.write_text(file_list(job.tree), encoding="utf-8")
    definitions = {
        "_topdir": work,
        "_rpmdir": work,
        "_rpmfilename": "made.rpm",
        "_tmppath": work,
        "tree": job.tree.root,
        "file_list": files,
        "server_version": job.version,
        "server_release": job.options.release,
        "payload": QUICK if job.options.quick else BEST,
    }
    defined = [
        word for name, value in definitions.items() for word in ("--define", f"{name} {value}")
    ]
    run_tool(
        [
            *["rpmbuild", "-bb", "--quiet", "--nodeps", "--target=x86_64-linux"],
            *["--buildroot", work / "root", *defined, job.options.spec],
        ]
    )
    made = work / "made.rpm"
    if not made.is_file():
        raise PackageError("rpmbuild has made nothing")
    made.rename(job.aside)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="Exit codes: 0 done, 1 an input is wrong or a tool fails, 2 a wrong command.",
    )
    parser.add_argument("--tarball", type=Path, required=True, help="what make_tarball made")
    parser.add_argument("--spec", type=Path, required=True, help="trilho-server.spec")
    parser.add_argument("--output", type=Path, required=True, help="the .rpm to write")
    parser.add_argument("--version", help="rpm's version; without it the tarball's")
    parser.add_argument("--release", default="1", help="which packaging of the version this is")
    parser.add_argument("--quick", action="store_true", help="compress in seconds, into more bytes")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Makes the package that the command line describes."""
    return run_job("make_rpm", parse(arguments), make)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
