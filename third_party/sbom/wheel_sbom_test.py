import json
from pathlib import Path
from typing import Any

from third_party.sbom import wheel_sbom

LOCK = """\
base==1
    # via -r requirements.in
below==2
    # via
    #   base
    #   heavy
heavy==3
    # via -r requirements.in
only-heavy==4
    # via heavy
protos==5
    # via -r requirements.in
unrelated==6
    # via -r requirements.in
"""


def bill(folder: Path) -> dict[str, Any]:
    lock = folder / "lock.txt"
    lock.write_text(LOCK)
    content: dict[str, Any] = json.loads(
        wheel_sbom.bill(
            name="trilho",
            version="0.1.0",
            requires=["base", "heavy;train"],
            carried=["protos=Apache-2.0=Its descriptors"],
            locks=[lock],
        )
    )
    return content


def test_what_an_extra_needs_alone_is_optional(tmp_path: Path) -> None:
    parts = {part["name"]: part for part in bill(tmp_path)["components"]}
    assert {name: part["scope"] for name, part in parts.items()} == {
        "base": "required",
        "below": "required",
        "heavy": "optional",
        "only-heavy": "optional",
        "protos": "required",
    }


def test_edges_are_those_of_the_lock(tmp_path: Path) -> None:
    edges = {edge["ref"]: edge["dependsOn"] for edge in bill(tmp_path)["dependencies"]}
    assert edges["pkg:pypi/trilho@0.1.0"] == [
        *("pkg:pypi/base@1", "pkg:pypi/heavy@3", "pkg:pypi/protos@5")
    ]
    assert edges["pkg:pypi/heavy@3"] == ["pkg:pypi/below@2", "pkg:pypi/only-heavy@4"]


def test_what_is_inside_is_told_from_what_pip_fetches(tmp_path: Path) -> None:
    content = bill(tmp_path)
    how = {part["name"]: part["properties"][0]["value"] for part in content["components"]}
    assert [name for name, value in how.items() if value == "carried"] == ["protos"]
    assert {entry["aggregate"] for entry in content["compositions"]} == {
        *("complete", "incomplete_third_party_only")
    }
