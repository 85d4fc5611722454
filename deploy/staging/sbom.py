"""The software bill of materials, in CycloneDX's JSON.

Scanners of files find Python's packages by their metadata and nothing else. This is made from what
staged the parts, so that it names Debian's libraries, the libraries that wheels bundle, and the
static code in the server as well.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from deploy.staging.parts import Part, Tree

_Json = dict[str, Any]
# libNAME-HASH.so.VERSION, as auditwheel renames what it bundles; a library renamed twice has two of
# them.
_AUDITWHEEL = re.compile(r"(?P<name>.+?)(-[0-9a-f]{8})+\.so(\.(?P<version>[0-9.]+))?$")
_WHEEL = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)-.*\.whl$")
# How TensorFlow's notices name what was compiled in.
_NOTICED = re.compile(r"^== (.+?)\s*$", re.MULTILINE)
_NATIVE = re.compile(r"\.so(\.[0-9.]+)?$")


def bill_of_materials(tree: Tree, name: str, version: str) -> str:
    """Returns the document; the same tree gives the same bytes."""
    root = f"{name}@{version}"
    parts = sorted(tree.parts.values(), key=lambda part: part.key)
    document: _Json = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": name,
                "version": version,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            },
            "properties": [{"name": "trilho:completeness", "value": _COMPLETENESS}],
        },
        "components": [_component(tree, part) for part in parts],
        "dependencies": [
            {"ref": root, "dependsOn": [part.key for part in parts]},
            *({"ref": part.key, "dependsOn": _needs(tree, part)} for part in parts),
        ],
        "compositions": _compositions(tree, root, parts),
    }
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).digest()
    # A name for this content: not a random one, so that a second build has it again.
    document["serialNumber"] = f"urn:uuid:{uuid.UUID(bytes=digest[:16], version=4)}"
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


_COMPLETENESS = (
    "All Debian packages, wheels and statically linked Debian packages are named, and the "
    "libraries that wheels bundle as files. What is compiled into a wheel's own libraries is named "
    "as far as the wheel's own bill of materials or its notices name it, without versions where "
    "those give none."
)


def _needs(tree: Tree, part: Part) -> list[str]:
    return sorted({need for need in part.needs if need in tree.parts})


def _compositions(tree: Tree, root: str, parts: Iterable[Part]) -> list[_Json]:
    """States what is all there is, and where there may be more."""
    native = sorted(
        part.key
        for part in parts
        if part.kind == "wheel" and any(_NATIVE.search(name) for name in tree.files_of(part))
    )
    rest = sorted(part.key for part in parts if part.key not in native)
    found = [{"aggregate": "complete", "assemblies": [root]}]
    if native:
        found.append({"aggregate": "incomplete", "assemblies": native})
    return [*found, {"aggregate": "unknown", "assemblies": rest}]


def _component(tree: Tree, part: Part) -> _Json:
    component: _Json = {
        "type": "application" if part.name == "trilho-server" else "library",
        "bom-ref": part.key,
        "name": part.name,
        "version": part.version,
        "purl": _purl(part),
        "properties": [{"name": "trilho:kind", "value": part.kind}],
    }
    if part.licence:
        component["licenses"] = [{"license": {"name": part.licence}}]
    if part.source:
        component["properties"].append({"name": "debian:source", "value": part.source})
    if part.sha256:
        component["hashes"] = [{"alg": "SHA-256", "content": part.sha256}]
    inside = [*_bundled(tree, part), *_declared(part), *_noticed(part)]
    if inside:
        component["components"] = inside
    return component


def _purl(part: Part) -> str:
    if part.kind in {"debian", "static"}:
        return f"pkg:deb/debian/{quote(part.name)}@{quote(part.version)}?distro=debian-12"
    if part.name == "trilho-server":
        return f"pkg:generic/{part.name}@{part.version}"
    return f"pkg:pypi/{part.name}@{quote(part.version)}"


def _bundled(tree: Tree, part: Part) -> list[_Json]:
    """Describes the libraries of others among a part's files, by the names of the files."""
    found = []
    for file in sorted(part.bundled):
        name = PurePosixPath(file).name
        component: _Json = {
            "type": "library",
            "bom-ref": f"{part.key}#{name}",
            "name": name,
            "hashes": [
                {
                    "alg": "SHA-256",
                    "content": hashlib.sha256(tree.path(file).read_bytes()).hexdigest(),
                }
            ],
            "properties": [{"name": "trilho:file", "value": file}],
        }
        if wheel := _WHEEL.match(name):
            component |= {"name": wheel["name"], "version": wheel["version"]}
            component["purl"] = f"pkg:pypi/{wheel['name']}@{wheel['version']}"
        elif library := _AUDITWHEEL.match(name):
            component["name"] = library["name"]
            if library["version"]:
                soname = {"name": "trilho:soname-version", "value": library["version"]}
                component["properties"].append(soname)
        found.append(component)
    return found


def _declared(part: Part) -> list[_Json]:
    """Takes over what a part's own bills of materials name."""
    found: dict[str, _Json] = {}
    for bom in part.boms:
        for component in json.loads(bom).get("components", []):
            purl = component.get("purl", "")
            # The part itself, or a module of it.
            if purl.startswith(f"pkg:pypi/{part.name.replace('-', '_')}@"):
                continue
            ref = f"{part.key}#{purl or component['name']}"
            kept = {key: component[key] for key in ("name", "version", "purl") if key in component}
            found[ref] = {"type": "library", "bom-ref": ref, **kept}
    return [found[ref] for ref in sorted(found)]


def _noticed(part: Part) -> list[_Json]:
    """Names what TensorFlow's notices say was compiled in; they give no versions."""
    texts = [text.content for text in part.texts if text.name.endswith("THIRD_PARTY_NOTICES.txt")]
    names = sorted({name for text in texts for name in _NOTICED.findall(text)})
    return [{"type": "library", "bom-ref": f"{part.key}#{name}", "name": name} for name in names]
