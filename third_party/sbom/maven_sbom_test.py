import json
from pathlib import Path
from typing import Any

import pytest

from third_party.sbom import maven_sbom

RESOLVED = [
    "io.grpc:grpc-api:1.84.1=grpc-api-1.84.1.jar=com.google:guava:33",
    "com.google:guava:33=guava-33.jar=",
]


def bill(folder: Path, resolved: list[str] = RESOLVED) -> dict[str, Any]:
    sums = folder / "jars.sha256"
    sums.write_text(f"{'a' * 64}  grpc-api-1.84.1.jar\n{'b' * 64}  guava-33.jar\n")
    lock = folder / "lock.txt"
    lock.write_text("protos==5 \\\n")
    content: dict[str, Any] = json.loads(
        maven_sbom.bill(
            coordinates="io.trilho:trilho-client:0.1.0",
            direct=["io.grpc:grpc-api:1.84.1"],
            resolved=resolved,
            sums=sums,
            carried=["protos=Apache-2.0=Classes made of them"],
            locks=[lock],
        )
    )
    return content


def test_parts_have_the_hashes_of_the_lock(tmp_path: Path) -> None:
    parts = {part["purl"]: part for part in bill(tmp_path)["components"]}
    guava = parts["pkg:maven/com.google/guava@33?type=jar"]
    assert guava["hashes"] == [{"alg": "SHA-256", "content": "b" * 64}]
    assert (guava["group"], guava["name"], guava["version"]) == ("com.google", "guava", "33")
    assert "hashes" not in parts["pkg:pypi/protos@5"]


def test_edges_go_from_the_jar_to_what_its_pom_names_and_on(tmp_path: Path) -> None:
    edges = {edge["ref"]: edge["dependsOn"] for edge in bill(tmp_path)["dependencies"]}
    grpc = "pkg:maven/io.grpc/grpc-api@1.84.1?type=jar"
    assert edges["pkg:maven/io.trilho/trilho-client@0.1.0?type=jar"] == [grpc, "pkg:pypi/protos@5"]
    assert edges[grpc] == ["pkg:maven/com.google/guava@33?type=jar"]


def test_a_jar_that_is_not_locked_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"jars.sha256 has no other-1.jar"):
        bill(tmp_path, ["io.other:other:1=other-1.jar=", *RESOLVED])
