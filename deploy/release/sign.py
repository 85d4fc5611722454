"""Signs a gathered release: SHA256SUMS, and each file of the bundles that a Maven repository takes.

Examples:
  ./dev release_sign --minisign-key ~/keys/trilho.key --gpg-key release@trilho.io
  ./dev release_sign --gpg-key 0123456789ABCDEF --dist /srv/trilho-0.1.0

Written beside the release's files, which stay as they are:
  SHA256SUMS.minisig      with --minisign-key
  SHA256SUMS.asc          with --gpg-key
  NAME-bundle-signed.zip  with --gpg-key: the bundle with a signature of every file, to be uploaded

Exit codes: 0 signed, 1 the release is damaged or a program failed, 2 wrong usage, 130 after Ctrl-C.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.release import archive, sums

__all__ = ["SIGNED", "main", "sign_bundle", "sign_sums_gpg", "sign_sums_minisign"]

BUNDLE = "-bundle.zip"
SIGNED = "-bundle-signed.zip"
_CHECKSUM_ENDS = tuple(f".{algorithm}" for algorithm in archive.CHECKSUMS)


class ProgramError(Exception):
    """A program that is called here failed; what it said is the message."""


def sign_sums_minisign(folder: Path, key: Path) -> Path:
    """Signs SHA256SUMS with minisign, which asks for the key's password if it has one.

    Args:
        folder: The release.
        key: The secret key.

    Returns:
        SHA256SUMS.minisig.

    Raises:
        ProgramError: minisign failed.
    """
    signature = folder / f"{sums.NAME}.minisig"
    with _aside(signature) as part:
        # The trusted comment is fixed, without the time that minisign would put there.
        comment = f"file:{sums.NAME} release:{_version(folder)}"
        _run(
            [
                *("minisign", "-S", "-s", str(key), "-m", str(folder / sums.NAME)),
                *("-x", str(part), "-t", comment, "-c", "signature of a Trilho release"),
            ]
        )
    return signature


def sign_sums_gpg(folder: Path, key: str) -> Path:
    """Signs SHA256SUMS with gpg, whose agent asks for the passphrase, and verifies what came out.

    Args:
        folder: The release.
        key: The key's fingerprint, number or address.

    Returns:
        SHA256SUMS.asc.

    Raises:
        ProgramError: gpg failed.
    """
    signature = folder / f"{sums.NAME}.asc"
    with _aside(signature) as part:
        _gpg_sign(folder / sums.NAME, part, key)
    return signature


def sign_bundle(bundle: Path, key: str) -> Path:
    """Makes the signed form of a bundle, with NAME.asc beside each of its files.

    Args:
        bundle: NAME-bundle.zip.
        key: As gpg takes it.

    Returns:
        NAME-bundle-signed.zip.

    Raises:
        ProgramError: gpg failed.
    """
    signed = bundle.with_name(bundle.name.removesuffix(BUNDLE) + SIGNED)
    with tempfile.TemporaryDirectory(prefix="trilho-sign-") as temporary:
        folder = Path(temporary)
        files = {}
        with zipfile.ZipFile(bundle) as content:
            for name in content.namelist():
                if not name.endswith(_CHECKSUM_ENDS):
                    files[name] = content.read(name)
        for number, name in enumerate(sorted(files)):
            plain = folder / f"{number}"
            plain.write_bytes(files[name])
            _gpg_sign(plain, folder / f"{number}.asc", key)
            files[f"{name}.asc"] = (folder / f"{number}.asc").read_bytes()
        with _aside(signed) as part:
            archive.pack(part, files, checksums=True)
    return signed


def _gpg_sign(file: Path, signature: Path, key: str) -> None:
    options = ["--local-user", key, "--armor", "--yes", "--output", str(signature)]
    _run(["gpg", "--quiet", *options, "--detach-sign", str(file)])
    _run(["gpg", "--quiet", "--verify", str(signature), str(file)], quiet=True)


@contextmanager
def _aside(file: Path) -> Iterator[Path]:
    """Lets a file be written under another name, and gives it its own when that is done."""
    part = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        yield part
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def _run(command: list[str], *, quiet: bool = False) -> None:
    if shutil.which(command[0]) is None:
        raise ProgramError(f"{command[0]} is not installed: ./dev packages installs it")
    # The terminal stays the program's own, for its question after a password.
    done = subprocess.run(
        command, check=False, stderr=subprocess.PIPE if quiet else None, text=True
    )
    if done.returncode:
        detail = f":\n{done.stderr}" if quiet else ""
        raise ProgramError(f"{command[0]} ended with {done.returncode}{detail}")


def _version(folder: Path) -> str:
    (bill,) = folder.glob("trilho-*.cdx.json")
    return bill.name.removeprefix("trilho-").removesuffix(".cdx.json")


def main(arguments: list[str] | None = None) -> int:
    """Reads the command line and signs.

    Args:
        arguments: Words of the command line; by default those of this process.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(
        prog="./dev release_sign",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--dist", type=Path, default=Path("dist"), help="the release (%(default)s)")
    parser.add_argument("--minisign-key", type=Path, metavar="FILE", help="minisign's secret key")
    parser.add_argument("--gpg-key", metavar="KEY", help="a key of gpg's, as --local-user takes it")
    args = parser.parse_args(arguments)
    if not args.minisign_key and not args.gpg_key:
        parser.error("give --minisign-key, --gpg-key or both")
    if args.minisign_key and not args.minisign_key.is_file():
        parser.error(f"--minisign-key: {args.minisign_key} is no file")
    try:
        sums.check(args.dist)
        if args.minisign_key:
            print(sign_sums_minisign(args.dist, args.minisign_key))
        if args.gpg_key:
            print(sign_sums_gpg(args.dist, args.gpg_key))
            for bundle in sorted(args.dist.glob(f"*{BUNDLE}")):
                print(sign_bundle(bundle, args.gpg_key))
    except (ProgramError, ValueError) as error:
        print(f"release_sign: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
