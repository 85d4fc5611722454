"""The image, built of the tarball alone and without a registry, serves as nobody."""

import json
import os
import stat
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.testing.bare_root import USER, BareRoot
from deploy.testing.runfile import runfile
from deploy.testing.served import MODEL, ask, copy_model, served

SECONDS = 900.0
# The driver that works on every file system; the image has few layers.
BUILDAH = ("buildah", "--storage-driver=vfs")


def buildah(*words: object) -> str:
    """Runs buildah to a good end; returns what it prints."""
    done = subprocess.run(
        [*BUILDAH, *map(str, words)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The image's name; it is made as the tarball's README says."""
    assert os.geteuid() == 0, "only root can run what buildah made here: run this as root"
    folder = tmp_path_factory.mktemp("unpacked")
    (tarball,) = runfile("deploy/server").glob("*.tar.xz")
    subprocess.run(["tar", "-xJf", tarball, "-C", folder], check=True)
    (context,) = folder.iterdir()
    name = f"localhost/trilho-server-{uuid.uuid4().hex}"
    buildah("build", "--pull-never", "--format=docker", f"--tag={name}", context)
    yield name
    buildah("rmi", name)


@pytest.fixture(scope="module")
def files(image: str) -> Iterator[Path]:
    """Where the files of a container of the image are on this machine."""
    made = buildah("from", "--pull-never", image)
    yield Path(buildah("mount", made))
    buildah("rm", made)


@pytest.fixture(scope="module")
def configuration(image: str) -> dict[str, Any]:
    """How engines start the image."""
    read: dict[str, Any] = json.loads(buildah("inspect", "--type=image", image))["Docker"]["config"]
    return read


def test_engines_are_told_all_that_they_need(configuration: dict[str, Any]) -> None:
    assert configuration["User"] == f"{USER}:{USER}"
    assert sorted(configuration["ExposedPorts"]) == ["8500/tcp", "8501/tcp"]
    assert configuration["Healthcheck"]["Test"][0] == "CMD"


def test_nothing_is_in_it_but_the_server(files: Path) -> None:
    found = [path.relative_to(files) for path in files.rglob("*") if not path.is_dir()]
    assert found
    assert all(path.is_relative_to("usr/lib/trilho") for path in found), found
    # Root's, and for everybody to read.
    for path in found:
        status = (files / path).stat()
        assert (status.st_uid, status.st_mode & 0o044) == (0, 0o044), path


def test_it_serves_and_its_health_check_knows(
    files: Path, configuration: dict[str, Any], tmp_path: Path
) -> None:
    # Mounts that an engine adds, but for the namespaces: nothing here tests engines.
    for folder in ("proc", "dev"):
        (files / folder).mkdir()
    os.mknod(files / "dev/urandom", 0o666 | stat.S_IFCHR, os.makedev(1, 9))
    (files / "dev/urandom").chmod(0o666)
    copy_model(files / "models/model")
    container = BareRoot(files)
    free = {"--port=8500": "--port=0", "--rest_api_port=8501": "--rest_api_port=-1"}
    entry = [free.get(word, word) for word in configuration["Entrypoint"]]
    assert set(free.values()) <= set(entry)
    # The image's own flags name a model called "model".
    flags = [word.replace("=model", f"={MODEL}", 1) for word in configuration["Cmd"][:1]]
    words = container.words(*entry, *flags, *configuration["Cmd"][1:], user=USER)
    with served(words, tmp_path / "log") as ports:
        ask(ports)
        health = configuration["Healthcheck"]["Test"][1:]
        asked = [str(ports.http) if word == "8501" else word for word in health]
        container.run(*asked, user=USER)
    assert "Connection refused" in container.run(*asked, user=USER, code=1).stdout
    assert "--no_such" in container.run(*entry, "--no_such", user=USER, code=2).stderr
