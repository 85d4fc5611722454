"""Where the built programs and contracts are."""

from pathlib import Path

from runfiles import Runfiles

__all__ = ["MNIST_CONTRACT", "SERVER", "runfile"]

SERVER = "cpp_server/trilho_server"
MNIST_CONTRACT = "protos/mnist.desc"


def runfile(path: str) -> Path:
    """Finds a file that the test names in its `data`.

    Args:
        path: Its path in the repository.

    Returns:
        Where it is on this machine.

    Raises:
        FileNotFoundError: It is not there.
    """
    runfiles = Runfiles.Create()
    found = runfiles.Rlocation(f"trilho/{path}") if runfiles else None
    if found is None or not Path(found).exists():
        raise FileNotFoundError(
            f"{path} is not among the runfiles: run the test by Bazel, or set RUNFILES_DIR"
        )
    return Path(found)
