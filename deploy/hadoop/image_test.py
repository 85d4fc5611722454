"""The image, built on a Debian that debootstrap made, runs a cluster. Needs root."""

import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.testing.bare_root import debian_root
from deploy.testing.runfile import runfile

SECONDS = 1800.0
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
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image of Debian, in the place of one from a registry."""
    assert os.geteuid() == 0, "only root can make a root: run this as root"
    root = debian_root(tmp_path_factory.mktemp("base") / "root")
    name = f"localhost/debian-{uuid.uuid4().hex}"
    made = buildah("from", "scratch")
    buildah("add", "--quiet", made, root.path, "/")
    buildah("commit", "--quiet", made, name)
    buildah("rm", made)
    yield name
    buildah("rmi", name)


@pytest.fixture(scope="module")
def container(base: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A container of the image, which is made as README.md says."""
    folder = tmp_path_factory.mktemp("unpacked")
    archive = runfile("deploy/hadoop/trilho-hadoop.tar")
    subprocess.run(["tar", "-xf", archive, "-C", folder], check=True)
    name = f"localhost/trilho-hadoop-{uuid.uuid4().hex}"
    # The packages come by the machine's own network.
    options = ("--isolation=chroot", "--pull-never", "--format=docker")
    context = folder / "trilho-hadoop"
    buildah("build", *options, f"--build-arg=BASE={base}", f"--tag={name}", context)
    made = buildah("from", "--pull-never", name)
    yield made
    buildah("rm", made)
    buildah("rmi", name)


def test_it_runs_a_cluster_and_stops_it(container: str) -> None:
    script = """set -e
        trilho-hadoop start >&2
        trilho-hadoop run hdfs dfs -touchz /here
        trilho-hadoop run hdfs dfs -ls /
        trilho-hadoop stop >&2
        ! trilho-hadoop status >&2
        trilho-hadoop clean >&2"""
    said = buildah("run", "--isolation=chroot", container, "--", "sh", "-c", script)
    assert "/here" in said


def test_it_knows_how_to_start(container: str) -> None:
    said = buildah("inspect", "--format={{json .Docker.Config}}", container)
    assert '"Entrypoint":["trilho-hadoop"]' in said
    assert '"Cmd":["start","--foreground"]' in said


def test_the_archive_needs_nothing_of_bazel(tmp_path: Path) -> None:
    subprocess.run(
        ["tar", "-xf", runfile("deploy/hadoop/trilho-hadoop.tar"), "-C", tmp_path], check=True
    )
    done = subprocess.run(
        [tmp_path / "trilho-hadoop/bin/trilho-hadoop", "--help"],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "examples:" in done.stdout
