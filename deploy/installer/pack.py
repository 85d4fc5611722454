"""Makes the self-extracting file: header, busybox, scripts, zstd and the archive.

    pack.py --tree trilho-full.tar --packages FOLDER --versions packages.tsv --out trilho.sh

FOLDER has a folder for each of Debian's packages, unpacked by `dpkg-deb -x`, as @debian_runtime
makes them; a line of packages.tsv begins with a package's name and version. Each part begins at a
multiple of 64 KiB. The same input makes the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from pathlib import Path

if __package__ in {None, ""}:  # run by its path
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from deploy.installer.archive import Tree, Zstd, digest, make_tar, read_chunks, read_tree
from deploy.installer.documents import join_licenses, join_sbom, read_packages

BLOCK = 65536
ROOM = Path(__file__).resolve().parent
LOADER = "ld-linux-x86-64.so.2"
# Programs and libraries that the installer carries for itself, by the package that each comes from.
CARRIED = {
    "busybox": "busybox-static",
    "zstd": "zstd",
    LOADER: "libc6",
    "libc.so.6": "libc6",
    "libz.so.1": "zlib1g",
    "liblzma.so.5": "liblzma5",
    "liblz4.so.1": "liblz4-1",
}
LIBRARIES = [name for name in CARRIED if name.startswith("lib")]
FOLDERS = ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", "usr/bin", "bin")
ZEROS = "0" * 64


def find(packages: Path, name: str) -> Path:
    """A program or library of the unpacked packages."""
    for folder in FOLDERS:
        file = packages / CARRIED[name] / folder / name
        if file.exists():
            return file.resolve()
    raise ValueError(f"{packages} has no {name}: unpack Debian's {CARRIED[name]} into it")


def pad(content: bytes, filler: bytes = b"\0") -> bytes:
    """Fills the last block, so that the next part begins with one."""
    return content + filler * (-len(content) % BLOCK)


def join_header(folder: Path, facts: dict[str, str]) -> bytes:
    """One script of the parts, with the facts in their places, as long as a block."""
    parts = []
    for part in sorted(folder.glob("*.sh")):
        lines = part.read_text().splitlines(keepends=True)
        parts.append("".join(line for line in lines if "# shellcheck" not in line))
    text = "\n".join(part.strip("\n") + "\n" for part in parts)
    text = re.sub(r"@([A-Z0-9_]+)@", lambda match: facts[match[1]], text)
    text = text.replace(f"_sha256={ZEROS}", f"_sha256={_header_sum(text)}", 1)
    if len(text.encode()) > BLOCK:
        raise ValueError(f"the header has {len(text.encode())} bytes; there is room for {BLOCK}")
    return pad(text.encode(), b"\n")


def _header_sum(text: str) -> str:
    """SHA-256 of the header with zeros in the place of this sum, as the header asks for it."""
    return hashlib.sha256(pad(text.encode(), b"\n")).hexdigest()


def setup_part(folder: Path) -> bytes:
    """The scripts that busybox runs."""
    files = {f"setup/{part.name}": (part.read_bytes(), 0o644) for part in folder.glob("*.sh")}
    return pad(make_tar(files))


def tools_part(packages: Path, zstd: Zstd, documents: dict[str, bytes]) -> bytes:
    """Packs zstd with its C library, and what the file tells of itself."""
    files = {"tools/bin/zstd": (find(packages, "zstd").read_bytes(), 0o755)}
    for name in (LOADER, *LIBRARIES):
        files[f"tools/lib/{name}"] = (find(packages, name).read_bytes(), 0o755)
    for name, content in documents.items():
        files[f"tools/share/{name}.zst"] = (zstd.compress(content), 0o644)
    return pad(make_tar(files))


def pack(tar: Path, packages: Path, versions: Path, out: Path, level: int) -> Tree:
    """Writes the file aside, and gives it its name when it is whole."""
    tree = read_tree(tar)
    carried = read_packages(packages, sorted(set(CARRIED.values())), versions)
    # One folder that has all of them, as the installed tools will.
    boot = out.with_name(out.name + ".boot")
    aside = out.with_name(out.name + ".part")
    try:
        boot.mkdir()
        for name in LIBRARIES:
            (boot / name).symlink_to(find(packages, name))
        zstd = Zstd(find(packages, LOADER), boot, find(packages, "zstd"))
        documents = {
            "license": join_licenses(tree.licenses, carried),
            "sbom": join_sbom(tree.sbom, carried),
            "list": tree.listing.encode(),
        }
        busybox = pad(find(packages, "busybox").read_bytes())
        setup = setup_part(ROOM / "setup")
        tools = tools_part(packages, zstd, documents)
        with aside.open("w+b") as file:
            file.write(bytes(BLOCK) + busybox + setup + tools)
            start = file.tell()
            file.flush()
            zstd.compress_file(tar, file, level)
            end = file.seek(0, 2)
            file.seek(start)
            facts = _facts(tree, busybox, setup, tools)
            facts["PAYLOAD_BYTES"] = str(end - start)
            facts["PAYLOAD_SHA256"] = digest(read_chunks(file))
            facts["FILE_BYTES"] = str(end)
            file.seek(0)
            file.write(join_header(ROOM / "header", facts))
        aside.chmod(0o755)
        aside.rename(out)
    finally:
        for link in boot.glob("*"):
            link.unlink()
        boot.rmdir()
        aside.unlink(missing_ok=True)
    return tree


def _facts(tree: Tree, busybox: bytes, setup: bytes, tools: bytes) -> dict[str, str]:
    """What the header knows but for the archive, of which nothing is known before it is written."""
    facts = {
        "VERSION": tree.version,
        "PROFILE": tree.profile,
        "HEADER_SHA256": ZEROS,
        "TREE_BYTES": str(tree.size),
        "TREE_INODES": str(tree.inodes),
        "SUMS_SHA256": tree.sums_sha256,
    }
    block = 1
    for name, part in (("BUSYBOX", busybox), ("SETUP", setup), ("TOOLS", tools)):
        facts[f"{name}_BLOCK"] = str(block)
        facts[f"{name}_BLOCKS"] = str(len(part) // BLOCK)
        facts[f"{name}_SHA256"] = hashlib.sha256(part).hexdigest()
        block += len(part) // BLOCK
    facts["PAYLOAD_BLOCK"] = str(block)
    return facts


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tree", type=Path, required=True, help="the staged tree's tar")
    parser.add_argument("--packages", type=Path, required=True, help="unpacked Debian packages")
    parser.add_argument("--versions", type=Path, required=True, help="a table of their versions")
    parser.add_argument("--out", type=Path, required=True, help="the file to make")
    parser.add_argument(
        "--level",
        type=int,
        choices=range(1, 20),
        default=19,
        metavar="1..19",
        help="of zstd: 19 is for a release and takes a quarter of an hour, 3 seconds",
    )
    options = parser.parse_args(arguments)
    try:
        pack(options.tree, options.packages, options.versions, options.out, options.level)
    except (OSError, ValueError) as error:
        print(f"pack.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
