import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.release import bills, sums
from deploy.release.gather import Artifact, gather
from deploy.release.made_up import VERSION, components, made_up_release, staged_tree


def test_a_release_has_its_artifacts_bill_licences_and_hashes(tmp_path: Path) -> None:
    release = made_up_release(tmp_path)
    assert sums.check(release) == [
        f"trilho-{VERSION}-licenses.txt",
        f"trilho-{VERSION}-linux-x86_64.sh",
        f"trilho-{VERSION}.cdx.json",
        f"trilho-client-{VERSION}-bundle.zip",
        f"trilho-server-{VERSION}-linux-x86_64.tar.xz",
    ]
    parts = components(release)
    assert {"trilho-full", "trilho-server", "zlib", "trilho-client", "grpc"} <= set(parts)
    installer = parts[f"trilho-{VERSION}-linux-x86_64.sh"]
    assert installer["description"] == "Installs"
    assert installer["hashes"] == [
        {"alg": "SHA-256", "content": sums.sha256(release / str(installer["name"]))}
    ]
    licenses = (release / f"trilho-{VERSION}-licenses.txt").read_text()
    assert "Apache License" in licenses
    assert "Licences of trilho-full" in licenses
    assert "Licences of trilho-server" in licenses


def test_licences_that_trees_share_come_once(tmp_path: Path) -> None:
    license_ = tmp_path / "LICENSE"
    license_.write_text("Apache License\n")
    trees = {
        "full": {"zlib 1": "Zlib's", "numpy 2": "NumPy's"},
        "server": {"zlib 1": "Zlib's", "numpy 2": "another text", "grpc 3": "gRPC's"},
    }
    gather(
        tmp_path / "release",
        version="1",
        artifacts=[],
        staged={
            name: staged_tree(tmp_path / f"{name}.tar", name, texts)
            for name, texts in trees.items()
        },
        license_=license_,
    )
    text = (tmp_path / "release" / "trilho-1-licenses.txt").read_text()
    for once in ("Licences of full", "Licences of server", "Zlib's", "another text", "gRPC's"):
        assert text.count(once) == 1
    assert text.index("NumPy's") < text.index("Carried in server.tar") < text.index("another text")
    assert "Texts of it that are above already: 1." in text


def test_an_artifact_of_another_name_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "trilho-0.9.0.whl"
    file.touch()
    artifact = Artifact(path=file, file="trilho-1.0.0.whl", title="", staged="")
    with pytest.raises(ValueError, match=r"is to be named trilho-1.0.0.whl"):
        gather(
            tmp_path / "release", version="1", artifacts=[artifact], staged={}, license_=tmp_path
        )


def test_an_artifact_whose_parts_nobody_knows_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "trilho.deb"
    file.write_text("!<arch>\n")
    with pytest.raises(ValueError, match=r"trilho.deb is no zip archive, and the list names no"):
        bills.of_artifact(file)
    installer = tmp_path / "trilho.sh"
    installer.write_text("echo damaged >&2; exit 4\n")
    with pytest.raises(ValueError, match=r"trilho.sh --sbom ended with 4: damaged"):
        bills.of_artifact(installer)
    with zipfile.ZipFile(tmp_path / "two.whl", "w") as archive:
        for name in ("a-1.dist-info/sboms/a.cdx.json", "a-1.dist-info/sboms/b.cdx.json"):
            archive.writestr(name, "{}")
    with pytest.raises(ValueError, match=r"two.whl has several bills"):
        bills.of_artifact(tmp_path / "two.whl")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda file: file.write_text("#!/bin/sh\n# altered\n"), "its hash differs"),
        (lambda file: file.unlink(), "lacks trilho-"),
        (lambda file: (file.parent / sums.NAME).unlink(), "is no release"),
        (lambda file: (file.parent / sums.NAME).write_text(""), "is empty"),
        (lambda file: (file.parent / sums.NAME).write_text("ab trilho\n"), ":1: expected HASH"),
    ],
)
def test_harm_is_named(tmp_path: Path, harm: Callable[[Path], object], said: str) -> None:
    release = made_up_release(tmp_path)
    harm(release / f"trilho-{VERSION}-linux-x86_64.sh")
    with pytest.raises(ValueError, match=said):
        sums.check(release)
