"""The packages have the tarball's files in the places that a machine has for them."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.server import make_deb, make_rpm, make_tarball
from deploy.server.package_tree import installed_path
from deploy.server.small_tree import write_tree
from deploy.testing.runfile import runfile

EXPECTED = {
    "/etc/logrotate.d/trilho-server": "-rw-r--r--",
    "/etc/trilho-server/flags": "-rw-r--r--",
    "/etc/trilho-server/models.config": "-rw-r--r--",
    "/usr/bin/trilho_server": "lrwxrwxrwx",
    "/usr/lib/systemd/system/trilho-server.service": "-rw-r--r--",
    "/usr/lib/trilho/PROFILE": "-rw-r--r--",
    "/usr/lib/trilho/VERSION": "-rw-r--r--",
    "/usr/lib/trilho/bin/trilho_server": "-rwxr-xr-x",
    "/usr/lib/trilho/lib/native/libc.so": "lrwxrwxrwx",
    "/usr/lib/trilho/lib/native/libc.so.6": "-rw-r--r--",
    "/usr/lib/trilho/lib/tensorflow/libtensorflow_cc.so.2": "-rw-r--r--",
    "/usr/lib/trilho/libexec/trilho_server": "-rwxr-xr-x",
    "/usr/share/doc/trilho-server/copyright": "-rw-r--r--",
    "/usr/share/doc/trilho-server/parts.tsv": "-rw-r--r--",
    "/usr/share/doc/trilho-server/sbom.cdx.json": "-rw-r--r--",
    "/usr/share/man/man8/trilho_server.8.gz": "-rw-r--r--",
}
# Folders that the machine's own packages have, or their like.
SHARED = {
    *("/", "/etc", "/etc/logrotate.d", "/usr", "/usr/bin", "/usr/lib", "/usr/lib/systemd"),
    *(
        "/usr/lib/systemd/system",
        "/usr/share",
        "/usr/share/doc",
        "/usr/share/man",
        "/usr/share/man/man8",
    ),
}


def read(*words: object) -> str:
    """What a tool says of a package."""
    done = subprocess.run(list(map(str, words)), capture_output=True, check=True, text=True)
    return done.stdout


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small tarball with all that the released one has beside its tree."""
    folder = tmp_path_factory.mktemp("tarball")
    write_tree(folder / "tree.tar")
    (folder / "page").write_text(".TH PAGE 8\n")
    examples = runfile("deploy/server/etc")
    beside = {
        "Containerfile": folder / "page",
        "README.md": folder / "page",
        "etc/logrotate.d/trilho-server": examples / "logrotate",
        "etc/trilho-server/flags": examples / "flags",
        "etc/trilho-server/models.config": examples / "models.config",
        "share/man/man8/trilho_server.8": folder / "page",
        "systemd/trilho-server.service": folder / "page",
    }
    added = [f"--add={path}={file}" for path, file in beside.items()]
    words = [f"--tree={folder / 'tree.tar'}", f"--output={folder / 'made.tar.xz'}", "--quick"]
    assert make_tarball.main([*words, *added]) == 0
    return folder / "made.tar.xz"


def deb(tarball: Path, output: Path, *more: str) -> int:
    """Makes a .deb."""
    scripts = [f"--script={path}" for path in sorted(runfile("deploy/server/debian").iterdir())]
    return make_deb.main([f"--tarball={tarball}", f"--output={output}", *scripts, *more])


def rpm(tarball: Path, output: Path, *more: str) -> int:
    """Makes an .rpm."""
    spec = runfile("deploy/server/rpm/trilho-server.spec")
    return make_rpm.main([f"--tarball={tarball}", f"--output={output}", f"--spec={spec}", *more])


def test_the_deb_has_every_file_in_its_place(tarball: Path, tmp_path: Path) -> None:
    assert deb(tarball, tmp_path / "made.deb") == 0
    found = {}
    for line in read("dpkg-deb", "--contents", tmp_path / "made.deb").splitlines():
        mode, owner, _, _, _, name = line.split(" -> ")[0].split(maxsplit=5)
        assert owner == "root/root"
        if mode[0] != "d":
            found[name.removeprefix(".")] = mode
        else:
            assert mode == "drwxr-xr-x"
    assert found == EXPECTED
    read("dpkg-deb", "--raw-extract", tmp_path / "made.deb", tmp_path / "raw")
    control = tmp_path / "raw/DEBIAN"
    configuration = (control / "conffiles").read_text().splitlines()
    assert configuration == sorted(path for path in EXPECTED if path.startswith("/etc/"))
    subprocess.run(
        ["md5sum", "--check", "--quiet", control / "md5sums"], check=True, cwd=tmp_path / "raw"
    )
    assert "Version: 1.2.3\n" in (control / "control").read_text()
    for script in ("postinst", "prerm", "postrm"):
        assert (control / script).stat().st_mode & 0o777 == 0o755


def test_the_rpm_has_every_file_in_its_place(tarball: Path, tmp_path: Path) -> None:
    made = tmp_path / "made.rpm"
    assert rpm(tarball, made) == 0
    query = ["rpm", "--query", "--package", made, "--queryformat"]
    found, folders = {}, set()
    lines = read(*query, "[%{FILEMODES:perms} %{FILEUSERNAME} %{FILEGROUPNAME} %{FILENAMES}\n]")
    for line in lines.splitlines():
        mode, user, group, name = line.split(maxsplit=3)
        assert (user, group) == ("root", "root")
        if mode[0] == "d":
            folders.add(name)
        else:
            found[name] = mode
    assert found == EXPECTED
    # Erased with the package, but for those that others have, too.
    parents = {str(parent) for path in EXPECTED for parent in Path(path).parents}
    assert folders == parents - SHARED
    configuration = read("rpm", "--query", "--package", "--configfiles", made).splitlines()
    assert configuration == sorted(path for path in EXPECTED if path.startswith("/etc/"))
    assert read(*query, "%{VERSION}-%{RELEASE}") == "1.2.3-1"
    # Nothing of the machine that made it.
    assert read(*query, "%{BUILDHOST} %{BUILDTIME}") == "reproducible 315532800"
    requires = set(read("rpm", "--query", "--package", "--requires", made).splitlines())
    needed = {line for line in requires if not line.startswith("rpmlib(")}
    assert needed == {"/bin/sh", "/usr/bin/id", "/usr/sbin/useradd"}


@pytest.mark.parametrize(("make", "name"), [(deb, "made.deb"), (rpm, "made.rpm")])
def test_the_same_contents_are_the_same_bytes(
    tarball: Path, tmp_path: Path, make: Callable[..., int], name: str
) -> None:
    made = []
    for folder in ("one", "another_place"):
        (tmp_path / folder).mkdir()
        assert make(tarball, tmp_path / folder / name) == 0
        made.append((tmp_path / folder / name).read_bytes())
        assert [path.name for path in (tmp_path / folder).iterdir()] == [name]
    assert made[0] == made[1]


@pytest.mark.parametrize("make", [deb, rpm])
def test_what_is_no_tarball_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], make: Callable[..., int]
) -> None:
    output = tmp_path / "out" / "made"
    output.parent.mkdir()
    assert make(write_tree(tmp_path / "tree.tar"), output) == 1
    assert "is not below a folder trilho-server-VERSION" in capsys.readouterr().err
    (tmp_path / "text").write_text("no tarball")
    assert make(tmp_path / "text", output) == 1
    assert list(output.parent.iterdir()) == []


def test_a_folder_that_rpmbuild_cannot_take_is_named(
    tarball: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a place").mkdir()
    assert deb(tarball, tmp_path / "a place" / "made.deb") == 0
    assert rpm(tarball, tmp_path / "a place" / "made.rpm") == 1
    assert f"takes no path with a space: {tmp_path / 'a place'}\n" in capsys.readouterr().err


def test_a_tool_that_fails_leaves_nothing(
    tarball: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out" / "made"
    output.parent.mkdir()
    assert deb(tarball, output, "--version=no version") == 1
    assert "dpkg-deb ended with 2" in capsys.readouterr().err
    assert rpm(tarball, output, "--version=1-2") == 1
    assert "rpmbuild ended with 1" in capsys.readouterr().err
    assert list(output.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("bin/trilho_server", "usr/lib/trilho/bin/trilho_server"),
        ("share/licenses.txt", "usr/share/doc/trilho-server/copyright"),
        ("share/man/man8/trilho_server.8", "usr/share/man/man8/trilho_server.8"),
        ("etc/trilho-server/flags", "etc/trilho-server/flags"),
        ("README.md", None),
        ("SHA256SUMS", None),
    ],
)
def test_a_file_has_one_place(path: str, place: str | None) -> None:
    assert installed_path(path) == place
