"""Machines with next to nothing on them: folders that programs take for the root."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

__all__ = ["BareRoot", "busybox_root", "debian_root"]

SECONDS = 900.0
BUSYBOX = Path("/bin/busybox")
# Nobody in particular.
USER = 65532


class BareRoot:
    """A folder that programs take for the root; the network and the processes are this machine's.

    Only what runs in there sees its /proc, so that nothing has to be taken away afterwards.

    Attributes:
        path: Where it is on this machine.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def words(self, *words: object, user: int = 0) -> list[str]:
        """Tells how to run a program in there, without this machine's environment.

        The process that these words start becomes the program.
        """
        clean = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"]
        enter = 'mount -t proc proc "$0/proc" && exec chroot "--userspec=$1:$1" "$0" "${@:2}"'
        mounted = ["unshare", "--mount", "bash", "-c", enter, str(self.path), str(user)]
        return [*clean, *mounted, *map(str, words)]

    def run(self, *words: object, user: int = 0, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Runs a program in there to its end, which must be `code`."""
        done = subprocess.run(
            self.words(*words, user=user),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            timeout=SECONDS,
        )
        assert done.returncode == code, (
            f"{words} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        )
        return done

    def put(self, file: Path, place: str) -> str:
        """Copies a file to `place`, in there; returns that."""
        target = self.path / place.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
        return place

    def has(self, place: str) -> bool:
        """Tells whether something is at `place`, be it a link that leads nowhere."""
        return os.path.lexists(self.path / place.lstrip("/"))

    def listing(self) -> Mapping[str, str]:
        """Tells of everything in there but devices and caches: its path and what it is."""
        found = {}
        for folder, folders, files in os.walk(self.path):
            for name in (*folders, *files):
                path = Path(folder, name)
                status = path.lstat()
                kind = (
                    str(path.readlink())
                    if path.is_symlink()
                    else f"{status.st_mode:o} {status.st_uid}"
                )
                found[str(path.relative_to(self.path))] = kind
        return found


def _needs_root() -> None:
    assert os.geteuid() == 0, "only root can make a root: run this as root"


def debian_root(path: Path, suite: str = "bookworm") -> BareRoot:
    """Makes a Debian of its required packages and apt, in a folder that is not there yet."""
    _needs_root()
    # Bazel's tests do not look where system administrators' programs are.
    places = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    done = subprocess.run(
        ["debootstrap", "--variant=minbase", suite, str(path)],
        env={**os.environ, "PATH": places},
        capture_output=True,
        check=False,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return BareRoot(path)


def busybox_root(path: Path) -> BareRoot:
    """Makes a root of busybox alone, without a C library, in a folder that is not there yet."""
    _needs_root()
    for folder in ("bin", "tmp", "dev", "proc"):
        (path / folder).mkdir(parents=True)
    (path / "tmp").chmod(0o1777)
    shutil.copy(BUSYBOX, path / "bin/busybox")
    root = BareRoot(path)
    root.run("/bin/busybox", "--install", "-s", "/bin")
    # A shell writes to the one, and TensorFlow draws its seeds from the other.
    for name, minor in (("null", "3"), ("urandom", "9")):
        root.run("/bin/mknod", "-m", "666", f"/dev/{name}", "c", "1", minor)
    return root
