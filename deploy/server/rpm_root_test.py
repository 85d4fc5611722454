"""The .rpm in a bare root: installed, used, upgraded and erased.

No registry serves a distribution of rpms to this build. The root is a Debian of required packages,
with a data base of rpm in which one package stands for all that such a distribution has.
"""

import re
import subprocess
from pathlib import Path

import pytest

from deploy.server import make_rpm
from deploy.server.next_version import NEW_LINE, VERSION, make_next_version
from deploy.testing.bare_root import SECONDS, USER, BareRoot, debian_root
from deploy.testing.runfile import runfile
from deploy.testing.served import MODEL, ask, configuration, copy_model, served

FLAGS = "etc/trilho-server/flags"
MODELS = "etc/trilho-server/models.config"
OWN_LINE = "--settle_seconds=1\n"
PROGRAM = "/usr/bin/trilho_server"
# Things that every distribution of rpms has, and that the package may ask for.
BASE = """\
Name: base
Version: 1
Release: 1
Summary: Stands for a distribution
License: Apache-2.0
BuildArch: noarch
AutoReqProv: no
Provides: /bin/sh
Provides: /usr/bin/id
Provides: /usr/sbin/useradd
%description
Stands for a distribution.
%files
"""


def artifact(pattern: str) -> Path:
    """Finds what was built."""
    (found,) = runfile("deploy/server").glob(pattern)
    return found


def rpm(root: BareRoot, *words: object, code: int = 0) -> str:
    """Has this machine's rpm work on the root, and returns all that it says."""
    # Debian's rpm wants to be told that it is meant, but where it only makes its data base.
    options = [] if words == ("--initdb",) else ["--force-debian"]
    done = subprocess.run(
        ["rpm", *map(str, words), f"--root={root.path}", *options],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == code, f"rpm ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> BareRoot:
    """A bare root whose rpm knows the base, shared by the tests, which follow one another."""
    made = debian_root(tmp_path_factory.mktemp("root") / "root")
    folder = tmp_path_factory.mktemp("base")
    (folder / "base.spec").write_text(BASE)
    subprocess.run(
        ["rpmbuild", "-bb", "--quiet", "--define", f"_topdir {folder}", folder / "base.spec"],
        check=True,
    )
    (base,) = folder.rglob("*.rpm")
    rpm(made, "--initdb")
    refused = rpm(made, "--install", artifact("*.rpm"), code=1)
    assert "/usr/sbin/useradd is needed by trilho-server" in refused
    rpm(made, "--install", base)
    return made


@pytest.fixture(scope="module")
def before(root: BareRoot) -> dict[str, str]:
    """All that was there before the first installation."""
    return dict(root.listing())


@pytest.fixture(scope="module")
def next_rpm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A later version, whose example of flags has a line more."""
    folder = tmp_path_factory.mktemp("next")
    tarball = make_next_version(artifact("*.tar.xz"), folder / "next.tar")
    output = folder / "next.rpm"
    spec = runfile("deploy/server/rpm/trilho-server.spec")
    assert (
        make_rpm.main([f"--tarball={tarball}", f"--output={output}", f"--spec={spec}", "--quick"])
        == 0
    )
    return output


def test_it_installs_without_other_packages(root: BareRoot, before: dict[str, str]) -> None:
    assert PROGRAM.lstrip("/") not in before
    said = rpm(root, "--install", artifact("*.rpm"))
    assert "systemctl enable --now trilho-server" in said
    assert rpm(root, "--verify", "trilho-server") == ""
    assert "/sbin/nologin" in root.run("getent", "passwd", "trilho-server").stdout
    # As a user of no rights sees it.
    version = root.run(PROGRAM, "--version", user=USER).stdout
    assert re.match(r"Trilho \d+\.\d+\.\d+\nTensorFlow ", version)
    root.run(PROGRAM, f"--flagfile=/{FLAGS}", "--check_config", user=USER)
    for folder in ("var/lib/trilho-server", "var/log/trilho-server"):
        status = (root.path / folder).stat()
        assert (status.st_mode & 0o777, status.st_uid != 0) == (0o750, True)


def test_it_serves(root: BareRoot, tmp_path: Path) -> None:
    copy_model(root.path / "srv/models" / MODEL)
    (root.path / MODELS).write_text(configuration(f"/srv/models/{MODEL}"))
    # The service's flags, but for ports that are free.
    words = root.words(PROGRAM, f"--flagfile=/{FLAGS}", "--port=0", "--rest_api_port=-1", user=USER)
    with served(words, tmp_path / "log") as ports:
        ask(ports)


def test_an_upgrade_keeps_what_the_operator_wrote(root: BareRoot, next_rpm: Path) -> None:
    with (root.path / FLAGS).open("a") as flags:
        flags.write(OWN_LINE)
    written = {path: (root.path / path).read_text() for path in (FLAGS, MODELS)}
    rpm(root, "--upgrade", next_rpm)
    assert rpm(root, "--query", "trilho-server") == f"trilho-server-{VERSION}-1.x86_64\n"
    assert {path: (root.path / path).read_text() for path in written} == written
    # The example of the new version is beside it.
    assert (root.path / f"{FLAGS}.rpmnew").read_text().endswith(NEW_LINE)
    root.run(PROGRAM, f"--flagfile=/{FLAGS}", "--check_config", user=USER)


def test_what_is_erased_leaves_configuration_and_data(
    root: BareRoot, before: dict[str, str]
) -> None:
    (root.path / "var/lib/trilho-server/models").touch()
    rpm(root, "--erase", "trilho-server")
    left = {path for path in root.listing().keys() - before.keys() if "trilho-server" in path}
    assert left == {
        "etc/trilho-server",
        # The operator's words, out of the way of another installation.
        f"{FLAGS}.rpmsave",
        f"{MODELS}.rpmsave",
        f"{FLAGS}.rpmnew",
        "var/lib/trilho-server",
        "var/lib/trilho-server/models",
        "var/log/trilho-server",
    }
    # README.md's commands for the rest.
    root.run("rm", "-r", "/etc/trilho-server", "/var/lib/trilho-server", "/var/log/trilho-server")
    root.run("userdel", "trilho-server")
    assert not [path for path in root.listing().keys() - before.keys() if "trilho" in path]


def test_the_same_contents_are_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    spec = runfile("deploy/server/rpm/trilho-server.spec")
    made = []
    for folder in (tmp_path_factory.mktemp("here"), tmp_path):
        output = folder / "made.rpm"
        words = [f"--tarball={artifact('*.tar.xz')}", f"--output={output}", f"--spec={spec}"]
        assert make_rpm.main([*words, "--quick"]) == 0
        made.append(output.read_bytes())
    assert made[0] == made[1]
