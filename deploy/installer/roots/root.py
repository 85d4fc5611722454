"""Roots to install in: whole systems in a folder, entered by chroot in a mount namespace.

Nothing of the machine is seen in them but its kernel, and the few device nodes without which
hardly a program starts.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
USER = 1000

# Mounts what is asked for, and becomes the command. Its words: root, user, "proc" or "", "shm" or
# "", files and folders of the machine ("ro:" before those that are not to be written to), "--",
# command.
_ENTER = """set -eu
root=$1 user=$2 proc=$3 shm=$4
shift 4
while [ "$1" != -- ]; do
  place=${1#ro:}
  if [ -d "$place" ]; then mkdir -p "$root$place"; else : >>"$root$place"; fi
  mount --bind "$place" "$root$place"
  [ "$place" = "$1" ] || mount -o remount,bind,ro "$root$place"
  shift
done
shift
[ -z "$proc" ] || mount -t proc proc "$root/proc"
[ -z "$shm" ] || mount -t tmpfs tmpfs "$root/dev/shm"
exec chroot --userspec="$user:$user" --groups= "$root" "$@"
"""


@dataclass(frozen=True)
class Root:
    """A system in a folder."""

    folder: Path
    shell: str = "/bin/sh"

    def path(self, name: str) -> Path:
        """The place on this machine of a path in the root."""
        return self.folder / name.lstrip("/")

    def put(self, source: Path, name: str) -> str:
        """Links or copies a file into the root, and returns its path there."""
        target = self.path(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        try:
            # Of a link itself, as Bazel has them, a second name would be made.
            os.link(source.resolve(), target)
        except OSError:
            shutil.copy(source, target)
        return name

    def command(
        self,
        *words: object,
        user: int = USER,
        proc: bool = False,
        shm: bool = False,
        binds: Sequence[Path] = (),
        read_only: Sequence[Path] = (),
    ) -> list[str]:
        """The words that run a command there; the process becomes the command.

        Folders of the machine in `binds` and `read_only` are seen there under the same paths.
        """
        mounts = ["proc" if proc else "", "shm" if shm else ""]
        folders = [*map(str, binds), *(f"ro:{folder}" for folder in read_only)]
        enter = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _ENTER, "enter"]
        start = [*enter, str(self.folder), str(user), *mounts, *DEVICES, *folders, "--"]
        return [*start, *map(str, words)]

    def run(
        self,
        *words: object,
        user: int = USER,
        proc: bool = False,
        shm: bool = False,
        timeout: float = 600,
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command there to its end."""
        return subprocess.run(
            self.command(*words, user=user, proc=proc, shm=shm),
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )


def _make_folders(folder: Path) -> None:
    for name in ("dev/shm", "proc", "tmp", "srv", "home/user"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name in ("tmp", "srv"):
        (folder / name).chmod(0o1777)
    os.chown(folder / "home/user", USER, USER)


def make_bare_root(folder: Path, packages: Path) -> Root:
    """A root with a static busybox under the names of its tools, and no C library."""
    (folder / "bin").mkdir(parents=True)
    busybox = folder / "bin/busybox"
    shutil.copy(packages / "busybox-static/bin/busybox", busybox)
    tools = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True)
    for tool in tools.stdout.split():
        if tool != "busybox":
            (folder / "bin" / tool).symlink_to("busybox")
    _make_folders(folder)
    return Root(folder)


def make_musl_root(folder: Path, packages: Path) -> Root:
    """A root whose only C library is musl."""
    root = make_bare_root(folder, packages)
    download = folder / "tmp/musl"
    download.mkdir()
    command = ["apt-get", "download", "--quiet", "-o", "APT::Sandbox::User=root", "musl"]
    subprocess.run(command, cwd=download, check=True, capture_output=True)
    (package,) = download.glob("musl_*.deb")
    subprocess.run(["dpkg-deb", "--extract", package, folder], check=True)
    shutil.rmtree(download)
    return root


def debian_mirror() -> str:
    """The archive that this machine's apt takes its packages from."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return next(uri for uri in listed if uri.rstrip("/").endswith("/debian"))


def make_debian_root(folder: Path, suite: str) -> Root:
    """A minimal Debian of a suite, made by debootstrap, or copied from one that was made before.

    Those are kept in the folder that TRILHO_ROOTS names, if it does.
    """
    kept = os.environ.get("TRILHO_ROOTS")
    if kept and (Path(kept) / suite).exists():
        subprocess.run(["cp", "-a", str(Path(kept) / suite), str(folder)], check=True)
        _make_folders(folder)
        return Root(folder)
    script = Path("/usr/share/debootstrap/scripts") / suite
    command: Sequence[str] = [
        "debootstrap",
        "--variant=minbase",
        # An archive's old suites are signed by keys that have expired.
        "--no-check-gpg",
        suite,
        str(folder),
        debian_mirror(),
        *([] if script.exists() else ["/usr/share/debootstrap/scripts/sid"]),
    ]
    # Bazel's tests do not look where system administrators' programs are.
    places = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    done = subprocess.run(
        command, env={**os.environ, "PATH": places}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise OSError(f"debootstrap {suite}: {(done.stdout + done.stderr)[-1000:]}")
    if kept:
        aside = Path(kept) / f".{suite}"
        subprocess.run(["cp", "-a", str(folder), str(aside)], check=True)
        aside.rename(Path(kept) / suite)
    _make_folders(folder)
    return Root(folder)


def remove_root(root: Root) -> None:
    """Removes a root; its mounts went with the commands that had them."""
    shutil.rmtree(root.folder, ignore_errors=True)
