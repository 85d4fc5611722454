"""All licences of all parts, in one file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from deploy.staging.debian import referred_licences
from deploy.staging.parts import Part

_RULE = "=" * 100
_SOURCES = (
    "Files of Debian's packages are carried unchanged, or linked statically, but for ensurepip of",
    "Python, which looks for pip beside itself. Of wheels and of Python, files are left out, and",
    "libraries of wheels are stripped of symbols. TensorFlow's profiler_client.py is changed: it",
    "says that the client of remote profiles is left out.",
    "Debian publishes the sources, old ones in its snapshot archive; sbom.cdx.json names",
    "each package's source, and the package's version.",
)


def licences_text(title: str, parts: Iterable[Part], common_licence: Callable[[str], str]) -> str:
    """Returns a table of the parts, each text once, and what Debian's texts only refer to.

    Every part must have a text: what nobody may copy cannot be carried.
    """
    ordered = sorted(parts, key=lambda part: (part.kind, part.name))
    without = [part.key for part in ordered if not part.texts and not part.licence]
    if without:
        raise ValueError(f"no licence was found of {', '.join(without)}")
    lines = [title, "", *_SOURCES, "", "Parts:", ""]
    lines += [
        f"  {part.name} {part.version} ({part.kind}) {part.licence}".rstrip() for part in ordered
    ]
    seen: dict[str, str] = {}
    referred: set[str] = set()
    for part in ordered:
        for text in part.texts:
            referred |= (
                referred_licences(text.content) if part.kind in {"debian", "static"} else set()
            )
            name = f"{part.name} {part.version}: {text.name}"
            lines += ["", _RULE, name, _RULE, ""]
            first = seen.setdefault(hashlib.sha256(text.content.encode()).hexdigest(), name)
            lines.append(text.content.strip("\n") if first == name else f"The same text as {first}")
        if not part.texts:
            lines += [
                "",
                _RULE,
                f"{part.name} {part.version}",
                _RULE,
                "",
                f"Licence, by its metadata: {part.licence}",
            ]
    for name in sorted(referred):
        heading = f"/usr/share/common-licenses/{name}, which texts above refer to"
        lines += ["", _RULE, heading, _RULE, "", common_licence(name).strip("\n")]
    return "\n".join(lines) + "\n"
