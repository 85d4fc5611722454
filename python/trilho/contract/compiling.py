"""protoc on contracts: to descriptor sets, and to Python modules."""

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

# Known before any option is parsed: an option unknown at that moment stays so.
from trilho import contract_pb2
from trilho.contract.problems import ContractError

__all__ = ["CONTRACT_PROTO", "INCLUDE", "descriptor_set", "python_modules", "roots"]

# Holds trilho/contract.proto, for those who have the package only.
INCLUDE = Path(__file__).parent / "include"
CONTRACT_PROTO = str(contract_pb2.DESCRIPTOR.name)

_COMMENT = re.compile(r'("(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\')|//[^\n]*|/\*.*?\*/', re.DOTALL)
_IMPORT = re.compile(r'\bimport\s+(?:public\s+|weak\s+)?["\']([^"\'\n]+)["\']\s*;')


def roots(path: Path, proto_paths: Sequence[Path]) -> list[Path]:
    """Tells where a .proto's imports are looked for.

    Args:
        path: The .proto.
        proto_paths: As protoc's --proto_path; may be empty.

    Returns:
        These, or the nearest folder around the .proto below which all imports are found.

    Raises:
        ContractError: There is no such folder.
    """
    return [folder.absolute() for folder in proto_paths] or [_root(path)]


def descriptor_set(paths: Sequence[Path], *, proto_paths: Sequence[Path]) -> bytes:
    """Compiles contracts.

    Args:
        paths: .proto files.
        proto_paths: Where their imports are; trilho/contract.proto need not be there.

    Returns:
        A serialized FileDescriptorSet with all imports and the lines they stand on.

    Raises:
        ContractError: A file does not compile, or grpcio-tools is missing.
    """
    with tempfile.TemporaryDirectory(prefix="trilho-contract-") as folder:
        out = Path(folder) / "set.desc"
        options = ["--include_imports", "--include_source_info", f"--descriptor_set_out={out}"]
        _protoc(paths, proto_paths, options)
        return out.read_bytes()


def python_modules(paths: Sequence[Path], *, proto_paths: Sequence[Path], folder: Path) -> None:
    """Makes the modules that a Python client imports: NAME_pb2, its types, NAME_pb2_grpc.

    Args:
        paths: .proto files.
        proto_paths: Where their imports are.
        folder: Where to; made if missing.

    Raises:
        ContractError: A file does not compile, or grpcio-tools is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kinds = ("python", "pyi", "grpc_python")
    _protoc(paths, proto_paths, [f"--{kind}_out={folder}" for kind in kinds])


def _root(path: Path) -> Path:
    """The folder that a .proto's imports are relative to."""
    text = _COMMENT.sub(
        lambda found: found[1] or " ", path.read_text(encoding="utf-8", errors="replace")
    )
    wanted = [name for name in _IMPORT.findall(text) if not name.startswith("google/protobuf/")]
    folders = list(path.absolute().parents)
    for folder in folders:
        if all((folder / name).is_file() for name in wanted):
            return folder
    # contract.proto comes with this package, for those who have no copy of it.
    missing = [name for name in wanted if name != CONTRACT_PROTO]
    for folder in folders:
        if all((folder / name).is_file() for name in missing):
            return folder
    names = ", ".join(f'"{name}"' for name in missing)
    raise ContractError(
        f"{path}: imports {names}, which are not all below one of the folders around it; "
        "name that folder with --proto-path"
    )


def _protoc(paths: Sequence[Path], proto_paths: Sequence[Path], options: Sequence[str]) -> None:
    named = ", ".join(str(path) for path in paths)
    if importlib.util.find_spec("grpc_tools") is None:
        raise ContractError(
            f"{named}: compiling it needs grpcio-tools: pip install 'trilho[contract]', or give "
            "what protoc --include_imports --include_source_info --descriptor_set_out wrote"
        )
    # In a process of its own, as protoc tells its errors to the process's stderr.
    run = subprocess.run(
        [
            *(sys.executable, "-m", "grpc_tools.protoc"),
            *(f"-I{root}" for root in [*proto_paths, INCLUDE]),
            *options,
            *(str(path.absolute()) for path in paths),
        ],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=False,
        text=True,
    )
    if run.returncode != 0:
        raise ContractError(f"{named}: does not compile", *run.stderr.strip().splitlines())
