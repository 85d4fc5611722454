import json
from typing import Any

import pytest

from third_party.sbom import cyclonedx

COMPLETENESS = {"assemblies": "complete", "dependencies": "incomplete", "why": "It is a test."}


def part(name: str, **fields: Any) -> cyclonedx.Part:
    return cyclonedx.Part(name=name, version="1", purl=f"pkg:generic/{name}@1", **fields)


def written(*parts: cyclonedx.Part, needs: tuple[str, ...] = ()) -> dict[str, Any]:
    subject = part("app", license="Apache-2.0", needs=needs)
    content: dict[str, Any] = json.loads(
        cyclonedx.document(subject, parts, completeness=COMPLETENESS)
    )
    return content


def test_a_document_names_parts_edges_and_how_complete_it_is() -> None:
    bill = written(
        part("b", sha256="00" * 32, how=cyclonedx.CARRIED, license="MIT"),
        part("a", needs=("pkg:generic/b@1",), scope="optional"),
        needs=("pkg:generic/a@1",),
    )
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["purl"] == "pkg:generic/app@1"
    assert "timestamp" not in bill["metadata"]
    first, second = bill["components"]
    assert (first["name"], first["scope"]) == ("a", "optional")
    assert second["hashes"] == [{"alg": "SHA-256", "content": "00" * 32}]
    assert second["licenses"] == [{"expression": "MIT"}]
    assert second["properties"] == [{"name": "trilho:how", "value": "carried"}]
    assert {edge["ref"]: edge["dependsOn"] for edge in bill["dependencies"]} == {
        "pkg:generic/app@1": ["pkg:generic/a@1"],
        "pkg:generic/a@1": ["pkg:generic/b@1"],
        "pkg:generic/b@1": [],
    }
    assert bill["compositions"] == [
        {"aggregate": "complete", "assemblies": ["pkg:generic/app@1"]},
        {"aggregate": "incomplete", "dependencies": ["pkg:generic/app@1"]},
    ]
    assert bill["metadata"]["properties"] == [
        {"name": "trilho:completeness", "value": "It is a test."}
    ]


def test_order_does_not_matter_and_content_does() -> None:
    one, other, third = part("a"), part("b"), part("c")
    assert written(one, other) == written(other, one)
    assert written(one, other)["serialNumber"] != written(one, third)["serialNumber"]


def test_needs_that_are_not_listed_are_refused() -> None:
    with pytest.raises(ValueError, match="a@1 needs what is not listed: pkg:generic/gone@1"):
        written(part("a", needs=("pkg:generic/gone@1",)))


def test_a_part_is_listed_once() -> None:
    with pytest.raises(ValueError, match="listed twice: pkg:generic/a@1"):
        written(part("a"), part("a"))


def merged(*files: tuple[cyclonedx.Part, dict[str, Any] | None]) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(cyclonedx.merged(part("all"), files, why="All of it."))
    return content


def test_merged_bills_share_parts_and_keep_edges_and_completeness() -> None:
    bill = written(part("a"), needs=("pkg:generic/a@1",))
    together = merged(
        (part("one.deb", kind="file"), bill),
        (part("one.rpm", kind="file"), bill),
        (part("z"), None),
    )
    assert [entry["name"] for entry in together["components"]] == [
        *("a", "app", "one.deb", "one.rpm", "z")
    ]
    edges = {edge["ref"]: edge["dependsOn"] for edge in together["dependencies"]}
    assert edges["pkg:generic/all@1"] == [
        f"pkg:generic/{name}@1" for name in ("one.deb", "one.rpm", "z")
    ]
    assert edges["pkg:generic/one.deb@1"] == edges["pkg:generic/one.rpm@1"] == ["pkg:generic/app@1"]
    assert edges["pkg:generic/app@1"] == ["pkg:generic/a@1"]
    assert edges["pkg:generic/z@1"] == []
    assert together["compositions"][0] == {
        "aggregate": "complete",
        "assemblies": ["pkg:generic/all@1"],
    }
    assert together["compositions"][1:] == bill["compositions"]


def test_a_part_keeps_what_any_artifact_has_inside_of_it() -> None:
    bills = []
    for name, inside in (("full", "blas"), ("core", "fortran")):
        bill = written(part("numpy"))
        bill["metadata"]["component"]["bom-ref"] = name
        bill["components"][0]["components"] = [
            {"type": "library", "name": inside, "bom-ref": f"numpy#{inside}"}
        ]
        bills.append((part(f"{name}.sh"), bill))
    (numpy,) = (entry for entry in merged(*bills)["components"] if entry["name"] == "numpy")
    assert [entry["name"] for entry in numpy["components"]] == ["blas", "fortran"]


def test_two_bills_of_one_artifact_are_refused() -> None:
    with pytest.raises(ValueError, match="two different bills are of pkg:generic/app@1"):
        merged((part("one"), written(part("a"))), (part("two"), written(part("b"))))
