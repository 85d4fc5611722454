"""Writes software bills of materials, as CycloneDX has them in JSON.

The same parts give the same bytes.
"""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

__all__ = ["CARRIED", "DECLARED", "Part", "document", "merged", "serialized"]

SPEC_VERSION = "1.6"
# Values of the property HOW: a part is inside the file, or is fetched when the file is installed.
CARRIED = "carried"
DECLARED = "declared"
HOW = "trilho:how"
COMPLETENESS = "trilho:completeness"
# Names a document by what is in it: two builds of the same parts give the same serial number.
_NAMESPACE = uuid.UUID("5f1d6c0e-6c1d-5c0e-9d2b-7f3a1d0c9e44")

Document = dict[str, object]


@dataclass(frozen=True, kw_only=True)
class Part:
    """A library, a program or a file.

    Attributes:
        name: Its name where it comes from.
        version: Its version there.
        purl: A package URL, which is its identity in the document as well.
        group: The organisation that publishes it, where its kind of package has such a name.
        kind: CycloneDX's type.
        license: An SPDX expression, or nothing where no lock tells it.
        sha256: The hash of its file, where the lock pins a single file.
        how: CARRIED or DECLARED.
        scope: "required", or "optional" for what only an extra needs.
        description: What of it is there, where that is not all of it.
        needs: Package URLs of what it needs.
    """

    name: str
    version: str
    purl: str
    group: str = ""
    kind: str = "library"
    license: str = ""
    sha256: str = ""
    how: str = DECLARED
    scope: str = "required"
    description: str = ""
    needs: tuple[str, ...] = ()


def document(subject: Part, parts: Iterable[Part], *, completeness: Mapping[str, str]) -> bytes:
    """Writes the bill of one artifact.

    Args:
        subject: The artifact. Its `needs` are the first edges of the graph.
        parts: All it carries and declares. Needs that are not among them are refused.
        completeness: CycloneDX's word for how much is known (as "complete"), for "assemblies"
            (what is carried) and "dependencies" (what is declared), and under "why" a sentence
            that explains it.

    Returns:
        The document.

    Raises:
        ValueError: A part needs one that is not listed, or two parts have one package URL.
    """
    ordered = sorted(parts, key=lambda part: part.purl)
    known = [part.purl for part in ordered]
    if twice := sorted({purl for purl in known if known.count(purl) > 1}):
        raise ValueError(f"listed twice: {', '.join(twice)}")
    for part in (subject, *ordered):
        if missing := sorted(set(part.needs) - set(known)):
            raise ValueError(f"{part.purl} needs what is not listed: {', '.join(missing)}")
    return serialized(
        {
            "metadata": {
                # The subject is neither carried nor declared.
                "component": _component(replace(subject, scope=""), how=False),
                "properties": [{"name": COMPLETENESS, "value": completeness["why"]}],
            },
            "components": [_component(part) for part in ordered],
            "dependencies": [_edges(part.purl, part.needs) for part in (subject, *ordered)],
            "compositions": [
                {"aggregate": completeness[what], what: [subject.purl]}
                for what in ("assemblies", "dependencies")
            ],
        }
    )


def merged(
    subject: Part, files: Sequence[tuple[Part, Mapping[str, object] | None]], *, why: str
) -> bytes:
    """Writes the bill of several files, from the bills of the artifacts that they are files of.

    A file needs its artifact, and that needs its parts. A part of several artifacts is listed once.
    Each artifact's completeness is kept.

    Args:
        subject: What the files are together.
        files: Each file, and the bill of what is in it, if there is one.
        why: A sentence about completeness.

    Returns:
        The document.

    Raises:
        ValueError: Two artifacts have the same name and other parts.
    """
    components: dict[str, object] = {}
    needs: dict[str, set[str]] = {subject.purl: {part.purl for part, _ in files}}
    subjects: dict[str, Mapping[str, object]] = {}
    compositions: list[object] = [{"aggregate": "complete", "assemblies": [subject.purl]}]
    for part, bill in files:
        components[part.purl] = _component(replace(part, how=CARRIED, scope=""))
        needs[part.purl] = set()
        if bill is None:
            continue
        own = _object(_object(bill["metadata"])["component"])
        needs[part.purl].add(_reference(own))
        if subjects.setdefault(_reference(own), bill) != bill:
            raise ValueError(
                f"two different bills are of {_reference(own)}, one that of {part.name}"
            )
        for entry in (own, *map(_object, _list(bill.get("components")))):
            components[_reference(entry)] = _united(components.get(_reference(entry)), entry)
        for edge in map(_object, _list(bill.get("dependencies"))):
            found = {str(target) for target in _list(edge.get("dependsOn"))}
            needs.setdefault(str(edge["ref"]), set()).update(found)
        compositions += [
            entry for entry in _list(bill.get("compositions")) if entry not in compositions
        ]
    return serialized(
        {
            "metadata": {
                "component": _component(replace(subject, scope=""), how=False),
                "properties": [{"name": COMPLETENESS, "value": why}],
            },
            "components": [components[name] for name in sorted(components)],
            "dependencies": [_edges(name, needs[name]) for name in sorted(needs)],
            "compositions": compositions,
        }
    )


def _united(one: object, other: Document) -> Document:
    """Joins what two artifacts have of one part: of its own parts, each may have left out some."""
    if one is None:
        return other
    inside = {
        _reference(entry): entry
        for bill in (_object(one), other)
        for entry in map(_object, _list(bill.get("components")))
    }
    united = {**other, **_object(one)}
    if inside:
        united["components"] = [inside[name] for name in sorted(inside)]
    return united


def serialized(content: Mapping[str, object]) -> bytes:
    """Returns `content` as a document, named by what is in it."""
    body = {"bomFormat": "CycloneDX", "specVersion": SPEC_VERSION, "version": 1, **content}
    name = json.dumps(body, sort_keys=True)
    body["serialNumber"] = f"urn:uuid:{uuid.uuid5(_NAMESPACE, name)}"
    return (json.dumps(body, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _component(part: Part, *, how: bool = True) -> Document:
    component: Document = {
        "type": part.kind,
        "bom-ref": part.purl,
        "name": part.name,
        "version": part.version,
        "purl": part.purl,
    }
    if part.group:
        component["group"] = part.group
    if part.description:
        component["description"] = part.description
    if part.license:
        component["licenses"] = [{"expression": part.license}]
    if part.sha256:
        component["hashes"] = [{"alg": "SHA-256", "content": part.sha256}]
    if part.scope:
        component["scope"] = part.scope
    if how:
        component["properties"] = [{"name": HOW, "value": part.how}]
    return component


def _edges(source: str, targets: Iterable[str]) -> Document:
    return {"ref": source, "dependsOn": sorted(targets)}


def _reference(component: Mapping[str, object]) -> str:
    return str(component.get("bom-ref") or component["purl"])


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError(f"expected an object, got {value!r}")
    return value


def _list(value: object) -> list[object]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise TypeError(f"expected a list, got {value!r}")
    return value
