"""Python's packages: which ones a profile needs, and their files."""

from __future__ import annotations

import base64
import hashlib
import re
import sys
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement

from deploy.staging import pruning
from deploy.staging.parts import Part, Text, Tree

DIST_PACKAGES = "lib/python3/dist-packages"
# A team's own packages; dist-packages/extra.pth puts them on the path.
EXTRA = "lib/python3/extra"

_LICENCE = re.compile(
    r"(?i)(.*/)?(licen[cs]es?/.*|(licen[cs]e|copying|notice|authors|third_?party_?notices?)([-._][^/]*)?)$"
)
# The extras of our own wheel that a tree may have.
_OURS = ("contract", "convert", "train")
_CODE = (".py", ".so", ".pyc")
_BUNDLED = re.compile(r"[^/]+\.libs/[^/]+$")


def normalised(name: str) -> str:
    """Returns the one spelling of a distribution's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


class Site:
    """Installed distributions, in one or more folders; what a later one has counts."""

    def __init__(self, *folders: Path) -> None:
        self._found = {
            normalised(found.metadata["Name"]): found
            for folder in folders
            for found in distributions(path=[str(folder)])
        }

    @property
    def names(self) -> list[str]:
        """All of them, sorted."""
        return sorted(self._found)

    def get(self, name: str) -> Distribution:
        """Returns a distribution."""
        found = self._found.get(normalised(name))
        if not found:
            raise KeyError(f"{name} is not installed; there are {', '.join(self.names)}")
        return found

    def requirements(self, name: str, extras: Iterable[str] = ()) -> list[str]:
        """Returns what a distribution needs here: normalised names, sorted, each once."""
        wanted = [Requirement(line) for line in self.get(name).requires or []]
        return sorted(
            {
                normalised(one.name)
                for one in wanted
                if not one.marker or any(one.marker.evaluate({"extra": e}) for e in ("", *extras))
            }
        )

    def closure(
        self, name: str, extras: Sequence[str], more: Iterable[str] = (), profile: str = ""
    ) -> list[str]:
        """Returns a distribution and all it needs, but for those that pruning.py names."""
        seen: set[str] = set()
        waiting = [normalised(name), *more]
        while waiting:
            one = waiting.pop()
            if one in seen or pruning.is_left_out(one, profile):
                continue
            seen.add(one)
            waiting += self.requirements(one, extras if one == normalised(name) else ())
        return sorted(seen)


def unpack_wheel(wheel: Path, folder: Path) -> None:
    """Unpacks a wheel as an installer would, but for scripts."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)


def stage_distributions(
    tree: Tree, site: Site, names: Iterable[str], profile: str, place: str = DIST_PACKAGES
) -> Counter[str]:
    """Copies distributions' files as RECORD lists them, and checks each against its sum there.

    Returns the bytes left out, by reason.
    """
    dropped: Counter[str] = Counter()
    chosen = set(names)
    for name in sorted(chosen):
        found = site.get(name)
        part = tree.add_part(_part(found, "ours" if name == "trilho" else "wheel"))
        needs = sorted(set(site.requirements(name, _OURS if name == "trilho" else ())) & chosen)
        part.needs = tuple(f"wheel:{other}" for other in needs)
        files = found.files or []
        sums = {str(file): file.hash.value for file in files if file.hash}
        for file in sorted(str(file) for file in files):
            # Scripts, for which bin/ has launchers, and what Python compiled where it was
            # installed.
            if file.startswith("..") or file.endswith(".pyc"):
                continue
            source = Path(str(found.locate_file(file)))
            if reason := pruning.left_out(file, profile):
                dropped[reason] += source.stat().st_size
                continue
            content = source.read_bytes()
            _check(part, sums, file, content)
            if profile:
                content = pruning.changed(file, content)
            tree.write(f"{place}/{file}", content, part)
            _note(part, place, file, content)
    return dropped


def stage_tensorflow_libraries(tree: Tree, site: Site, place: str) -> None:
    """Copies TensorFlow's libraries alone, for a server without Python."""
    found = site.get("tensorflow-cpu")
    part = tree.add_part(_part(found, "wheel"))
    files = {str(file): file for file in found.files or []}
    for file in (
        "libtensorflow_cc.so.2",
        "libtensorflow_framework.so.2",
        "THIRD_PARTY_NOTICES.txt",
    ):
        record = files[f"tensorflow/{file}"]
        content = Path(str(found.locate_file(record))).read_bytes()
        _check(part, {file: record.hash.value} if record.hash else {}, file, content)
        tree.write(f"{place}/{file}", content, part)
        _note(part, place, file, content)


def _note(part: Part, place: str, file: str, content: bytes) -> None:
    """Keeps what licences and bill of materials are made of."""
    if _LICENCE.match(file) and not file.endswith(_CODE):
        part.texts.append(Text(file, content.decode(errors="replace")))
    if _BUNDLED.match(file):
        part.bundled.append(f"{place}/{file}")
    if ".dist-info/sboms/" in file:
        part.boms.append(content.decode())


def _part(found: Distribution, kind: str) -> Part:
    metadata = found.metadata
    # One of them, by what the packager's tools knew; some have the whole text under License.
    licence = next(
        (metadata[key] for key in ("License-Expression", "License") if key in metadata), ""
    )
    if not licence or len(licence.splitlines()) > 1:
        classifiers = metadata.get_all("Classifier") or []
        named = [line.split(" :: ")[-1] for line in classifiers if line.startswith("License ::")]
        licence = " AND ".join(named)
    return Part(normalised(metadata["Name"]), metadata["Version"], kind, licence=licence)


def _check(part: Part, sums: Mapping[str, str], file: str, content: bytes) -> None:
    """Compares a file with its sum in RECORD, since what somebody changed later is not shipped."""
    if file not in sums:
        return
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    if digest != sums[file]:
        raise ValueError(
            f"{file} of {part.name} is not what its RECORD says: install it anew, or give its wheel"
        )


def write_records(tree: Tree, place: str = DIST_PACKAGES) -> None:
    """Writes each RECORD anew, for the files that were carried and as they are now."""
    for part in tree.parts.values():
        names = [name for name in tree.files_of(part) if name.startswith(f"{place}/")]
        records = [name for name in names if name.endswith(".dist-info/RECORD")]
        for record in records:
            lines = [f"{record.removeprefix(place + '/')},,"]
            for name in names:
                if name != record:
                    content = tree.path(name).read_bytes()
                    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest())
                    short = digest.rstrip(b"=").decode()
                    lines.append(f"{name.removeprefix(place + '/')},sha256={short},{len(content)}")
            tree.path(record).write_text("\n".join(sorted(lines)) + "\n")


def report_dropped(dropped: Counter[str]) -> None:
    """Tells what was left out, the largest first."""
    for reason, size in sorted(dropped.items(), key=lambda item: (-item[1], item[0])):
        print(f"  left out {size / 1e6:8.1f} MB: {reason}", file=sys.stderr)
