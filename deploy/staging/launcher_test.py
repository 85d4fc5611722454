"""What a staged tree's programs do on hosts that are not like this one."""

import hashlib
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from runfiles import Runfiles

from deploy.staging.fixtures import distribution, make_inputs

_MULTIPROCESSING = """
import multiprocessing, os, sys
def double(value):
    return 2 * value, os.getpid()
if __name__ == "__main__":
    for method in ("fork", "spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            value, pid = pool.apply(double, (21,))
        assert value == 42 and pid != os.getpid()
    print("all three")
"""


def _repository(name: str) -> Path:
    found = Runfiles.Create()
    table = found and found.Rlocation(f"{name}/packages.tsv")
    assert table
    return Path(table).parent


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree that was moved to another place, with a space and a letter that is not ASCII."""
    folder = tmp_path_factory.mktemp("staged")
    debian, static = _repository("debian_runtime"), _repository("debian_static")
    tree = make_inputs(folder / "inputs", debian, static).stage("full", folder / "t.tar")
    moved = folder / "um trilho é" / "here"
    moved.parent.mkdir()
    return tree.rename(moved)


def _run(*command: str | Path, **environment: str) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_commands_run(staged: Path) -> None:
    assert _run(staged / "bin/trilho", "train", "a b") == "trilho train a b"
    assert _run(staged / "bin/tensorboard") == "tensorboard"
    assert _run(staged / "bin/trilho_server", "a  b") == "a  b"
    assert _run(staged / "bin/python3", "-c", "print(1 + 1)") == "2"


def test_an_exit_code_is_handed_on(staged: Path) -> None:
    done = subprocess.run([staged / "bin/python", "-c", "import sys; sys.exit(7)"], check=False)
    assert done.returncode == 7


def test_no_library_of_the_host_is_loaded(staged: Path) -> None:
    program = """
import bz2, ctypes, curses, decimal, hashlib, lzma, sqlite3, ssl, uuid, zlib
import pwd
pwd.getpwuid(0)
print(open("/proc/self/maps").read())
"""
    maps = _run(staged / "bin/python", "-c", program)
    files = {line.split(maxsplit=5)[5] for line in maps.splitlines() if "/" in line}
    assert files
    assert not [file for file in files if not file.startswith(f"{staged}/")]


@pytest.mark.parametrize("shell", [["dash"], ["bash", "--posix"], ["busybox", "sh"]])
def test_any_posix_shell_will_do(staged: Path, shell: list[str]) -> None:
    if shell[0] == "busybox":
        program = _repository("debian_runtime") / "packages/busybox-static/bin/busybox"
        shell = [str(program), "sh"]
    assert _run(*shell, staged / "bin/trilho", "x") == "trilho x"


def test_links_are_followed_with_and_without_readlink(staged: Path, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one/trilho").symlink_to(staged / "bin/trilho")
    link = tmp_path / "my link"
    link.symlink_to("one/trilho")
    assert _run(link, "x") == "trilho x"
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "ls").symlink_to(shutil.which("ls") or "/bin/ls")
    assert _run(link, "x", PATH=str(tools)) == "trilho x"


def test_it_is_found_by_its_bare_name(staged: Path) -> None:
    assert _run("sh", "-c", "trilho x", PATH=f"{staged}/bin:/usr/bin:/bin") == "trilho x"
    assert _run("sh", "-c", f"cd '{staged}/bin' && sh trilho x") == "trilho x"
    assert _run("sh", "-c", f"cd '{staged}' && CDPATH=/usr bin/trilho x") == "trilho x"


def test_it_stays_in_its_version_where_folders_on_the_way_are_links(
    staged: Path, tmp_path: Path
) -> None:
    (tmp_path / "versions").mkdir()
    (tmp_path / "versions/1").symlink_to(staged)
    (tmp_path / "current").symlink_to("versions/1")
    (tmp_path / "bin").symlink_to("current/bin")
    (tmp_path / "my python").symlink_to("bin/python3")
    program = "import sys; print(sys.prefix, sys.executable)"
    for called in ("bin/python", "bin/python3", "current/bin/python", "my python"):
        out = _run(tmp_path / called, "-c", program)
        assert out == f"{staged} {staged}/bin/python"
    assert _run(tmp_path / "bin/trilho", "x") == "trilho x"


def test_a_process_has_its_programs_name(staged: Path) -> None:
    program = "print(open('/proc/self/comm').read())"
    assert _run(staged / "bin/python", "-c", program) == "python"
    loader = staged / "libexec/loader/trilho_server"
    words = ("--library-path", staged / "lib/native", "/bin/cat", "/proc/self/comm")
    assert _run(loader, *words) == "trilho_server"


def test_the_hosts_variables_do_no_harm(staged: Path, tmp_path: Path) -> None:
    # Not libc.so.6: with such a path the host's own shell would not start.
    for name in ("libm.so.6", "libstdc++.so.6", "libssl.so.3", "libtensorflow_cc.so.2"):
        (tmp_path / name).write_text("not a library")
    for name in ("os.py", "encodings.py", "trilho.py"):
        (tmp_path / name).write_text("raise SystemExit('the wrong ' + __name__)\n")
    hostile = {
        "LD_LIBRARY_PATH": str(tmp_path),
        "LD_PRELOAD": str(tmp_path / "libm.so.6"),
        "PYTHONPATH": str(tmp_path),
        "PYTHONHOME": str(tmp_path),
        "GCONV_PATH": str(tmp_path),
        "LOCPATH": str(tmp_path),
    }
    assert _run(staged / "bin/trilho", "x", **hostile) == "trilho x"
    assert _run(staged / "bin/python", "-c", "import ssl; print('ok')", **hostile) == "ok"
    assert _run(staged / "bin/trilho_server", "x", **hostile) == "x"


def test_a_library_path_stays_for_programs_of_the_host(staged: Path) -> None:
    program = "import subprocess; print(subprocess.check_output(['printenv', 'LD_LIBRARY_PATH']))"
    assert "/opt/lib" in _run(staged / "bin/python", "-c", program, LD_LIBRARY_PATH="/opt/lib")


def test_packages_of_the_users_home_are_not_seen(staged: Path, tmp_path: Path) -> None:
    site = tmp_path / ".local/lib/python3.11/site-packages"
    site.mkdir(parents=True)
    (site / "bundler.py").write_text("raise SystemExit('the wrong one')\n")
    program = "import bundler; print(bundler.add(1, 2))"
    assert _run(staged / "bin/python", "-c", program, HOME=str(tmp_path)) == "3"


def test_a_folder_can_be_added_on_purpose(staged: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("NAME = 'mine'\n")
    program = "import mine; print(mine.NAME)"
    added = {"TRILHO_PYTHONPATH": str(tmp_path)}
    assert _run(staged / "bin/python", "-c", program, **added) == "mine"


def test_python_starts_itself(staged: Path, tmp_path: Path) -> None:
    program = "import subprocess, sys; print(subprocess.check_output([sys.executable, '-c', '"
    program += "import sys; print(sys.prefix)']).decode()); print(sys.executable)"
    prefix, _, executable = _run(staged / "bin/python", "-c", program).splitlines()
    assert (prefix, executable) == (str(staged), f"{staged}/bin/python")
    script = tmp_path / "pool.py"
    script.write_text(_MULTIPROCESSING)
    assert _run(staged / "bin/python", script) == "all three"


def test_a_virtual_environment_has_pip_and_sees_only_itself(staged: Path, tmp_path: Path) -> None:
    folder = tmp_path / "an environment"
    _run(staged / "bin/python", "-m", "venv", folder)
    assert _run(folder / "bin/python", "-c", "import sys; print(sys.prefix)") == str(folder)
    assert _run(folder / "bin/pip", "--version").startswith("pip ")
    program = "import importlib.util; print(importlib.util.find_spec('bundler'))"
    assert _run(folder / "bin/python", "-c", program) == "None"


def test_locales_and_time_zones(staged: Path) -> None:
    program = """
import locale, sys, time
print(locale.setlocale(locale.LC_ALL, "C.UTF-8"), sys.getfilesystemencoding(), "ã".encode())
"""
    assert _run(staged / "bin/python", "-c", program, LANG="pt_BR.ISO-8859-1").startswith(
        "C.UTF-8 utf-8"
    )
    program = "import os; print(os.environ.get('TZDIR'))"
    expected = "None" if Path("/usr/share/zoneinfo").is_dir() else str(staged)
    assert _run(staged / "bin/python", "-c", program).startswith(expected)


def test_certificates_are_the_hosts_or_those_that_are_named(staged: Path) -> None:
    program = "import os; print(os.environ.get('SSL_CERT_FILE'))"
    found = _run(staged / "bin/python", "-c", program)
    host = Path("/etc/ssl/certs/ca-certificates.crt")
    assert (found == str(host)) == host.exists()
    assert _run(staged / "bin/python", "-c", program, SSL_CERT_FILE="/mine") == "/mine"
    assert _run(staged / "bin/python", "-c", program, SSL_CERT_DIR="/mine") == "None"


def test_nothing_is_written_into_the_tree(staged: Path) -> None:
    names = set(staged.rglob("*"))
    _run(staged / "bin/python", "-c", "import bundler, json, asyncio, ssl, unittest")
    assert set(staged.rglob("*")) == names


@pytest.mark.parametrize("shell", [["bash"], ["dash"]])
def test_activation_and_back(staged: Path, shell: list[str]) -> None:
    script = f". '{staged}/bin/activate' && command -v trilho && trilho_deactivate"
    script += "; command -v trilho || echo gone"
    lines = _run(*shell, "-c", script, TRILHO_HOME=str(staged)).splitlines()
    assert lines == [f"{staged}/bin/trilho", "gone"]


def test_activation_that_cannot_find_its_folder_says_so(staged: Path) -> None:
    script = f". '{staged}/bin/activate' || echo refused"
    done = subprocess.run(
        ["dash", "-c", script], capture_output=True, text=True, check=True, cwd="/", env={}
    )
    assert done.stdout == "refused\n"
    assert "set TRILHO_HOME" in done.stderr


# A team's own packages.


def _team(folder: Path, name: str, version: str) -> str:
    """Writes a wheel into a folder and returns the line that asks for it."""
    folder.mkdir(exist_ok=True)
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}/__init__.py": f"VERSION = '{version}'\n".encode(),
        f"{name}/tests/__init__.py": b"",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(wheel, "w") as archive:
        for file, data in distribution(name, version, files, []).items():
            archive.writestr(file, data)
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"


def _requirements(folder: Path, *lines: str) -> Path:
    file = folder / "requirements.txt"
    file.write_text(f"--no-index\n--find-links {folder / 'wheels'}\n" + "".join(lines))
    return file


def test_extra_packages_are_pinned_and_imported(tmp_path: Path) -> None:
    inputs = make_inputs(
        tmp_path / "inputs", _repository("debian_runtime"), _repository("debian_static")
    )
    lines = [_team(tmp_path / "wheels", name, "1.0") for name in ("ours", "bundler")]
    requirements = _requirements(tmp_path, *lines)
    tree = inputs.stage("core", tmp_path / "core.tar", f"--extra={requirements}")
    assert _run(tree / "bin/python", "-c", "import ours; print(ours.VERSION)") == "1.0"
    extra = tree / "lib/python3/extra"
    assert (extra / "ours/tests/__init__.py").exists()
    # The tree has this one already.
    assert not (extra / "bundler").exists()
    assert "ours\t1.0\twheel" in (tree / "share/parts.tsv").read_text()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("ours==1.0\n", "hash"),
        ("ours==1.0 --hash=sha256:" + 64 * "0" + "\n", "DO NOT MATCH THE HASHES"),
        ("", r"has bundler 2\.0, the tree 1\.0: pin that version"),
    ],
)
def test_extra_packages_that_are_refused(
    tmp_path: Path, line: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs = make_inputs(
        tmp_path / "inputs", _repository("debian_runtime"), _repository("debian_static")
    )
    _team(tmp_path / "wheels", "ours", "1.0")
    requirements = _requirements(tmp_path, line or _team(tmp_path / "wheels", "bundler", "2.0"))
    with pytest.raises(SystemExit) as ended:
        inputs.stage("core", tmp_path / "core.tar", f"--extra={requirements}")
    assert re.search(reason, str(ended.value.code)), capsys.readouterr().err
    assert not (tmp_path / "core.tar").exists()
