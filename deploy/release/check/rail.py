"""Does the main job with a release's artifacts, each installed as a stranger would.

The wheel goes into a fresh environment, with its dependencies from the package index, and trains a
model. The tarball's server serves it by the contract that is released, and the wheel and a plain
Maven project with the client jar call it.
"""

import json
import os
import shutil
import sys
import zipfile
from contextlib import ExitStack
from pathlib import Path
from urllib.request import urlopen

from deploy.release.check.serving import Address, serve, unpack
from deploy.release.check.steps import Steps

__all__ = ["check_rail"]

_STEPS = 50
_EXEC = "org.codehaus.mojo:exec-maven-plugin:3.1.0:java"
_PROJECT = Path(__file__).parent / "maven_project"


def check_rail(steps: Steps, dist: Path, version: str, folder: Path) -> None:
    """Trains, serves and queries.

    Args:
        steps: Does the steps.
        dist: The release.
        version: Its version.
        folder: Where to work.

    Raises:
        CheckError: A step failed.
    """
    wheel = f"trilho-{version}-py3-none-any.whl"
    tarball = f"trilho-server-{version}-linux-x86_64.tar.xz"
    bundle = f"trilho-client-{version}-bundle.zip"
    contracts = f"trilho-contracts-{version}.zip"
    environment = _environment(folder)

    trilho = _install_wheel(steps, dist / wheel, folder / "venv", environment)
    models = folder / "models"
    with steps.step(wheel, f"training census for {_STEPS} steps, on data from the package index"):
        steps.run(
            *(trilho, "train", "census", "--steps", str(_STEPS), "--export", models),
            env=environment,
        )
    with steps.step(contracts, "unpacking"):
        _unzip(dist / contracts, folder / "contracts")
    with steps.step(tarball, "unpacking"):
        (folder / "server").mkdir()
        program = unpack(dist / tarball, folder / "server")
    flags = [
        "--model_name=census",
        f"--model_base_path={models / 'census'}",
        f"--contracts={folder / 'contracts' / 'census.desc'}",
    ]
    with ExitStack() as running:
        with steps.step(tarball, "starting, in an empty environment"):
            address = running.enter_context(serve(program, *flags, log=folder / "server.log"))
        _query(steps, tarball, address)
        with steps.step(wheel, "evaluating what is served, against what was trained"):
            steps.run(
                *(trilho, "evaluate", "census", "--server", f"localhost:{address.grpc}"),
                *("--trained", models / "census"),
                env=environment,
            )
        _query_from_java(steps, dist / bundle, version, folder, f"localhost:{address.grpc}")
        with steps.step(tarball, "stopping by SIGTERM"):
            running.close()


def _environment(folder: Path) -> dict[str, str]:
    """Returns this process's environment without what would tell programs of this tree."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "VIRTUAL_ENV", "TRILHO", "BAZEL", "LD_", "MAVEN_OPTS"))
    }
    return {**kept, "TRILHO_CACHE": str(folder / "cache"), "CUDA_VISIBLE_DEVICES": ""}


def _install_wheel(steps: Steps, wheel: Path, venv: Path, environment: dict[str, str]) -> Path:
    with steps.step(wheel.name, "installing with pip into a fresh environment, as trilho[train]"):
        base = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"
        steps.run(base, "-m", "venv", venv, env=environment)
        options = ["--quiet", "--disable-pip-version-check", "--no-warn-script-location"]
        python = venv / "bin" / "python"
        wanted = f"trilho[train] @ {wheel.resolve().as_uri()}"
        steps.run(python, "-m", "pip", "install", *options, wanted, env=environment)
        steps.run(python, "-m", "pip", "check", env=environment)
    trilho = venv / "bin" / "trilho"
    with steps.step(wheel.name, "asking the command for its version"):
        said = steps.run(trilho, "--version", env=environment)
        if (expected := wheel.name.split("-")[1]) not in said:
            raise ValueError(f"expected {expected} in {said!r}")
    return trilho


def _query(steps: Steps, tarball: str, address: Address) -> None:
    with steps.step(tarball, "asking by REST"):
        url = f"http://localhost:{address.http}/v1/models/census"
        with urlopen(url, timeout=10) as response:
            status = json.load(response)
        state = status["model_version_status"][0]["state"]
        if state != "AVAILABLE":
            raise ValueError(f"{url} says {state}")


def _query_from_java(steps: Steps, bundle: Path, version: str, folder: Path, address: str) -> None:
    """Lets a plain Maven project resolve the bundle, compile against it, and call."""
    with steps.step(bundle.name, "unpacking, as a Maven repository"):
        _unzip(bundle, folder / "repository")
    project = folder / "project"
    shutil.copytree(_PROJECT, project)
    maven = [
        *("mvn", "-B", "-ntp", f"-Dtrilho.version={version}"),
        f"-Dtrilho.repository={(folder / 'repository').as_uri()}",
        # The client comes from the bundle, and not from what an earlier check has left.
        f"-Dmaven.repo.local={folder / 'm2'}",
    ]
    with steps.step(bundle.name, "compiling a plain Maven project against it"):
        steps.run(*maven, "compile", cwd=project)
    with steps.step(bundle.name, "calling the server from that project"):
        said = steps.run(
            *maven, "-q", _EXEC, "-Dexec.mainClass=Stranger", f"-Dexec.args={address}", cwd=project
        )
        for expected in ("version 1 AVAILABLE", "probability 0.", "class "):
            if expected not in said:
                raise ValueError(f"expected {expected!r} in what it printed:\n{said}")


def _unzip(file: Path, folder: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        archive.extractall(folder)
