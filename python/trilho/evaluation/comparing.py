"""Putting what a server's answers are worth beside what the trainer measured."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from trilho.evaluation.asking import EvaluationError
from trilho.export import manifest
from trilho.export.provenance import DATA, DEFAULT_DATA, other_data
from trilho.manifest_pb2 import Manifest
from trilho.training.config import TrainingConfig

__all__ = ["Row", "compare", "data_hint", "trained_manifest", "trained_options"]


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
        name = folder.resolve().name
        if name.isdecimal() and int(name) != version:
            raise EvaluationError(
                f"{folder} is version {name}, and the server answers with version {version}; "
                f"expected {folder.parent}, or --version {name}"
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


def data_hint(made: Manifest, config: TrainingConfig, data: str | None) -> str:
    """Says why figures may differ.

    Args:
        made: The version's manifest.
        config: The options of the test split that was asked.
        data: Where it is from; None for the data set that is fetched.

    Returns:
        A hint, with what it is set off by; "" if the data is the same one, as far as is known.
    """
    asked = {**config.as_strings(), DATA: DEFAULT_DATA if data is None else data}
    difference = other_data(made.training, asked)
    return f"; trained and asked with other data ({difference})" if difference else ""
