"""Makes the .deb of the server's tarball, with dpkg-deb."""

import argparse
import hashlib
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.server.package_tree import EPOCH, PackageTree
from deploy.server.packaging import Job, run_job, run_tool

DESCRIPTION = """\
Description: serves TensorFlow models over gRPC and REST
 Trilho's model server loads TensorFlow SavedModels and answers TensorFlow
 Serving's gRPC and REST APIs, KServe's protocol and typed services.
 .
 It carries TensorFlow and its own C library, so that any x86-64 Linux from
 kernel 3.2 on runs it.
"""
# dpkg of Debian 11 and older reads xz and knows nothing of zstd.
BEST = ("-Zxz", "-z6", "--threads-max=2")
QUICK = ("-Zgzip", "-z1")


def control(tree: PackageTree, version: str, maintainer: str) -> str:
    """Writes what dpkg is told of the package."""
    fields = {
        "Package": "trilho-server",
        "Version": version,
        "Architecture": "amd64",
        "Maintainer": maintainer,
        "Installed-Size": str(-(-tree.size() // 1024)),
        # useradd
        "Depends": "passwd",
        "Suggests": "logrotate",
        "Section": "net",
        "Priority": "optional",
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items()) + DESCRIPTION


def sums(tree: PackageTree) -> str:
    """Writes the file by which `dpkg --verify` finds what was altered."""
    lines = []
    for path in tree.files:
        file = tree.root / path
        if not file.is_symlink():
            with file.open("rb") as source:
                digest = hashlib.file_digest(source, lambda: hashlib.md5(usedforsecurity=False))
            lines.append(f"{digest.hexdigest()}  {path}\n")
    return "".join(lines)


def make(job: Job) -> None:
    """Writes the package that `job` describes."""
    folder = job.tree.root / "DEBIAN"
    folder.mkdir(mode=0o755)
    texts = {
        "control": control(job.tree, job.version, job.options.maintainer),
        "conffiles": "".join(f"/{path}\n" for path in job.tree.configuration()),
        "md5sums": sums(job.tree),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o644)
    for script in job.options.script:
        shutil.copyfile(script, folder / script.name)
        (folder / script.name).chmod(0o755)
    for path in folder.iterdir():
        os.utime(path, (EPOCH, EPOCH))
    compression = QUICK if job.options.quick else BEST
    run_tool(["dpkg-deb", "--root-owner-group", *compression, "--build", job.tree.root, job.aside])


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="Exit codes: 0 done, 1 an input is wrong or a tool fails, 2 a wrong command.",
    )
    parser.add_argument("--tarball", type=Path, required=True, help="what make_tarball made")
    parser.add_argument(
        "--script",
        type=Path,
        action="append",
        default=[],
        help="a maintainer's script, by dpkg's name for it: postinst, prerm, postrm",
    )
    parser.add_argument("--output", type=Path, required=True, help="the .deb to write")
    parser.add_argument("--version", help="dpkg's version; without it the tarball's")
    parser.add_argument(
        "--maintainer",
        default="Trilho's maintainers <maintainers@trilho.invalid>",
        help="who answers for the package, as NAME <ADDRESS>",
    )
    parser.add_argument("--quick", action="store_true", help="compress in seconds, into more bytes")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Makes the package that the command line describes."""
    return run_job("make_deb", parse(arguments), make)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
