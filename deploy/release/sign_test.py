import os
import re
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.release import sign, sums
from deploy.release.made_up import VERSION, made_up_release

DOCUMENT = Path("docs/releasing.md")
WHO = "release@example.org"


@pytest.fixture
def release(tmp_path: Path) -> Path:
    return made_up_release(tmp_path)


@pytest.fixture
def minisign_key(tmp_path: Path) -> Path:
    """A key that is thrown away: trilho.key, without a password, and trilho.pub beside it."""
    key = tmp_path / "trilho.key"
    subprocess.run(
        ["minisign", "-G", "-W", "-s", str(key), "-p", str(tmp_path / "trilho.pub")],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return key


@pytest.fixture
def gpg_key(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A key that is thrown away with its folder, whose name is short enough for a socket."""
    home = tempfile.mkdtemp(prefix="gpg-", dir="/tmp")
    monkeypatch.setenv("GNUPGHOME", home)
    options = ["--batch", "--quiet", "--pinentry-mode=loopback", "--passphrase", ""]
    subprocess.run(
        ["gpg", *options, "--quick-generate-key", WHO, "ed25519", "sign", "never"], check=True
    )
    yield WHO
    subprocess.run(["gpgconf", "--kill", "all"], check=True)
    shutil.rmtree(home)


def documented(title: str) -> str:
    """The commands of docs/releasing.md below a headline."""
    text = DOCUMENT.read_text()
    section = text.partition(f"## {title}\n")[2].partition("\n## ")[0]
    commands = "\n".join(re.findall(r"^```sh\n(.*?)^```", section, re.DOTALL | re.MULTILINE))
    assert commands, f"{DOCUMENT} has no commands below {title}"
    return commands


def run(commands: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["sh", "-eu", "-c", commands],
        check=False,
        cwd=folder,
        env={**os.environ, "LC_ALL": "C"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_release_is_verified_as_the_document_says(
    release: Path, minisign_key: Path, gpg_key: str, tmp_path: Path
) -> None:
    arguments = ["--minisign-key", str(minisign_key), "--gpg-key", gpg_key]
    assert sign.main(["--dist", str(release), *arguments]) == 0
    shutil.copy(tmp_path / "trilho.pub", release)
    done = run(documented("Verify"), release)
    assert done.returncode == 0, done.stdout
    assert "Signature and comment signature verified" in done.stdout
    assert f"Trusted comment: file:SHA256SUMS release:{VERSION}" in done.stdout
    assert f"trilho-{VERSION}-linux-x86_64.sh: OK" in done.stdout
    assert "Good signature" in done.stdout


@pytest.mark.parametrize("name", [f"trilho-{VERSION}-linux-x86_64.sh", sums.NAME])
def test_an_altered_file_is_found(
    release: Path, minisign_key: Path, gpg_key: str, tmp_path: Path, name: str
) -> None:
    arguments = ["--minisign-key", str(minisign_key), "--gpg-key", gpg_key]
    assert sign.main(["--dist", str(release), *arguments]) == 0
    shutil.copy(tmp_path / "trilho.pub", release)
    with (release / name).open("a") as file:
        file.write("\n")
    assert run(documented("Verify"), release).returncode != 0


def test_the_same_release_has_the_same_minisign_signature(
    release: Path, minisign_key: Path
) -> None:
    first = sign.sign_sums_minisign(release, minisign_key).read_bytes()
    assert sign.sign_sums_minisign(release, minisign_key).read_bytes() == first


def test_a_signed_bundle_has_a_signature_of_each_file_and_the_plain_one_stays(
    release: Path, gpg_key: str, tmp_path: Path
) -> None:
    bundle = release / f"trilho-client-{VERSION}-bundle.zip"
    before = bundle.read_bytes()
    assert sign.main(["--dist", str(release), "--gpg-key", gpg_key]) == 0
    assert bundle.read_bytes() == before
    assert sums.check(release)
    with zipfile.ZipFile(release / f"trilho-client-{VERSION}-bundle-signed.zip") as archive:
        names = set(archive.namelist())
        archive.extractall(tmp_path / "signed")
    plain = [name for name in names if name.endswith((".jar", ".json"))]
    assert len(plain) == 2
    for name in plain:
        assert {f"{name}.asc", f"{name}.md5", f"{name}.sha1"} <= names
        file = tmp_path / "signed" / name
        subprocess.run(["gpg", "--verify", f"{file}.asc", str(file)], check=True)
    assert not [name for name in names if name.endswith((".asc.md5", ".md5.asc"))]


def test_a_damaged_release_is_not_signed(
    release: Path, minisign_key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (release / f"trilho-{VERSION}-linux-x86_64.sh").write_text("altered")
    assert sign.main(["--dist", str(release), "--minisign-key", str(minisign_key)]) == 1
    assert "its hash differs" in capsys.readouterr().err
    assert not (release / f"{sums.NAME}.minisig").exists()


def test_a_failed_signature_leaves_nothing(
    release: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(path.name for path in release.iterdir())
    no_key = tmp_path / "no.key"
    no_key.write_text("not a key\n")
    assert sign.main(["--dist", str(release), "--minisign-key", str(no_key)]) == 1
    assert "minisign ended with" in capsys.readouterr().err
    assert sorted(path.name for path in release.iterdir()) == before


def test_wrong_usage_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, said in (
        ([], "give --minisign-key, --gpg-key or both"),
        (["--minisign-key", "gone.key"], "gone.key is no file"),
    ):
        with pytest.raises(SystemExit, match="2"):
            sign.main(arguments)
        assert said in capsys.readouterr().err
