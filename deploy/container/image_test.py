"""The image, built of the tarball alone and without a registry, serves as nobody."""

import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.testing.runfile import runfile
from deploy.testing.served import MODEL, ask, copy_model, served

SECONDS = 900.0
# Neither a base's layers nor control groups are needed where this runs.
BUILDAH = ("buildah", "--storage-driver=vfs")
ISOLATION = "--isolation=chroot"


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
def container(image: str) -> Iterator[str]:
    """A container of the image, whose programs are run one after another."""
    made = buildah("from", "--pull-never", image)
    yield made
    buildah("rm", made)


@pytest.fixture(scope="module")
def configuration(image: str) -> dict[str, object]:
    """How engines start the image."""
    read: dict[str, object] = json.loads(buildah("inspect", "--type=image", image))["Docker"][
        "config"
    ]
    return read


def test_engines_are_told_all_that_they_need(configuration: dict[str, object]) -> None:
    assert configuration["User"] == "65532:65532"
    assert sorted(configuration["ExposedPorts"]) == ["8500/tcp", "8501/tcp"]  # type: ignore[call-overload]
    health = configuration["Healthcheck"]
    assert health["Test"][0] == "CMD"  # type: ignore[index]


def test_nothing_is_in_it_but_the_server(container: str) -> None:
    mounted = Path(buildah("mount", container))
    files = [path.relative_to(mounted) for path in mounted.rglob("*") if not path.is_dir()]
    assert files
    assert all(path.is_relative_to("usr/lib/trilho") for path in files), files
    # Root's, and for everybody to read.
    for path in files:
        status = (mounted / path).stat()
        assert (status.st_uid, status.st_mode & 0o044) == (0, 0o044), path


def test_it_serves_and_its_health_check_knows(
    container: str, configuration: dict[str, object], tmp_path: Path
) -> None:
    copy_model(tmp_path / "models" / MODEL)
    # pytest's folders are for their owner alone.
    mounted = f"--volume={tmp_path / 'models' / MODEL}:/models/model:ro"
    run = [*BUILDAH, "run", ISOLATION, "--user=65532:65532", mounted, container, "--"]
    entry = configuration["Entrypoint"]
    assert isinstance(entry, list)
    flags = [f"--model_name={MODEL}", "--model_base_path=/models/model"]
    health = configuration["Healthcheck"]["Test"][1:]  # type: ignore[index]
    free = [word.replace("8500", "0").replace("8501", "-1") for word in entry]
    with served([*run, *free, *flags], tmp_path / "log") as ports:
        ask(ports)
        asked = [word.replace("8501", str(ports.http)) for word in health]
        assert subprocess.run([*run, *asked], timeout=SECONDS, check=False).returncode == 0
    assert subprocess.run([*run, *asked], timeout=SECONDS, check=False).returncode == 1
    # A flag that is wrong ends it as it ends the server.
    wrong = subprocess.run([*run, *entry, "--no_such"], timeout=SECONDS, check=False)
    assert wrong.returncode == 2
