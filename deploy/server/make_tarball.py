"""Makes the server's tarball: the staged tree and what operators need beside it, in one folder."""

import argparse
import hashlib
import io
import os
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, cast

# 1980-01-01, the first day that every archive format can name; the staged tree has it too.
EPOCH = 315532800
PROFILE = "server"
SUMS = "SHA256SUMS"
# Old programs unpack this too, busybox's among them, which do not know all checksums of xz. There
# are two threads whatever the machine has: xz then cuts the data into blocks of a fixed size.
XZ = ("xz", "--threads=2", "--check=crc32", "--stdout")
BEST = ("--x86", "--lzma2=preset=6")
QUICK = ("-0",)


class PackagingError(Exception):
    """Says what is wrong with the input, as a sentence for the person who built."""


class Additions:
    """Files that come beside the staged tree, by their path in the tarball."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}
        self.programs: set[str] = set()

    def add(self, path: str, content: bytes, *, program: bool = False) -> None:
        """Adds one file.

        Raises:
          PackagingError: if the path leaves the folder, or is taken.
        """
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
            raise PackagingError(
                f"{path}: a file lies below the tarball's folder, by a path without .."
            )
        if path in self.contents:
            raise PackagingError(f"{path} is added twice")
        self.contents[path] = content
        if program:
            self.programs.add(path)

    def read(self, word: str, *, program: bool) -> None:
        """Adds the file that PATH=FILE names.

        Raises:
          PackagingError: as add() does, and if the word has another form.
        """
        path, equals, file = word.partition("=")
        if not equals:
            raise PackagingError(f"{word}: write PATH=FILE")
        self.add(path, Path(file).read_bytes(), program=program)


@contextmanager
def compressed(output: Path, *, quick: bool) -> Iterator[IO[bytes]]:
    """Opens what becomes `output`, compressed, once all of it is written.

    Raises:
      PackagingError: if xz fails; then, as after any other error, nothing is left.
    """
    aside = output.with_name(output.name + ".new")
    try:
        with aside.open("wb") as file:
            compressor = subprocess.Popen(
                [*XZ, *(QUICK if quick else BEST)], stdin=subprocess.PIPE, stdout=file
            )
            try:
                with cast("IO[bytes]", compressor.stdin) as pipe:
                    yield pipe
            except BaseException:
                compressor.kill()
                compressor.wait()
                raise
            if code := compressor.wait():
                raise PackagingError(f"xz ended with {code}")
        aside.rename(output)
    finally:
        aside.unlink(missing_ok=True)


def sums_of(tree: tarfile.TarFile) -> dict[str, str]:
    """Reads the SHA-256 of every file of the staged tree, by its path."""
    sums = {}
    for line in text_of(tree, SUMS).splitlines():
        digest, _, path = line.partition("  ")
        sums[path] = digest
    return sums


def name_of(tree: tarfile.TarFile) -> str:
    """Names the staged tree in sentences."""
    return os.fsdecode(tree.name or "the tree")


def text_of(tree: tarfile.TarFile, path: str) -> str:
    """Reads a small file of the staged tree.

    Raises:
      PackagingError: if it is not there.
    """
    try:
        file = tree.extractfile(path)
    except KeyError:
        file = None
    if not file:
        raise PackagingError(f"{name_of(tree)} is no staged tree: it has no file {path}")
    return file.read().decode()


def entry(path: str, *, kind: bytes, mode: int, size: int = 0) -> tarfile.TarInfo:
    """Makes a header that depends on nothing but its arguments."""
    made = tarfile.TarInfo(path)
    made.type = kind
    made.mode = mode
    made.size = size
    made.mtime = EPOCH
    return made


class _Hashing(io.RawIOBase):
    """Hashes what is read through it."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self.hash.update(data)
        return data


def write_tarball(tree: tarfile.TarFile, additions: Additions, out: IO[bytes]) -> None:
    """Writes the tarball, whose bytes depend on the contents of its files alone.

    The folder is named after the tree's version. Its SHA256SUMS names the additions too.

    Raises:
      PackagingError: if the tree is none of the server, differs from its own SHA256SUMS, or has a
        file where an addition belongs.
    """
    profile = text_of(tree, "PROFILE").strip()
    if profile != PROFILE:
        raise PackagingError(
            f"{name_of(tree)} holds the profile {profile}; the tarball is made of {PROFILE}"
        )
    folder = f"trilho-server-{text_of(tree, 'VERSION').strip()}"
    sums = sums_of(tree)
    staged = {
        member.name.removeprefix("./"): member for member in tree if member.name not in (".", SUMS)
    }
    if taken := sorted(staged.keys() & additions.contents.keys()):
        raise PackagingError(f"{name_of(tree)} has already: {', '.join(taken)}")

    contents = dict(additions.contents)
    added = {path: hashlib.sha256(content).hexdigest() for path, content in contents.items()}
    lines = [f"{digest}  {path}\n" for path, digest in sorted((sums | added).items())]
    contents[SUMS] = "".join(lines).encode()
    files = {*contents, *(path for path, member in staged.items() if not member.isdir())}
    folders = {str(parent) for path in files for parent in PurePosixPath(path).parents} - {"."}
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.GNU_FORMAT) as tar:
        tar.addfile(entry(folder, kind=tarfile.DIRTYPE, mode=0o755))
        for path in sorted(files | folders):
            name = f"{folder}/{path}"
            if path in folders:
                tar.addfile(entry(name, kind=tarfile.DIRTYPE, mode=0o755))
            elif path in contents:
                mode = 0o755 if path in additions.programs else 0o644
                content = contents[path]
                made = entry(name, kind=tarfile.REGTYPE, mode=mode, size=len(content))
                tar.addfile(made, io.BytesIO(content))
            else:
                _copy(tree, staged[path], name, sums, tar)


def _copy(
    tree: tarfile.TarFile,
    member: tarfile.TarInfo,
    name: str,
    sums: dict[str, str],
    tar: tarfile.TarFile,
) -> None:
    """Copies a file or a link of the tree, and compares a file with its sum on the way."""
    if member.issym():
        made = entry(name, kind=tarfile.SYMTYPE, mode=0o777)
        made.linkname = member.linkname
        tar.addfile(made)
        return
    source = tree.extractfile(member)
    if not member.isreg() or not source:
        raise PackagingError(
            f"{member.name} of {name_of(tree)} is no file, folder or symbolic link"
        )
    reader = _Hashing(source)
    made = entry(name, kind=tarfile.REGTYPE, mode=member.mode, size=member.size)
    tar.addfile(made, reader)
    digest = reader.hash.hexdigest()
    if sums.get(member.name.removeprefix("./")) != digest:
        raise PackagingError(
            f"{member.name} of {name_of(tree)} is not the file that its {SUMS} tells of"
        )


def stop(_signal: int, _frame: object) -> None:
    """Ends by an exception, so that what lies half-written is removed."""
    sys.exit(128 + signal.SIGTERM)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="Exit codes: 0 done, 1 an input is wrong, 2 the command line is.",
    )
    parser.add_argument(
        "--tree", type=Path, required=True, help="trilho-server.tar of //deploy/staging"
    )
    parser.add_argument(
        "--add",
        action="append",
        default=[],
        metavar="PATH=FILE",
        help="a file beside the tree, at PATH",
    )
    parser.add_argument(
        "--add_program",
        action="append",
        default=[],
        metavar="PATH=FILE",
        help="the same, executable",
    )
    parser.add_argument("--output", type=Path, required=True, help="the .tar.xz to write")
    parser.add_argument(
        "--quick", action="store_true", help="compress in seconds, into half as much again"
    )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Makes the tarball that the command line describes."""
    options = parse(arguments)
    signal.signal(signal.SIGTERM, stop)
    additions = Additions()
    try:
        for words, program in ((options.add, False), (options.add_program, True)):
            for word in words:
                additions.read(word, program=program)
        with (
            tarfile.open(options.tree, "r:") as tree,
            compressed(options.output, quick=options.quick) as out,
        ):
            write_tarball(tree, additions, out)
    except (PackagingError, OSError, tarfile.TarError) as error:
        print(f"make_tarball: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
