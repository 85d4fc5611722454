"""Builds the self-extracting files and tries them in whole systems; deploy/installer/README.md."""

from __future__ import annotations

import nox

from sessions.bazel import bazel

__all__ = ["installer"]

_ROOM = "//deploy/installer"


@nox.session
def installer(session: nox.Session) -> None:
    """Builds the installers and tries them in real roots; --quick with less compression."""
    unknown = [word for word in session.posargs if word != "--quick"]
    if unknown:
        session.error(f"{unknown[0]!r} is no option of installer; it has --quick")
    suffix = "_quick" if session.posargs else ""
    names = ("trilho-installer", "trilho-core-installer")
    bazel(session, "build", *(f"{_ROOM}:{name}{suffix}" for name in names))
    bazel(session, "test", f"{_ROOM}/...")
    bazel(session, "test", "--test_output=streamed", f"{_ROOM}:roots{suffix}_test")
