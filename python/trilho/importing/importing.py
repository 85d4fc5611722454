"""Publishing a SavedModel of somebody else's, after it was loaded and called as by a server."""

import re
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tensorflow as tf

from trilho.contract.check import verify_export
from trilho.contract.definitions import Contract
from trilho.contract.features import read_features
from trilho.export import manifest, warm_up
from trilho.export.publishing import BETTER, HEADLINE, contracts_of
from trilho.export.versions import ExportError, list_versions, new_version
from trilho.importing.loading import ServedModel, load
from trilho.importing.requests import Request, from_file, zeros

__all__ = ["Imported", "Tried", "import_model"]

# A folder's name that a server's flags and URLs take as it is.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_SOURCE = "imported_from"
_TENSORFLOW = "made_with_tensorflow"


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What is known of a signature.

    Attributes:
        signature: The signature's name.
        requests: How many real requests it answered.
        zeros: Whether it answered one of zeros.
        is_recorded: Whether servers warm up with what it answered.
    """

    signature: str
    requests: int
    zeros: bool
    is_recorded: bool


@dataclass(frozen=True, kw_only=True)
class Imported:
    """A version that was made of a SavedModel.

    Attributes:
        folder: DIRECTORY/NAME/VERSION.
        version: VERSION.
        tried: Each signature that can be called.
    """

    folder: Path
    version: int
    tried: Sequence[Tried]


def import_model(
    source: Path,
    *,
    name: str,
    directory: Path,
    version: int | None = None,
    requests: Iterable[Path] = (),
    untried: Iterable[str] = (),
    contracts: Iterable[Contract] = (),
    metrics: Mapping[str, float] | None = None,
    headline: str | None = None,
    better: Literal["higher", "lower"] = "higher",
) -> Imported:
    """Publishes a SavedModel as DIRECTORY/NAME/VERSION, in one piece or not at all.

    It is copied, loaded by its tag "serve" into a session, and each of its signatures is called:
    with the requests that are given for it, with those that it brings as warm-up, or else with
    zeros. What it answers to becomes its warm-up; zeros only where a call certainly changes
    nothing.

    Args:
        source: The SavedModel's folder, which stays as it is.
        name: The model's name.
        directory: Where models are published, made if missing.
        version: The version's number; by default the next free one.
        requests: Files of real requests; see `requests.from_file`.
        untried: Signatures that are not called with zeros, because they cannot answer these.
        contracts: What callers go by, of this and of other models.
        metrics: What is known of its quality, by name, for the manifest.
        headline: The one of `metrics` by which `trilho publish` compares versions.
        better: Which values of the headline are better.

    Returns:
        Where the version is, and how it was tried.

    Raises:
        ExportError: It does not load, or fails at a call; the version exists already; the name, a
            request or the headline does not suit.
        ContractError: There is no SavedModel for serving, or it does not keep a contract.
    """
    figures = dict(metrics or {})
    training = {_SOURCE: str(source)}
    if headline is not None:
        if headline not in figures:
            known = ", ".join(figures) or "none: give it by --figure"
            raise ExportError(f'headline is "{headline}"; figures are {known}')
        training |= {HEADLINE: headline, BETTER: better}
    if not _NAME.fullmatch(name):
        raise ExportError(f'"{name}" is no name of a model: expected letters, digits and _ . -')
    _check_source(source)
    with new_version(directory / name, version=version) as new:
        _copy(source, new.aside)
        with load(new.aside) as model:
            tried, records = _try(model, new.aside, list(requests), set(untried))
            training[_TENSORFLOW] = model.tensorflow
        _write_records(records, new.aside)
        verify_export(new.aside, contracts_of(name, list(contracts)))
        made = manifest.build(new.aside, model=name, metrics=figures, training=training)
        manifest.write(made, new.aside)
    return Imported(folder=new.folder, version=new.version, tried=tried)


def _check_source(source: Path) -> None:
    if source.is_file():
        kind = "a Keras file: keras.models.load_model(...).export(FOLDER) makes a SavedModel of it"
        hint = f"; it is {kind}" if source.suffix in {".keras", ".h5"} else ""
        raise ExportError(f"{source}: expected the folder of a SavedModel{hint}")
    if (source / "saved_model.pbtxt").is_file() and not (source / "saved_model.pb").is_file():
        raise ExportError(
            f"{source}: has a saved_model.pbtxt, and the server reads saved_model.pb alone: "
            "tf.compat.v1.saved_model's builder writes it by save(as_text=False)"
        )
    if not (source / "saved_model.pb").is_file():
        versions = [n for n in list_versions(source) if (source / str(n)).is_dir()]
        hint = f"; did you mean {source / str(versions[-1])}?" if versions else ""
        raise ExportError(f"{source}: has no saved_model.pb{hint}")
    for path in source.rglob("*"):
        if not (path.is_file() or path.is_dir()):
            raise ExportError(f"{path}: is neither a file nor a folder, which no server reads")


def _copy(source: Path, aside: Path) -> None:
    def left_out(folder: str, _: list[str]) -> list[str]:
        # That of an earlier version says what the files were.
        return [manifest.MANIFEST_NAME] if Path(folder) == source else []

    shutil.copytree(source, aside, dirs_exist_ok=True, ignore=left_out)


def _try(
    model: ServedModel, folder: Path, files: Sequence[Path], untried: set[str]
) -> tuple[list[Tried], list[bytes]]:
    """Calls each signature, and returns what is known of it, and what servers warm up with."""
    if unknown := sorted(untried - set(model.signatures)):
        known = ", ".join(model.signatures)
        raise ExportError(f'there is no signature "{unknown[0]}"; there are {known}')
    methods = {name: model.method(name) for name in model.signatures}
    own = folder / warm_up.PATH
    given: list[Request] = []
    for path in [*([own] if own.is_file() else []), *files]:
        given += from_file(path, model.signatures, methods)
    for request in given:
        try:
            model.run(request.signature, request.inputs)
        except ExportError as error:
            raise ExportError(f"{request.name}: {error}") from error
    counts = Counter(request.signature for request in given)
    records = [request.record for request in given if request.record]
    features = read_features(folder)
    tried = []
    for name, signature in model.signatures.items():
        made_up = not counts[name] and name not in untried
        is_recorded = bool(counts[name])
        if made_up:
            request = zeros(name, signature, method=methods[name], features=features)
            _run_zeros(model, request)
            if model.changes_nothing(name):
                records.append(request.record)
                is_recorded = True
        tried.append(
            Tried(signature=name, requests=counts[name], zeros=made_up, is_recorded=is_recorded)
        )
    return tried, records


def _run_zeros(model: ServedModel, request: Request) -> None:
    try:
        model.run(request.signature, request.inputs)
    except ExportError as error:
        raise ExportError(
            f"the model loads, and its signature {error}; if zeros are no input for it, give real "
            f"requests by --requests FILE, or --untried {request.signature}"
        ) from error


def _write_records(records: Iterable[bytes], folder: Path) -> None:
    path = folder / warm_up.PATH
    path.unlink(missing_ok=True)
    lines = list(records)
    if not lines:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in lines:
            writer.write(record)
