"""Makes roots without a C library, in which the containers of a NodeManager run.

A NodeManager with such a root runs in the machine's own one, as do the daemons. Its containers
enter theirs by chroot in a mount namespace, where they see their working folders, Hadoop's
configuration and jars, and a Java, each at the path that it has outside.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

from deploy.hadoop.errors import ClusterError
from deploy.hadoop.parts import Parts
from deploy.hadoop.plan import Daemon, Plan
from deploy.hadoop.state import State, write
from deploy.installer.roots.root import Root, make_bare_root

__all__ = ["NodeRoot", "check_root"]

# Parts of Java's folder that no program needs to run.
_LEFT_OUT = shutil.ignore_patterns("jmods", "include", "man", "legal", "docs", "src.zip", "demo")
# ContainerLaunch ends each container's script with /bin/bash.
_BASH = '#!/bin/busybox sh\nexec /bin/busybox sh "$@"\n'
# chroot goes to the new root's top; a container starts in its own folder.
_GO_BACK = 'cd "$1" && shift && exec "$@"'


def check_root(plan: Plan) -> None:
    """Raises ClusterError if bare nodes are wanted and this process cannot have them."""
    if not plan.bare_nodes:
        return
    if os.geteuid() != 0:
        raise ClusterError(
            "only root can run containers in a root of their own: run this as root, or without "
            "--bare-nodes"
        )
    if plan.node_root:
        for name in ("bin/sh", "bin/bash"):
            # A link may lead to a place that is inside of the root only.
            if not os.path.lexists(Path(plan.node_root) / name):
                raise ClusterError(f"{plan.node_root} has no {name}, which each container needs")


class NodeRoot:
    """The root of one NodeManager's containers.

    Attributes:
        enter: A script that becomes the command of its words, in the root and the same folder.
    """

    def __init__(self, state: State, plan: Plan, parts: Parts, daemon: Daemon) -> None:
        self._state = state
        self._parts = parts
        self._folder = state.nodes / daemon.name
        self._made = self._folder / "root"
        self._given = Path(plan.node_root) if plan.node_root else None
        self.enter = self._folder / "enter-root"

    def make(self) -> None:
        """Makes what is not there yet: the root, the Java and the script.

        Raises:
            ClusterError: A program that this needs fails.
        """
        try:
            _copy_java(self._parts.java.home, self._state.java)
            if not self._given and not self._made.exists():
                self._make_root()
        except (OSError, subprocess.CalledProcessError) as error:
            raise ClusterError(f"the root in {self._folder} cannot be made: {error}") from error
        root = Root(self._given or self._made)
        enter = root.command(
            user=0,
            proc=True,
            shm=True,
            binds=(self._folder / "local", self._folder / "logs"),
            read_only=(self._state.folder / "conf", self._state.java, self._parts.jars),
        )
        back = ["/bin/sh", "-c", _GO_BACK, "enter-root"]
        words = f'{shlex.join([*enter, *back])} "$PWD" "$@"'
        write(self.enter, f"#!/bin/sh\nexec {words}\n", 0o755)

    def _make_root(self) -> None:
        aside = self._made.with_name(".root")
        shutil.rmtree(aside, ignore_errors=True)
        make_bare_root(aside, self._parts.packages)
        write(aside / "bin" / "bash", _BASH, 0o755)
        write(aside / "etc" / "passwd", "root:x:0:0:root:/root:/bin/sh\n")
        write(aside / "etc" / "group", "root:x:0:\n")
        shutil.copyfile("/etc/hosts", aside / "etc" / "hosts")
        (aside / "root").mkdir()
        aside.rename(self._made)


def _copy_java(home: Path, target: Path) -> None:
    """Copies a Java with the libraries that it needs, so that it runs where there are none."""
    if target.exists():
        return
    aside = target.with_name(f".{target.name}")
    shutil.rmtree(aside, ignore_errors=True)
    # Debian's has links into /etc.
    shutil.copytree(home, aside / "jvm", ignore=_LEFT_OUT, ignore_dangling_symlinks=True)
    (aside / "native").mkdir()
    libraries = [aside / "jvm/bin/java", *sorted((aside / "jvm/lib").rglob("*.so"))]
    listed = subprocess.run(
        ["ldd", *map(str, libraries)], capture_output=True, text=True, check=False
    ).stdout
    needed = {word for word in listed.split() if word.startswith("/") and not word.endswith(":")}
    for path in sorted(needed):
        # Java's own libraries find each other.
        if not path.startswith(str(aside)):
            shutil.copyfile(path, aside / "native" / Path(path).name)
    (loader,) = (aside / "native").glob("ld-linux-*")
    loader.chmod(0o755)
    (aside / "bin").mkdir()
    places = (target / "native" / loader.name, target / "native", target / "jvm/bin/java")
    quoted = [shlex.quote(str(place)) for place in places]
    script = f'#!/bin/sh\nexec {quoted[0]} --library-path {quoted[1]} {quoted[2]} "$@"\n'
    write(aside / "bin" / "java", script, 0o755)
    aside.rename(target)
