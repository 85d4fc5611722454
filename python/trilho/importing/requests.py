"""Requests that a model is tried with: its own, those that somebody gives, and made-up ones."""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from trilho.client import serving, tensors
from trilho.contract.features import Feature
from trilho.contract.signatures import Signature, TensorInfo
from trilho.export.signature import CLASSIFY, REGRESS
from trilho.export.versions import ExportError

__all__ = ["Request", "from_file", "from_record", "zeros"]

Array = np.ndarray[Any, np.dtype[Any]]

_LOG = serving.message("tensorflow.serving.PredictionLog")
_EXAMPLE = serving.message("tensorflow.Example")
_LISTS = {"FLOAT": "float_list", "INT64": "int64_list", "STRING": "bytes_list"}
_SPELLED = {"FLOAT": "float32", "DOUBLE": "float64"}
_DEFAULT = "serving_default"


@dataclass(frozen=True, kw_only=True)
class Request:
    """A call of a signature.

    Attributes:
        signature: The signature's name.
        inputs: Arrays by the names of its inputs; serialized tf.Examples where it takes these.
        record: The call as warm-up files have it, a tensorflow.serving.PredictionLog.
        name: What the call is in an error, e.g. "request 2 of calls.json".
    """

    signature: str
    inputs: Mapping[str, Array]
    record: bytes
    name: str


def from_file(
    path: Path, signatures: Mapping[str, Signature], methods: Mapping[str, str]
) -> list[Request]:
    """Reads requests.

    Args:
        path: A TFRecord file of PredictionLogs, as warm-up files and request logs are; or, if its
            name ends in .json, a body of TF Serving's REST API, or a list of such bodies.
        signatures: The model's, by name.
        methods: What TF Serving's API calls their kinds.

    Returns:
        The requests, at least one.

    Raises:
        ExportError: The file cannot be read, or a request does not suit its signature.
    """
    if path.suffix == ".json":
        found = list(_from_json(path, signatures, methods))
    else:
        found = []
        try:
            for number, record in enumerate(tf.data.TFRecordDataset(str(path)), start=1):
                name = f"request {number} of {path.name}"
                found += from_record(record.numpy(), signatures, name=name)
        except tf.errors.OpError as error:
            raise ExportError(f"{path} is no TFRecord file: {error.message}") from error
    if not found:
        raise ExportError(f"{path} has no request")
    return found


def from_record(
    record: bytes, signatures: Mapping[str, Signature], *, name: str
) -> Iterator[Request]:
    """Reads a PredictionLog.

    Args:
        record: The log; it may be of several calls.
        signatures: The model's, by name.
        name: What it is in an error.

    Yields:
        Its calls, of which the first has the record.

    Raises:
        ExportError: It is none, or of a kind that a server does not run.
    """
    try:
        log = _LOG.FromString(record)
    except Exception as error:  # protobuf's implementations raise errors of their own kinds
        raise ExportError(f"{name} is no PredictionLog: {error}") from error
    kind = log.WhichOneof("log_type")
    if kind == "predict_log":
        request = log.predict_log.request
        inputs = {alias: tensors.from_proto(one) for alias, one in request.inputs.items()}
        signature = request.model_spec.signature_name or _DEFAULT
        yield Request(signature=signature, inputs=inputs, record=record, name=name)
        return
    if kind not in {"classify_log", "regress_log", "multi_inference_log"}:
        raise ExportError(f"{name} is a {kind or 'record of nothing'}, which no server runs")
    request = getattr(log, kind).request
    examples = [one.SerializeToString() for one in request.input.example_list.examples]
    specs = (
        [task.model_spec for task in request.tasks]
        if kind == "multi_inference_log"
        else [request.model_spec]
    )
    for place, spec in enumerate(specs):
        signature = spec.signature_name or _DEFAULT
        (alias,) = signatures[signature].inputs if signature in signatures else ("inputs",)
        yield Request(
            signature=signature,
            inputs={alias: _objects(examples)},
            record=record if place == 0 else b"",
            name=name,
        )


def zeros(
    name: str, signature: Signature, *, method: str, features: Mapping[str, Feature] | None
) -> Request:
    """Makes up a request of one row: zeros and empty strings.

    Args:
        name: The signature's name.
        signature: What it takes.
        method: What TF Serving's API calls its kind.
        features: Those that the model parses of tf.Examples; None if that is not known.

    Returns:
        The request. A single string input of a model that parses tf.Examples is one of those, with
        each feature that it must have.
    """
    alias, *others = signature.inputs
    takes_examples = not others and signature.inputs[alias].dtype == "STRING" and features
    if takes_examples or method in {CLASSIFY, REGRESS}:
        example = _EXAMPLE()
        for key, feature in (features or {}).items():
            if feature.required:
                _fill(example, key, feature.dtype, [_zero(feature.dtype)] * (feature.count or 1))
        return _request(name, method, {alias: _objects([example.SerializeToString()])}, "zeros")
    inputs = {key: _zeros(info) for key, info in signature.inputs.items()}
    return _request(name, method, inputs, "zeros")


def _zeros(info: TensorInfo) -> Array:
    known = (1,) if info.shape is None else info.shape
    shape = [1 if size is None else size for size in known]
    return np.full(shape, _zero(info.dtype), dtype=_dtype(info))


def _zero(dtype: str) -> bytes | int:
    return b"" if dtype == "STRING" else 0


def _dtype(info: TensorInfo) -> np.dtype[Any]:
    kind = tf.as_dtype(_SPELLED.get(info.dtype, info.dtype.lower()))
    dtype: np.dtype[Any] = np.dtype(kind.as_numpy_dtype)
    return dtype


def _from_json(
    path: Path, signatures: Mapping[str, Signature], methods: Mapping[str, str]
) -> Iterator[Request]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ExportError(f"{path} cannot be read as JSON: {error}") from error
    for number, body in enumerate(content if isinstance(content, list) else [content], start=1):
        where = f"request {number} of {path.name}"
        if not isinstance(body, dict) or len({"instances", "inputs", "examples"} & set(body)) != 1:
            raise ExportError(
                f'{where}: expected an object with "instances", "inputs" or "examples", as TF '
                "Serving's REST API has it"
            )
        name = body.get("signature_name", _DEFAULT)
        if name not in signatures:
            raise ExportError(
                f'{where}: there is no signature "{name}"; there are {", ".join(signatures)}'
            )
        inputs = _inputs(body, signatures[name], where)
        yield _request(name, methods[name], inputs, where)


def _inputs(body: Mapping[str, Any], signature: Signature, where: str) -> dict[str, Array]:
    if "examples" in body:
        examples = [_example(one, where) for one in body["examples"]]
        (alias, *_) = signature.inputs
        return {alias: _objects(examples)}
    columns = body.get("inputs")
    if columns is None:
        rows = body["instances"]
        named = bool(rows) and isinstance(rows[0], dict) and set(rows[0]) != {"b64"}
        aliases = list(rows[0]) if named else list(signature.inputs)
        if not named and len(aliases) > 1:
            raise ExportError(f"{where}: each instance must name {', '.join(aliases)}")
        try:
            columns = {key: [row[key] for row in rows] for key in aliases} if named else rows
        except (KeyError, TypeError) as error:
            raise ExportError(f"{where}: not all instances have {error}") from error
    if not isinstance(columns, dict) or set(columns) == {"b64"}:
        (alias, *others) = signature.inputs
        if others:
            raise ExportError(f"{where}: inputs must name {', '.join(signature.inputs)}")
        columns = {alias: columns}
    if unknown := sorted(set(columns) - set(signature.inputs)):
        known = ", ".join(signature.inputs)
        raise ExportError(f'{where}: there is no input "{unknown[0]}"; inputs are {known}')
    return {
        key: _array(values, signature.inputs[key], f"{where}: {key}")
        for key, values in columns.items()
    }


def _array(values: object, info: TensorInfo, where: str) -> Array:
    plain = _decoded(values, where)
    try:
        array = np.array(plain, dtype=_dtype(info))
    except (TypeError, ValueError, OverflowError) as error:
        raise ExportError(f"{where}: expected numbers of one shape: {error}") from error
    if array.dtype == object and any(isinstance(one, list) for one in array.flat):
        raise ExportError(f"{where}: expected lists of one length")
    return array


def _decoded(values: object, where: str) -> object:
    if isinstance(values, list):
        return [_decoded(one, where) for one in values]
    if isinstance(values, dict):
        try:
            return base64.b64decode(values["b64"], validate=True)
        except (KeyError, TypeError, binascii.Error) as error:
            raise ExportError(f'{where}: expected {{"b64": "..."}}: {error}') from error
    return values.encode() if isinstance(values, str) else values


def _example(features: Mapping[str, Any], where: str) -> bytes:
    example = _EXAMPLE()
    for key, value in features.items():
        values = value if isinstance(value, list) else [value]
        plain = [_decoded(one, f"{where}: {key}") for one in values]
        kinds = {type(one) for one in plain}
        if kinds <= {int, bool}:
            kind = "INT64"
        elif kinds <= {int, float, bool}:
            kind = "FLOAT"
        elif kinds == {bytes}:
            kind = "STRING"
        else:
            raise ExportError(f"{where}: {key}: expected numbers or strings")
        _fill(example, key, kind, plain)
    return bytes(example.SerializeToString())


def _fill(example: serving.Message, key: str, dtype: str, values: Sequence[object]) -> None:
    getattr(example.features.feature[key], _LISTS[dtype]).value.extend(values)


def _objects(values: Sequence[bytes]) -> Array:
    # Objects, as NumPy's own strings lose the zero bytes at their end.
    array = np.empty(len(values), object)
    array[:] = values
    return array


def _request(signature: str, method: str, inputs: Mapping[str, Array], name: str) -> Request:
    log = _LOG()
    if method in {CLASSIFY, REGRESS}:
        request = (log.classify_log if method == CLASSIFY else log.regress_log).request
        (examples,) = inputs.values()
        for one in examples:
            request.input.example_list.examples.add().ParseFromString(one)
    else:
        request = log.predict_log.request
        for alias, values in inputs.items():
            request.inputs[alias].CopyFrom(tensors.to_proto(values))
    # The model's name and version are the server's.
    request.model_spec.signature_name = signature
    return Request(
        signature=signature, inputs=inputs, record=bytes(log.SerializeToString()), name=name
    )
