"""Publishing a version, unless it is worse than the one that is live."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trilho.export import manifest
from trilho.export.provenance import other_data
from trilho.export.stores import Store
from trilho.export.versions import ExportError, list_versions
from trilho.manifest_pb2 import Manifest

__all__ = ["BETTER", "HEADLINE", "Comparison", "Published", "publish", "version_folder"]

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
        other_data: In what the data of the two differ; "" if they do not, or nobody knows.
    """

    live: int
    metric: str
    found: float
    expected: float
    loss: float
    other_data: str


@dataclass(frozen=True, kw_only=True)
class Published:
    """What was published.

    Attributes:
        place: Where it is.
        model: The model's name.
        version: The version's number.
        first: Whether there was none of the model before.
        comparison: With the live one; None if it is the first, or forced without one.
    """

    place: str
    model: str
    version: int
    first: bool
    comparison: Comparison | None


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
) -> Published:
    """Publishes a version.

    Args:
        folder: The version's folder, or the model's.
        store: Where to.
        version: Its number there; by default that of its folder.
        margin: By how much its headline figure may be worse than that of the newest version there.
        force: Publish it even if it is worse, or cannot be compared.

    Returns:
        What was published.

    Raises:
        ExportError: Its files are not what its manifest says, the store is a model's own folder,
            the version exists there already, or it is worse or cannot be compared and `force` is
            not set.
    """
    folder = version_folder(folder)
    made = manifest.verify(folder)
    if version is None:
        name = folder.resolve().name
        if not name.isdecimal():
            raise ExportError(f"{folder}: its name is no version; --version gives it a number")
        version = int(name)
    store.check_root(made.model)
    store.check_free(made.model, version)
    live = store.versions(made.model)
    comparison = _compare(made, store, live, force=force)
    if comparison and comparison.loss > margin and not force:
        other = f" (of other data: {comparison.other_data})" if comparison.other_data else ""
        raise ExportError(
            f"{folder}: {comparison.metric} is {comparison.found:g}, and {comparison.expected:g} "
            f"of the live version {comparison.live}{other}: worse by {comparison.loss:.6g}, where "
            f"--margin allows {margin:g}; --force publishes it all the same"
        )
    place = store.put(folder, made.model, version)
    return Published(
        place=place, model=made.model, version=version, first=not live, comparison=comparison
    )


def _compare(
    made: Manifest, store: Store, versions: Sequence[int], *, force: bool
) -> Comparison | None:
    if not versions:
        return None
    live = store.manifest(made.model, versions[-1])
    metric = made.training.get(HEADLINE, "")
    if metric not in made.metrics or metric not in live.metrics:
        if force:
            return None
        named = f'the figure "{metric}"' if metric else f'a "{HEADLINE}" in the manifest'
        raise ExportError(
            f"version {versions[-1]} of {made.model} is live, and cannot be compared: both need "
            f"{named}; --force publishes without"
        )
    found, expected = made.metrics[metric], live.metrics[metric]
    lower = made.training.get(BETTER) == "lower"
    loss = found - expected if lower else expected - found
    return Comparison(
        live=versions[-1],
        metric=metric,
        found=found,
        expected=expected,
        loss=loss,
        other_data=other_data(made.training, live.training),
    )
