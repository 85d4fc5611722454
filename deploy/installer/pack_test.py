"""The packer makes the same bytes of the same tree, and refuses what is no tree."""

import io
import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from deploy.installer import pack
from deploy.installer.small_tree import InstallerFile, Workshop, write_tree


def test_the_same_tree_makes_the_same_bytes_elsewhere(workshop: Workshop, tmp_path: Path) -> None:
    files = {"lib/data": bytes(range(256)) * 5000}
    first = workshop.make("first", files=files).path.read_bytes()
    other = Workshop(tmp_path / "a folder", workshop.packages, workshop.versions)
    other.folder.mkdir()
    assert other.make("other", files=files).path.read_bytes() == first


def test_how_many_threads_compress_does_not_show(workshop: Workshop, tmp_path: Path) -> None:
    source = tmp_path / "source"
    # Several of zstd's jobs, of 8 MiB at this level.
    source.write_bytes(b"".join(b"%d" % (number * number) for number in range(3_000_000)))
    packages = workshop.packages
    made = []
    for threads in ("1", "2", "5"):
        command = [
            str(pack.find(packages, pack.LOADER)),
            "--library-path",
            ":".join(str(pack.find(packages, name).parent) for name in pack.LIBRARIES),
            str(pack.find(packages, "zstd")),
            "--quiet",
            "-1",
            "--long=27",
            f"-T{threads}",
            "-B1MiB",
            "-c",
            str(source),
        ]
        made.append(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    assert made[0] == made[1] == made[2]


def test_nothing_is_left_beside_the_file(small: InstallerFile) -> None:
    assert [path.name for path in small.path.parent.glob(f"{small.path.name}.*")] == []


def test_the_header_is_one_block_of_text_that_ends_with_exit(small: InstallerFile) -> None:
    header = small.path.read_bytes()[: pack.BLOCK].decode("ascii")
    assert header.startswith("#!/bin/sh\n")
    assert header.rstrip().endswith('"$@"; exit')
    assert "@" not in header.replace('"$@"', "")
    assert "shellcheck" not in header


def refusal(workshop: Workshop, tar: Path) -> str:
    with pytest.raises(ValueError, match=r"\w") as caught:
        pack.pack(tar, workshop.packages, workshop.versions, tar.with_suffix(".sh"), 1)
    assert not tar.with_suffix(".sh").exists()
    return str(caught.value)


def test_a_tar_that_is_no_tree_is_refused(workshop: Workshop, tmp_path: Path) -> None:
    tar = tmp_path / "other.tar"
    with tarfile.open(tar, "w") as archive:
        archive.addfile(tarfile.TarInfo("VERSION"), io.BytesIO())
    assert "it has no PROFILE, SHA256SUMS, share/licenses.txt" in refusal(workshop, tar)


@pytest.mark.parametrize(
    ("name", "link", "reason"),
    [
        ("../passwd", "", "leads out of the tree"),
        ("lib/python", "/usr/bin/python3", "links must be relative"),
    ],
)
def test_what_leads_out_of_the_tree_is_refused(
    workshop: Workshop, tmp_path: Path, name: str, link: str, reason: str
) -> None:
    tar = tmp_path / "bad.tar"
    write_tree(tar, files={})
    entry = tarfile.TarInfo(name)
    if link:
        entry.type = tarfile.SYMTYPE
        entry.linkname = link
    with tarfile.open(tar, "a") as archive:
        archive.addfile(entry, io.BytesIO())
    assert reason in refusal(workshop, tar)


def test_a_package_that_is_not_unpacked_is_named(workshop: Workshop, tmp_path: Path) -> None:
    tar = tmp_path / "tree.tar"
    write_tree(tar, files={})
    lacking = Workshop(tmp_path, tmp_path / "no-packages", workshop.versions)
    assert "the package busybox-static is not unpacked" in refusal(lacking, tar)


def test_wrong_input_ends_the_command_with_a_reason(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["--tree", "nowhere.tar", "--packages", ".", "--versions", "v", "--out", "out.sh"]
    assert pack.main(words) == 1
    assert "nowhere.tar" in capsys.readouterr().err


def test_bill_of_materials_and_licenses_name_what_the_installer_carries(
    small: InstallerFile,
) -> None:
    document = json.loads(small.run("--sbom").stdout)
    names = {component["name"] for component in document["components"]}
    assert {"busybox-static", "zstd", "libc6"} <= names
    licenses = small.run("--license").stdout
    assert licenses.startswith("The licenses of the tree.")
    assert "busybox-static 1:1.35" in licenses
    assert "GNU GENERAL PUBLIC LICENSE" in licenses or "GPL-2" in licenses
