"""The real tree in a root that has busybox, /dev/urandom and /proc: no C library, no names.

Minutes of work on gigabytes: `bazel test //deploy/staging:bare_root_test`.
"""

import os
import shutil
import socket
import subprocess
import tarfile
import time
from pathlib import Path

import pytest
from runfiles import Runfiles

# The processor's seconds, whatever else the machine does; 4 are usual, and 9 without byte code.
IMPORT_SECONDS = 7
PATIENCE_SECONDS = 120

# Words: the root, folders of the host to show there, an option of chroot or nothing, the command.
_ENTER = """
for name in $1; do /bin/mount --rbind "/$name" "$0/$name" || exit 125; done
user=$2; shift 2
exec /usr/sbin/chroot $user "$0" "$@"
"""
# TensorFlow's random numbers start from the one; without the other it runs no graph.
_HOST = "dev/urandom proc"
_NO_PROC = "dev/urandom"

_TENSORFLOW = """
import time
import tensorflow as tf
print(f"import tensorflow: {time.process_time():.1f} s")
import keras, numpy as np
keras.utils.set_random_seed(1)
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
model.fit(x, x.sum(axis=1), epochs=2, verbose=0)
model.export("/home/linear/1")
served = tf.saved_model.load("/home/linear/1").signatures["serving_default"]
(found,) = served(tf.constant(x[:2])).values()
assert np.allclose(found, model.predict(x[:2], verbose=0))
print("exported")
"""


def _runfile(name: str) -> Path:
    found = Runfiles.Create()
    path = found and found.Rlocation(name)
    assert path, name
    return Path(path)


class Root:
    """A folder that programs see as all there is; they run without privileges and variables."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        busybox = _runfile("debian_runtime/packages.tsv").parent / "packages/busybox-static"
        (folder / "bin").mkdir(parents=True)
        shutil.copy(busybox / "bin/busybox", folder / "bin/busybox")
        (folder / "bin/sh").symlink_to("busybox")
        for name in ("home", "tmp"):
            (folder / name).mkdir()
            (folder / name).chmod(0o1777)
        (folder / "dev").mkdir()
        (folder / "proc").mkdir()
        (folder / "dev/urandom").touch()
        with tarfile.open(_runfile("trilho/deploy/staging/trilho-full.tar")) as archive:
            archive.extractall(folder / "opt/trilho", filter="tar")

    def command(self, *words: str, host: str = _HOST) -> list[str]:
        """Returns how to start a program of the tree there."""
        enter = ["/usr/bin/unshare", "--mount", *(["--map-root-user"] if os.geteuid() else [])]
        user = "" if os.geteuid() else "--userspec=1000:1000"
        enter += ["/bin/sh", "-c", _ENTER, str(self.folder), host, user]
        return [*enter, f"/opt/trilho/bin/{words[0]}", *words[1:]]

    def run(self, *words: str, host: str = _HOST) -> str:
        """Runs a program to its end."""
        done = subprocess.run(
            self.command(*words, host=host), capture_output=True, text=True, check=False, env={}
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Root:
    folder = tmp_path_factory.mktemp("bare") / "root"
    # pytest's folders are for their owner alone, but the programs run as somebody else.
    for parent in [folder.parent, *folder.parent.parents][:3]:
        if parent.stat().st_uid == os.geteuid():
            parent.chmod(parent.stat().st_mode | 0o055)
    return Root(folder)


def test_tensorflow_trains_and_exports(root: Root) -> None:
    out = root.run("python", "-c", _TENSORFLOW)
    print(out)
    assert float(out.split()[2]) < IMPORT_SECONDS
    assert out.endswith("exported\n")


def test_without_proc_programs_start(root: Root) -> None:
    program = "import tensorflow as tf; print(tf.__version__)"
    assert root.run("python", "-c", program, host=_NO_PROC).startswith("2.")
    assert root.run("trilho", "train", "--help", host=_NO_PROC)
    assert "TensorFlow" in root.run("trilho_server", "--version", host=_NO_PROC)


@pytest.mark.parametrize(
    "command",
    [
        "check",
        "contract",
        "convert",
        "data",
        "evaluate",
        "models",
        "new-service",
        "publish",
        "query",
        "train",
    ],
)
def test_every_command_explains_itself(root: Root, command: str) -> None:
    assert root.run("trilho", command, "--help").startswith(f"Usage: trilho {command}")


def test_programs_that_are_not_ours_explain_themselves(root: Root) -> None:
    assert "TensorFlow" in root.run("trilho_server", "--version")
    assert root.run("tensorboard", "--version")[0].isdigit()


def test_from_a_table_to_what_is_served(root: Root) -> None:
    data = root.folder / "home/data"
    data.mkdir()
    shutil.copy(_runfile("datasets/data/adult.parquet.brotli"), data / "adult.parquet.brotli")
    data.chmod(0o755)
    root.run("trilho", "convert", "/home/data/adult.parquet.brotli", "/home/records")
    train = ["--data", "/home/data", "--steps", "20", "--export", "/home/models"]
    out = root.run("trilho", "train", "census", *train, "--logs", "/home/logs")
    assert "/home/models/census/1" in out
    assert "census" in root.run("trilho", "publish", "/home/models/census", "/home/served")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    flags = ["--model_name=census", "--model_base_path=/home/served/census", f"--port={port}"]
    command = root.command("trilho_server", *flags, "--rest_api_port=-1")
    with subprocess.Popen(command, env={}) as server:
        try:
            # Not localhost: there is no /etc/hosts that says what that is.
            address = f"127.0.0.1:{port}"
            _wait_for(root, address)
            evaluate = ["--server", address, "--trained", "/home/served/census"]
            out = root.run("trilho", "evaluate", "census", "--data", "/home/data", *evaluate)
            assert "test accuracy" in out
        finally:
            server.terminate()
    assert server.returncode == 0


def _wait_for(root: Root, address: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    command = root.command("trilho", "models", "census", "--server", address)
    while True:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={})
        if done.returncode == 0 and "AVAILABLE" in done.stdout:
            return
        assert time.monotonic() < deadline, done.stdout + done.stderr
        time.sleep(1)
