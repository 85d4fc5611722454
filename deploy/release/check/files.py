"""Checks a release's files as they lie there: names, hashes, bills of materials."""

import json
import re
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from deploy.release import bills, sums

__all__ = ["check_bill", "check_listed", "check_schema", "version_of"]

_VERSION = re.compile(r"^trilho-(\d[^-]*)\.cdx\.json$")


def version_of(dist: Path) -> str:
    """Returns the version of a release, which the name of its bill of materials tells.

    Raises:
        ValueError: The folder has no such file, or several.
    """
    found = [match[1] for file in dist.iterdir() if (match := _VERSION.match(file.name))]
    if len(found) != 1:
        raise ValueError(f"{dist}: expected one trilho-VERSION.cdx.json, found {len(found)}")
    return found[0]


def check_listed(dist: Path) -> list[str]:
    """Checks that the folder, SHA256SUMS and the bill of materials name the same files.

    Args:
        dist: A release. Signatures may lie there, too.

    Returns:
        The names of the artifacts.

    Raises:
        ValueError: They differ, or a file is not what they say.
    """
    version = version_of(dist)
    summed = set(sums.check(dist))
    bill = json.loads((dist / f"trilho-{version}.cdx.json").read_text())
    listed = {
        part["name"]: part["hashes"][0]["content"]
        for part in bill["components"]
        if part["type"] == "file" and part["purl"] == f"pkg:generic/{part['name']}@{version}"
    }
    own = {f"trilho-{version}.cdx.json", f"trilho-{version}-licenses.txt"}
    if summed != set(listed) | own:
        raise ValueError(f"SHA256SUMS and the bill differ: {sorted(summed ^ (set(listed) | own))}")
    for name, digest in listed.items():
        if sums.sha256(dist / name) != digest:
            raise ValueError(f"{name} has another hash than the bill says")
    allowed = summed | {sums.NAME, f"{sums.NAME}.minisig", f"{sums.NAME}.asc"}
    surplus = [
        file.name
        for file in dist.iterdir()
        if file.name not in allowed and not file.name.endswith("-bundle-signed.zip")
    ]
    if surplus:
        raise ValueError(
            f"{dist} has files that belong to no release: {', '.join(sorted(surplus))}"
        )
    return sorted(listed)


def check_schema(name: str, bill: str) -> None:
    """Checks a document against CycloneDX's own schema.

    Raises:
        ValueError: It does not keep it.
    """
    version = SchemaVersion.from_version(json.loads(bill)["specVersion"])
    error = JsonStrictValidator(version).validate_str(bill)
    if error is not None:
        raise ValueError(f"{name} is no valid CycloneDX document: {error}")


def check_bill(file: Path) -> None:
    """Checks the bill of materials of a wheel or bundle against the schema.

    Raises:
        ValueError: There is none, or it does not keep the schema.
    """
    bill = bills.of_artifact(file)
    if bill is None:
        raise ValueError(f"{file.name} has no bill of materials")
    check_schema(file.name, json.dumps(bill))
