"""Makes, signs, tries and compares releases; docs/releasing.md tells when."""

from __future__ import annotations

import sys

import nox

from sessions.bazel import ROOT, bazel, external

__all__ = [
    "api_gates",
    "release",
    "release_check",
    "release_reproduce",
    "release_sign",
    "release_tools",
]

_BUILT = ROOT / "bazel-bin" / "deploy" / "release"
_QUICK = "//deploy/release:release_quick"
_FORMS = {
    "--release": ("//:release", "dist"),
    "--draft": ("//deploy/release:release_draft", "dist_draft"),
    "--quick": (_QUICK, "dist_quick"),
}
_JAPICMP = "@japicmp//:com_github_siom79_japicmp_japicmp"


def _python(session: nox.Session, module: str, *words: str) -> None:
    """Runs a module of deploy/release with the packages of .venv."""
    session.run(sys.executable, "-m", module, *words, external=True)


@nox.session(name="release")
def release(session: nox.Session) -> None:
    """Gathers a release into dist/; --draft compresses little, --quick leaves out what is large."""
    wanted = session.posargs or ["--release"]
    if len(wanted) > 1 or wanted[0] not in _FORMS:
        session.error(f"release takes --draft or --quick, not {' '.join(wanted)!r}")
    target, folder = _FORMS[wanted[0]]
    bazel(session, "build", target)
    _python(session, "deploy.release.copy", str(_BUILT / folder), str(ROOT / "dist"))


@nox.session
def release_sign(session: nox.Session) -> None:
    """Signs dist/ with minisign and gpg; --help lists its options."""
    _python(session, "deploy.release.sign", *session.posargs)


@nox.session
def release_check(session: nox.Session) -> None:
    """Tries the artifacts in dist/ as a stranger would; --help lists its parts."""
    _python(session, "deploy.release.check.main", *session.posargs)


@nox.session
def release_reproduce(session: nox.Session) -> None:
    """Builds the release twice, differently, and compares; --help lists its options."""
    _python(session, "deploy.release.reproduce", *session.posargs)


@nox.session
def release_tools(session: nox.Session) -> None:
    """Tests what compares and checks releases, on what the everyday build gathers."""
    bazel(session, "build", _QUICK, "//python:command", _JAPICMP)
    tests = [str(ROOT / "deploy/release" / room) for room in ("check", "gates")]
    options = ["-q", "-p", "no:cacheprovider", "--import-mode=importlib"]
    session.run(
        *(sys.executable, "-m", "pytest", *options, *(session.posargs or tests)),
        env={"TRILHO_JAPICMP": str(external(session, "japicmp") / "jars")},
        external=True,
    )


@nox.session
def api_gates(session: nox.Session) -> None:
    """Compares APIs and contracts with the last release, whose folder is the word behind it."""
    bazel(session, "build", _QUICK, "//python:command", _JAPICMP)
    new = [] if "--new" in session.posargs else ["--new", str(_BUILT / "dist_quick")]
    _python(
        session,
        "deploy.release.gates.main",
        *new,
        *("--japicmp", str(external(session, "japicmp") / "jars")),
        *("--java-classpath", str(external(session, "maven") / "jars")),
        *("--trilho", str(ROOT / "bazel-bin" / "python" / "command")),
        *session.posargs,
    )
