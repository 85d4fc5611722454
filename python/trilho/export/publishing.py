"""Publishing a version, unless it is worse than the one that is live."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from trilho.contract.check import verify_export
from trilho.contract.definitions import Contract
from trilho.contract.problems import ContractError
from trilho.export import manifest
from trilho.export.provenance import differing, measured_on
from trilho.export.stores import Store
from trilho.export.versions import ExportError, list_versions
from trilho.manifest_pb2 import Manifest

__all__ = [
    "BETTER",
    "HEADLINE",
    "Comparison",
    "Published",
    "contracts_of",
    "publish",
    "version_folder",
]

# Keys of the manifest's `training`: by which figure versions are compared, and whether "higher" or
# "lower" ones are better.
HEADLINE = "headline"
BETTER = "headline_better"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A version next to the live one.

    Attributes:
        live: The newest published version.
        metric: What is compared.
        found: What the new version has.
        expected: What the live one has.
        loss: By how much the new version is worse; less than 0 if it is better.
        same_data: Whether both were measured on the same rows; None if one of them does not say.
    """

    live: int
    metric: str
    found: float
    expected: float
    loss: float
    same_data: bool | None


@dataclass(frozen=True, kw_only=True)
class Published:
    """What was published.

    Attributes:
        place: Where it is.
        model: The model's name.
        version: The version's number.
        first: Whether there was none of the model before.
        comparison: With the live one; None if it is the first, or forced without one.
        not_compared: Why a version that was forced could not be compared; "" for any other.
    """

    place: str
    model: str
    version: int
    first: bool
    comparison: Comparison | None
    not_compared: str = ""


def version_folder(folder: Path) -> Path:
    """Finds a version.

    Args:
        folder: A version's folder, or a model's: then its newest version is taken.

    Returns:
        The version's folder.

    Raises:
        ExportError: It is neither.
    """
    if (folder / manifest.MANIFEST_NAME).is_file():
        return folder
    versions = list_versions(folder)
    if not versions:
        raise ExportError(
            f"{folder}: has neither a {manifest.MANIFEST_NAME} nor versions; expected a version's "
            "folder, e.g. /models/mnist/1, or a model's, e.g. /models/mnist"
        )
    return folder / str(versions[-1])


def publish(
    folder: Path,
    store: Store,
    *,
    version: int | None = None,
    margin: float = 0.0,
    force: bool = False,
    contracts: Iterable[Contract] = (),
) -> Published:
    """Publishes a version.

    Args:
        folder: The version's folder, or the model's.
        store: Where to.
        version: Its number there; by default that of its folder.
        margin: By how much its headline figure may be worse than that of the newest version there.
        force: Publish it even if it is worse, or cannot be compared.
        contracts: What callers go by, of this and of other models; the version must keep those of
            its own.

    Returns:
        What was published.

    Raises:
        ExportError: Its files are not what its manifest says, the store is a model's own folder,
            the version exists there already, or it is worse or cannot be compared, as one measured
            on other rows, and `force` is not set. A figure that is not finite is worse than any.
        ContractError: It does not keep a contract, or none of them is its model's.
    """
    folder = version_folder(folder)
    made = manifest.verify(folder)
    verify_export(folder, contracts_of(made.model, list(contracts)))
    if version is None:
        name = folder.resolve().name
        if not name.isdecimal():
            raise ExportError(f"{folder}: its name is no version; --version gives it a number")
        version = int(name)
    store.check_root(made.model)
    store.check_free(made.model, version)
    live = store.versions(made.model)
    comparison: Comparison | None = None
    reason = ""
    if live:
        newest = store.manifest(made.model, live[-1])
        reason = _not_comparable(made, newest)
        if reason and not force:
            raise ExportError(
                f"version {live[-1]} of {made.model} is live, and cannot be compared: {reason}; "
                "--force publishes without"
            )
        comparison = None if reason else _compare(made, newest, live[-1])
    if comparison and not comparison.loss <= margin and not force:
        raise ExportError(
            f"{folder}: {comparison.metric} is {comparison.found:g}, and {comparison.expected:g} "
            f"of the live version {comparison.live}: worse by {comparison.loss:.6g}, where "
            f"--margin allows {margin:g}; --force publishes it all the same"
        )
    place = store.put(folder, made.model, version)
    return Published(
        place=place,
        model=made.model,
        version=version,
        first=not live,
        comparison=comparison,
        not_compared=reason,
    )


def contracts_of(model: str, contracts: Sequence[Contract]) -> list[Contract]:
    """Returns those of contracts that a model answers.

    Raises:
        ContractError: There are contracts, and none is this model's.
    """
    found = [contract for contract in contracts if contract.model == model]
    if contracts and not found:
        names = ", ".join(sorted({contract.model for contract in contracts}))
        raise ContractError(f'no method is answered by the model "{model}", but by {names}')
    return found


def _not_comparable(made: Manifest, live: Manifest) -> str:
    """Says why two versions cannot be compared; "" if they can."""
    metric = made.training.get(HEADLINE, "")
    if metric not in made.metrics or metric not in live.metrics:
        named = f'the figure "{metric}"' if metric else f'a "{HEADLINE}" in the manifest'
        return f"both need {named}"
    difference = differing(measured_on(made, metric), measured_on(live, metric))
    if difference:
        return f"{metric} was measured on other rows; {difference}"
    return ""


def _compare(made: Manifest, live: Manifest, version: int) -> Comparison:
    metric = made.training[HEADLINE]
    found, expected = made.metrics[metric], live.metrics[metric]
    lower = made.training.get(BETTER) == "lower"
    if not math.isfinite(found):
        loss = math.inf
    elif not math.isfinite(expected):
        # Earlier trainers wrote it: anything is better.
        loss = -math.inf
    else:
        loss = found - expected if lower else expected - found
    known = measured_on(made, metric) and measured_on(live, metric)
    return Comparison(
        live=version,
        metric=metric,
        found=found,
        expected=expected,
        loss=loss,
        same_data=True if known else None,
    )
