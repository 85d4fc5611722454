"""`trilho check`: whether an exported model keeps its contract."""

from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from trilho.cli._contract_options import CONTRACT_FILE, proto_path
from trilho.contract import reading
from trilho.contract.check import check as compare
from trilho.contract.check import raise_mismatches
from trilho.contract.definitions import Contract
from trilho.contract.problems import ContractError
from trilho.contract.report import Report
from trilho.export import manifest
from trilho.export.versions import ExportError, list_versions

__all__ = ["check"]

_EXAMPLES = """\b
Examples:
  trilho check /models/mnist --contract protos/trilho/mnist.proto
  trilho check /models/mnist/3 --contract protos/trilho/mnist.proto
  trilho check /models/census --contract services.desc --model census

\b
What a contract looks like:
  import "trilho/contract.proto";
  service CensusService {
    rpc Score(ScoreRequest) returns (ScoreResponse) {
      option (trilho.contract.model) = { name: "census" };
    }
  }
  message ScoreRequest {
    float age = 1;                           // input "age", FLOAT [?]
    repeated float pay = 2 [(trilho.contract.tensor) = { alias: "salary", shape: 12 }];
  }                                          // input "salary", FLOAT [?, 12]
"""


@click.command(epilog=_EXAMPLES)
@click.argument("model_dir", type=click.Path(file_okay=False, exists=True, path_type=Path))
@click.option(
    "--contract",
    "files",
    type=CONTRACT_FILE,
    multiple=True,
    required=True,
    metavar="FILE",
    help="A .proto with annotated methods, or a descriptor set; may be repeated.",
)
@click.option(
    "--model",
    metavar="NAME",
    help="Compare the methods that this model answers; where contracts name several models, "
    "by default that of the version's manifest, or else of the folder's name.",
)
@proto_path
def check(
    *, model_dir: Path, files: tuple[Path, ...], model: str | None, proto_paths: tuple[Path, ...]
) -> None:
    """Compare the SavedModel in MODEL_DIR with the contract that it shall keep.

    MODEL_DIR is a version's folder, or a model's: then its newest version is taken. Each field of
    an annotated method must be an input or output of the method's signature, of the same dtype and
    shape, and each input must be fed by a field. Neither TensorFlow nor a server is needed.

    Ends with 0 and a table if all is well, with 1 and a line for each mismatch if not.
    """
    folder = _version_folder(model_dir)
    contracts = _of_model(reading.read(files, proto_paths=proto_paths), folder, model)
    reports = [compare(contract, folder) for contract in contracts]
    try:
        raise_mismatches(folder, reports)
    except ContractError as error:
        raise ContractError(*_taken_for(folder, contracts[0].model), *error.problems) from error
    click.echo(f"{folder} keeps the contract")
    _show(reports)


def _version_folder(folder: Path) -> Path:
    if (folder / "saved_model.pb").exists():
        return folder
    versions = list_versions(folder)
    if not versions:
        raise ContractError(
            f"{folder}: has neither a saved_model.pb nor versions; expected a version's folder, "
            "e.g. /models/mnist/1, or a model's, e.g. /models/mnist"
        )
    return folder / str(versions[-1])


def _of_model(contracts: Sequence[Contract], folder: Path, model: str | None) -> list[Contract]:
    names = sorted({contract.model for contract in contracts})
    if model is None:
        # The one model that is named may be served under any name.
        model = names[0] if len(names) == 1 else _model_name(folder)
    found = [contract for contract in contracts if contract.model == model]
    if not found:
        raise ContractError(
            f'no method is answered by the model "{model}"; --model can be {", ".join(names)}'
        )
    return found


def _model_name(folder: Path) -> str:
    if (folder / manifest.MANIFEST_NAME).is_file():
        return str(manifest.read(folder).model)
    resolved = folder.resolve()
    return resolved.parent.name if resolved.name.isdecimal() else resolved.name


def _taken_for(folder: Path, expected: str) -> list[str]:
    """Says that the version is another model's, where its manifest does: the likeliest mistake."""
    if not (folder / manifest.MANIFEST_NAME).is_file():
        return []
    try:
        model = str(manifest.read(folder).model)
    except ExportError as error:
        return [str(error)]
    if model == expected:
        return []
    return [
        f'the contract is answered by the model "{expected}"; {folder} is a version of "{model}"'
    ]


def _show(reports: Sequence[Report]) -> None:
    console = Console(highlight=False, markup=False)
    for report in reports:
        click.echo(f"{report.contract.full_name}, signature {report.contract.signature}")
        table = Table("field", "", "tensor", "dtype", "shape", "", box=None, header_style="bold")
        for match in report.matches:
            table.add_row(match.path, match.way, match.alias, match.dtype, match.shape, match.note)
        console.print(table)
