"""The .deb in a Debian of required packages alone, from its installation to its purge."""

import re
import subprocess
from pathlib import Path

import pytest

from deploy.server import make_deb
from deploy.server.next_version import NEW_LINE, VERSION, make_next_version
from deploy.testing.bare_root import USER, BareRoot, debian_root
from deploy.testing.runfile import runfile
from deploy.testing.served import MODEL, ask, configuration, copy_model, served

FLAGS = "etc/trilho-server/flags"
MODELS = "etc/trilho-server/models.config"
OWN_LINE = "--settle_seconds=1\n"
PROGRAM = "/usr/bin/trilho_server"
# Records of dpkg and of useradd, which keep the last state beside the new one.
RECORDS = (
    "var/lib/dpkg",
    "var/log",
    "etc/passwd-",
    "etc/group-",
    "etc/shadow-",
    "etc/gshadow-",
    "etc/subuid-",
    "etc/subgid-",
)


def artifact(pattern: str) -> Path:
    """Finds what was built."""
    (found,) = runfile("deploy/server").glob(pattern)
    return found


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> BareRoot:
    """A bare Debian with the package's file in it; the tests share it, and follow one another."""
    made = debian_root(tmp_path_factory.mktemp("root") / "debian")
    made.put(artifact("*.deb"), "/first.deb")
    return made


@pytest.fixture(scope="module")
def before(root: BareRoot) -> dict[str, str]:
    """All that was there before the first installation."""
    return dict(root.listing())


@pytest.fixture(scope="module")
def next_deb(tmp_path_factory: pytest.TempPathFactory, root: BareRoot) -> str:
    """A later version, whose example of flags has a line more."""
    folder = tmp_path_factory.mktemp("next")
    tarball = make_next_version(artifact("*.tar.xz"), folder / "next.tar")
    output = root.path / "next.deb"
    scripts = [f"--script={path}" for path in sorted(runfile("deploy/server/debian").glob("*"))]
    words = [f"--tarball={tarball}", f"--output={output}", "--quick", *scripts]
    assert make_deb.main(words) == 0
    return "/next.deb"


def file_of(root: BareRoot, path: str) -> Path:
    """A file of the root, from this machine."""
    return root.path / path


def test_it_installs_without_anything_else(root: BareRoot, before: dict[str, str]) -> None:
    assert PROGRAM.lstrip("/") not in before
    said = root.run("dpkg", "--install", "/first.deb").stdout
    assert "systemctl enable --now trilho-server" in said
    assert root.run("dpkg", "--verify", "trilho-server").stdout == ""
    assert "/usr/sbin/nologin" in root.run("getent", "passwd", "trilho-server").stdout
    # As a user of no rights sees it.
    version = root.run(PROGRAM, "--version", user=USER).stdout
    assert re.match(r"Trilho \d+\.\d+\.\d+\nTensorFlow ", version)


def test_its_example_of_flags_is_right(root: BareRoot) -> None:
    checked = root.run(PROGRAM, f"--flagfile=/{FLAGS}", "--check_config", user=USER)
    assert checked.stdout == "the flags and every file that they name are well-formed\n"
    assert checked.stderr == ""
    # So is what stands there in comments, but for files that the operator writes first.
    lines = file_of(root, FLAGS).read_text().splitlines()
    hidden = [line.removeprefix("#") for line in lines if line.startswith("#--")]
    assert hidden
    ready = [line for line in hidden if "ssl" not in line and "token" not in line]
    root.run(PROGRAM, *ready, f"--flagfile=/{FLAGS}", "--check_config")
    example = file_of(root, MODELS).read_text().replace("# ", "").split("model_config_list", 2)[1]
    file_of(root, "tmp/models.config").write_text(
        f"model_config_list{example.rpartition('}')[0]}}}"
    )
    root.run(PROGRAM, "--model_config_file=/tmp/models.config", "--check_config")


def test_it_serves(root: BareRoot, tmp_path: Path) -> None:
    copy_model(root.path / "srv/models" / MODEL)
    file_of(root, MODELS).write_text(configuration(f"/srv/models/{MODEL}"))
    # The service's flags, but for ports that are free.
    words = root.words(PROGRAM, f"--flagfile=/{FLAGS}", "--port=0", "--rest_api_port=-1", user=USER)
    with served(words, tmp_path / "log") as ports:
        ask(ports)


def test_an_upgrade_keeps_what_the_operator_wrote(root: BareRoot, next_deb: str) -> None:
    with file_of(root, FLAGS).open("a") as flags:
        flags.write(OWN_LINE)
    written = {path: file_of(root, path).read_text() for path in (FLAGS, MODELS)}
    # Nobody is there to answer questions.
    root.run("dpkg", "--force-confdef", "--force-confold", "--install", next_deb)
    assert f"Version: {VERSION}\n" in root.run("dpkg", "--status", "trilho-server").stdout
    assert {path: file_of(root, path).read_text() for path in written} == written
    # The example of the new version is beside it.
    assert file_of(root, f"{FLAGS}.dpkg-dist").read_text().endswith(NEW_LINE)
    root.run(PROGRAM, f"--flagfile=/{FLAGS}", "--check_config", user=USER)


def test_what_is_removed_can_come_back(root: BareRoot) -> None:
    state = file_of(root, "var/lib/trilho-server/models")
    state.touch()
    root.run("dpkg", "--remove", "trilho-server")
    assert not root.has(PROGRAM)
    assert not root.has("/usr/lib/trilho")
    assert file_of(root, FLAGS).read_text().endswith(OWN_LINE)
    assert state.exists()
    root.run("dpkg", "--force-confdef", "--force-confold", "--install", "/first.deb")
    assert OWN_LINE in file_of(root, FLAGS).read_text()
    root.run(PROGRAM, f"--flagfile=/{FLAGS}", "--check_config", user=USER)


def test_a_purge_leaves_nothing(root: BareRoot, before: dict[str, str]) -> None:
    passwords = file_of(root, "etc/passwd").read_text()
    file_of(root, "var/log/trilho-server/access.log").touch()
    file_of(root, "etc/trilho-server/tokens").touch()
    root.run("dpkg", "--purge", "trilho-server")
    for path in ("srv/models", "tmp/models.config", "next.deb"):
        subprocess.run(["rm", "-r", root.path / path], check=True)
    after = dict(root.listing())
    different = {
        path for path in after.keys() | before.keys() if after.get(path) != before.get(path)
    }
    assert sorted(path for path in different if not path.startswith(RECORDS)) == []
    assert "trilho" in passwords
    assert (
        "trilho"
        not in file_of(root, "etc/passwd").read_text() + file_of(root, "etc/group").read_text()
    )


def test_the_same_contents_are_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    scripts = [f"--script={path}" for path in sorted(runfile("deploy/server/debian").glob("*"))]
    made = []
    for folder in (tmp_path_factory.mktemp("here"), tmp_path):
        output = folder / "made.deb"
        words = [f"--tarball={artifact('*.tar.xz')}", f"--output={output}", "--quick", *scripts]
        assert make_deb.main(words) == 0
        made.append(output.read_bytes())
    assert made[0] == made[1]
