"""Stages what is installed: a folder with all that a profile needs, its C library too, as a tar.

Installer, server archive, packages and image are all made from such a tar. Its bytes depend on the
inputs alone.
"""

from __future__ import annotations

import argparse
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from deploy.staging import archive, bytecode, extra, launchers, licences, native, sbom, wheels
from deploy.staging.debian import SERVER_LIBRARIES, Packages, stage_libraries, stage_locale
from deploy.staging.parts import EXECUTABLE, Part, Text, Tree
from deploy.staging.profiles import PROFILES, Profile
from deploy.staging.python_tree import stage_python

_EPILOG = """
profiles:
{profiles}

By hand, with E=$(bazel info output_base)/external:

  bazel build //cpp_server:trilho_server //python:wheel @wheels//:wheels \\
    @debian_runtime//:packages.tsv @debian_static//:packages.tsv
  PYTHONPATH=.:$E/pip/site-packages python3 -m deploy.staging.stage \\
    --profile=full --output=/tmp/trilho-full.tar --version=version.bzl --licence=LICENSE \\
    --site-packages=$E/pip/site-packages --wheel=$(ls bazel-bin/python/trilho-*.whl) \\
    --wheel=$(ls $E/wheels/certifi-*.whl) --server=bazel-bin/cpp_server/trilho_server \\
    --debian=$E/debian_runtime --static=$E/debian_static

exit codes: 0 the tar is there; 1 it is not, and why; 2 wrong usage; 130 interrupted
"""


def main() -> None:
    """Reads the command line, stages and archives."""
    args = _arguments()
    # As Ctrl-C does: a gigabyte of half a tree is not left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _stage(args)
    except (OSError, ValueError, KeyError, RuntimeError, subprocess.SubprocessError) as error:
        sys.exit(f"stage: {error.args[0] if isinstance(error, KeyError) else error}")
    except KeyboardInterrupt:
        print("stage: interrupted; nothing was written", file=sys.stderr)
        sys.exit(130)


def _arguments() -> argparse.Namespace:
    listed = "\n".join(f"  {profile.name:7} {profile.purpose}" for profile in PROFILES.values())
    parser = argparse.ArgumentParser(
        prog="stage",
        description=__doc__,
        epilog=_EPILOG.format(profiles=listed),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--profile", choices=sorted(PROFILES), required=True, help="what the tree is for"
    )
    parser.add_argument(
        "--output", type=Path, required=True, metavar="TAR", help="the file to make"
    )
    parser.add_argument("--folder", type=Path, help="keep the tree here as well; must not exist")
    parser.add_argument("--version", type=Path, required=True, help="the file version.bzl")
    parser.add_argument("--licence", type=Path, required=True, help="the text of our own licence")
    parser.add_argument(
        "--site-packages", type=Path, required=True, help="Python's packages, installed with pip"
    )
    parser.add_argument(
        "--wheel",
        type=Path,
        action="append",
        default=[],
        help="our own package (full, core), and others to take instead of --site-packages' ones",
    )
    parser.add_argument("--server", type=Path, help="the program trilho_server (full and server)")
    parser.add_argument("--debian", type=Path, required=True, help="the folder of @debian_runtime")
    parser.add_argument(
        "--static", type=Path, help="the folder of @debian_static (full and server)"
    )
    parser.add_argument(
        "--extra",
        type=Path,
        metavar="REQUIREMENTS",
        help="a team's packages (full, core), pinned as pip-compile --generate-hashes does",
    )
    args = parser.parse_args()
    profile = PROFILES[args.profile]
    for option, needed in (
        ("wheel", profile.python),
        ("server", profile.server),
        ("static", profile.server),
    ):
        if needed and not getattr(args, option):
            parser.error(f"--profile={profile.name} needs --{option}")
    if args.extra and not profile.python:
        parser.error(f"--profile={profile.name} has no Python, for which --extra would be")
    if args.folder and args.folder.exists():
        parser.error(f"--folder: {args.folder} exists already")
    return args


def _stage(args: argparse.Namespace) -> None:
    profile = PROFILES[args.profile]
    args.output.parent.mkdir(parents=True, exist_ok=True)
    # Beside the target, where a gigabyte has room if the target has.
    with tempfile.TemporaryDirectory(
        prefix=f".{args.output.name}.", dir=args.output.parent
    ) as work:
        tree = Tree(Path(work) / "tree")
        packages = Packages(args.debian)
        dropped: Counter[str] = Counter()
        version = read_version(args.version)
        ours = Text("LICENSE", args.licence.read_text())
        base = tree.add_part(
            Part("trilho-staging", version, "ours", licence="Apache-2.0", texts=[ours])
        )
        if profile.python:
            _say("Python")
            stage_python(tree, packages)
            _say("Python's packages")
            dropped = _stage_packages(tree, args, profile, Path(work))
            tree.parts["ours:trilho"].texts.append(ours)
        else:
            _stage_for_server(tree, packages, args.site_packages)
        if profile.server:
            _stage_server(tree, args, version, ours)
        launchers.stage_launchers(tree, profile, base)
        if args.extra and extra.asks_for_anything(args.extra):
            _say("extra packages")
            extra.stage_extra(tree, args.extra, Path(work) / "extra")
        _finish(tree, profile, base, packages)
        wheels.report_dropped(dropped)
        _say("archive")
        archive.write_sums(tree.top)
        archive.write_tar(tree.top, args.output)
        if args.folder:
            shutil.move(tree.top, args.folder)


def read_version(file: Path) -> str:
    """Returns the version that version.bzl has."""
    found = re.search(r'^VERSION = "([^"]+)"$', file.read_text(), re.MULTILINE)
    if not found:
        raise ValueError(f'{file} has no line VERSION = "..."')
    return found[1]


def _stage_packages(
    tree: Tree, args: argparse.Namespace, profile: Profile, work: Path
) -> Counter[str]:
    for wheel in args.wheel:
        wheels.unpack_wheel(wheel, work / "wheels")
    site = wheels.Site(args.site_packages, work / "wheels")
    names = site.closure("trilho", profile.extras, profile.packages, profile.name)
    return wheels.stage_distributions(tree, site, names, profile.name)


def _stage_for_server(tree: Tree, packages: Packages, site_packages: Path) -> None:
    stage_libraries(tree, packages, SERVER_LIBRARIES)
    stage_locale(tree, packages)
    wheels.stage_tensorflow_libraries(tree, wheels.Site(site_packages), "lib/tensorflow")


def _stage_server(tree: Tree, args: argparse.Namespace, version: str, ours: Text) -> None:
    _say("the server")
    static = Packages(args.static)
    needs = ["wheel:tensorflow-cpu", *(f"debian:{name}" for name in SERVER_LIBRARIES)]
    for name in static.names:
        part = tree.add_part(static.part(name, "static"))
        needs.append(part.key)
    server = Part(
        "trilho-server", version, "ours", licence="Apache-2.0", needs=tuple(needs), texts=[ours]
    )
    tree.copy(args.server, "libexec/trilho_server", tree.add_part(server), EXECUTABLE)


def _finish(tree: Tree, profile: Profile, base: Part, packages: Packages) -> None:
    """Does what needs all files: strips, checks, compiles and describes them."""
    _say("stripping")
    files = [name for name in native.elf_files(tree) if native.may_be_stripped(name)]
    for name in native.strip(tree, files):
        print(f"  not stripped, since it would break: {name}", file=sys.stderr)
    if missing := native.missing_libraries(tree):
        raise RuntimeError("the tree lacks\n  " + "\n  ".join(missing))
    if profile.python:
        wheels.write_records(tree)
        _say("byte code")
        bytecode.compile_tree(tree)
    tree.write("VERSION", f"{base.version}\n", base)
    tree.write("PROFILE", f"{profile.name}\n", base)
    title = f"What trilho-{profile.name} {base.version} consists of, and its licences"
    text = licences.licences_text(title, tree.parts.values(), packages.common_licence)
    tree.write("share/licenses.txt", text, base)
    bill = sbom.bill_of_materials(tree, f"trilho-{profile.name}", base.version)
    tree.write("share/sbom.cdx.json", bill, base)
    sizes = tree.bytes_of()
    rows = sorted(tree.parts.values(), key=lambda part: (-sizes[part.key], part.key))
    table = [f"{part.name}\t{part.version}\t{part.kind}\t{sizes[part.key]}\n" for part in rows]
    tree.write("share/parts.tsv", "name\tversion\tkind\tbytes\n" + "".join(table), base)


def _say(what: str) -> None:
    print(f"stage: {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
