"""Runs a Hadoop cluster on this machine; deploy/hadoop/README.md."""

from __future__ import annotations

import nox

from sessions.bazel import ROOT, bazel

__all__ = ["hadoop"]


@nox.session
def hadoop(session: nox.Session) -> None:
    """Starts a Hadoop cluster on this machine, stops it, shows it: --help lists its commands."""
    bazel(session, "build", "//deploy/hadoop:trilho-hadoop")
    program = ROOT / "bazel-bin" / "deploy" / "hadoop" / "trilho-hadoop"
    session.run(str(program), *(session.posargs or ["--help"]), external=True)
