"""Putting what a server's answers are worth beside what the trainer measured."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from trilho.evaluation.asking import EvaluationError
from trilho.evaluation.evaluation import Evaluation
from trilho.export import manifest
from trilho.export.provenance import DATA, DEFAULT_DATA, differing
from trilho.export.versions import list_versions
from trilho.manifest_pb2 import Manifest
from trilho.training.config import TrainingConfig

__all__ = ["Row", "check_data", "compare", "data_hint", "trained_manifest", "trained_options"]

_TEST = "test"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A figure.

    Attributes:
        name: Its name.
        served: By the server's answers.
        trained: By the trainer; None if it is not known.
        equal: Whether they differ by no more than is allowed; True if `trained` is not known.
    """

    name: str
    served: float
    trained: float | None
    equal: bool


def trained_manifest(folder: Path, *, model: str, version: int) -> Manifest:
    """Finds the manifest of the version that is served.

    Args:
        folder: The version's folder, or the model's.
        model: The model that must be in it.
        version: The version that is served.

    Returns:
        The manifest.

    Raises:
        ExportError: There is none.
        EvaluationError: It is another model's, or `folder` is another version's.
    """
    if (folder / manifest.MANIFEST_NAME).is_file():
        # A version may be published under another number; but not if there is one of that, too.
        name, own = folder.resolve().name, folder.resolve().parent / str(version)
        if name.isdecimal() and int(name) != version and own.is_dir():
            raise EvaluationError(
                f"{folder} is version {name}, and the server answers with version {version}; "
                f"expected {own}, or --version {name}"
            )
    elif not (folder / str(version)).is_dir() and (versions := list_versions(folder)):
        raise EvaluationError(
            f"{folder} has no version {version}, with which the server answers; expected the "
            f"folder of what was published as this, e.g. {folder / str(versions[-1])}"
        )
    else:
        folder = folder / str(version)
    found = manifest.read(folder)
    if found.model != model:
        raise EvaluationError(f'{folder} is a version of "{found.model}", not of "{model}"')
    return found


def trained_options(made: Manifest, config: type[TrainingConfig]) -> dict[str, object]:
    """Reads the options that a version was trained with out of its manifest.

    Args:
        made: The manifest.
        config: The options' class.

    Returns:
        Values by name, as `overrides.resolve` takes them; what is no option any more is left out.
    """
    names = {field.name for field in dataclasses.fields(config)}
    return {
        name: None if text == "None" else yaml.safe_load(text.strip("()"))
        for name, text in made.training.items()
        if name in names
    }


def compare(
    served: Mapping[str, float], trained: Mapping[str, float], *, tolerance: float
) -> list[Row]:
    """Compares figures by their names.

    Args:
        served: By the server's answers.
        trained: By the trainer; may be empty, and may have others.
        tolerance: By how much two may differ, as the server's batches are others and the last bits
            of a sum depend on them.

    Returns:
        A row for each figure of `served`.

    Raises:
        EvaluationError: The trainer says nothing of one, though it says something of others.
    """
    if trained and (unknown := sorted(set(served) - set(trained))):
        raise EvaluationError(
            f"the manifest has no {', '.join(unknown)}; it has {', '.join(sorted(trained))}"
        )
    return [
        Row(
            name=name,
            served=value,
            trained=trained.get(name),
            equal=name not in trained or abs(value - trained[name]) <= tolerance,
        )
        for name, value in served.items()
    ]


def check_data(made: Manifest, evaluation: Evaluation) -> None:
    """Makes sure that a server is asked for the rows that the trainer has measured with.

    Args:
        made: The version's manifest.
        evaluation: The test split.

    Raises:
        EvaluationError: They are other rows, so that the figures cannot be compared.
    """
    asked = {} if evaluation.test is None else {_TEST: evaluation.test}
    if difference := differing(made.splits, asked):
        raise EvaluationError(
            f"the version was measured on other rows than would be asked now; {difference}; give "
            "its own rows by --data, or leave out --trained"
        )


def data_hint(made: Manifest, data: str | None) -> str:
    """Says why figures may differ.

    Args:
        made: The version's manifest.
        data: Where the test split that was asked is from; None for the data set that is fetched.

    Returns:
        A hint, with what it is set off by; "" if the rows are known to be the same.
    """
    if _TEST in made.splits:
        return ""
    trained, asked = made.training.get(DATA, "?"), DEFAULT_DATA if data is None else data
    return (
        "; the manifest does not say of which rows its figures are, only that --data was "
        f"{trained}, and now is {asked}"
    )
