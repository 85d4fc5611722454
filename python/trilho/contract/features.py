"""Which features a SavedModel's graph parses from tf.Examples, read without TensorFlow."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.message import DecodeError

from trilho.client import serving, tensors
from trilho.contract.definitions import Contract, Field, count_text
from trilho.contract.problems import ContractError
from trilho.contract.report import Match, Mismatch, nearest
from trilho.contract.signatures import dtype_name, read_graph

__all__ = ["Feature", "compare_features", "read_features"]

_META_GRAPH_DEF = serving.message("tensorflow.MetaGraphDef")
# What tf.io.parse_example becomes.
_PARSE = "ParseExampleV2"
# Its inputs: examples, their names, the keys of sparse, dense and ragged features, and a default
# for each dense one.
_KEYS_AT = 2
_DEFAULTS_AT = 5
_STRING = serving.DataType.Value("DT_STRING")


@dataclass(frozen=True, kw_only=True)
class Feature:
    """A feature that a model looks for in each example.

    Attributes:
        dtype: FLOAT, INT64 or STRING.
        count: How many values it must have; None for any number.
        required: Whether an example without it is refused.
    """

    dtype: str
    count: int | None
    required: bool


def read_features(folder: Path) -> dict[str, Feature] | None:
    """Reads which features a model parses.

    Args:
        folder: Where its saved_model.pb is.

    Returns:
        The features by name, if the model parses examples in one way; None if it does so in none
        that is understood, or in several, of which it is not known which is whose.

    Raises:
        ContractError: There is no SavedModel, none for serving, or its graph does not parse.
    """
    try:
        graph = _META_GRAPH_DEF.FromString(read_graph(folder).SerializeToString()).graph_def
    except DecodeError as error:
        raise ContractError(f"{folder}: the SavedModel's graph does not parse: {error}") from error
    bodies = [graph.node, *(function.node_def for function in graph.library.function)]
    found: list[dict[str, Feature]] = []
    for nodes in bodies:
        constants = {node.name: node for node in nodes if node.op == "Const"}
        for node in nodes:
            if node.op != _PARSE:
                continue
            features = _features(node, constants)
            if features is None:
                return None
            if features not in found:
                found.append(features)
    return found[0] if len(found) == 1 else None


def _features(
    node: serving.Message, constants: dict[str, serving.Message]
) -> dict[str, Feature] | None:
    # Inputs of other kinds come last; an output is "NODE:output:0" in a function, "NODE" outside.
    inputs = [constants.get(name.partition(":")[0]) for name in node.input]
    if len(inputs) < _DEFAULTS_AT:
        return None
    sparse, dense, ragged = (_strings(constant) for constant in inputs[_KEYS_AT:_DEFAULTS_AT])
    if sparse is None or dense is None or ragged is None:
        return None
    sparse_types, dense_types, ragged_types = (
        list(node.attr[attribute].list.type)
        for attribute in ("sparse_types", "Tdense", "ragged_value_types")
    )
    shapes = list(node.attr["dense_shapes"].list.shape)
    sizes_of_keys = [len(sparse), len(dense), len(dense), len(ragged)]
    if [len(sparse_types), len(dense_types), len(shapes), len(ragged_types)] != sizes_of_keys:
        return None
    features = {
        name: Feature(dtype=dtype_name(number), count=None, required=False)
        for names, types in ((sparse, sparse_types), (ragged, ragged_types))
        for name, number in zip(names, types, strict=True)
    }
    defaults = inputs[_DEFAULTS_AT:] + [None] * len(dense)
    rows = zip(dense, dense_types, shapes, defaults[: len(dense)], strict=True)
    for name, number, shape, default in rows:
        sizes = [dim.size for dim in shape.dim]
        fixed = not shape.unknown_rank and all(size >= 0 for size in sizes)
        features[name] = Feature(
            dtype=dtype_name(number),
            count=math.prod(sizes) if fixed else None,
            # No default is a default without elements; one that is computed has some.
            required=fixed and default is not None and not _size(default),
        )
    return features


def _strings(constant: serving.Message | None) -> list[str] | None:
    if constant is None:
        return None
    tensor = constant.attr["value"].tensor
    if tensor.dtype != _STRING:
        return None
    try:
        values = tensors.from_proto(tensor).ravel().tolist()
    except ValueError:
        # No tensor: it is not known what it says, as if it were computed.
        return None
    return [value.decode(errors="replace") for value in values]


def _size(constant: serving.Message) -> int:
    return math.prod(dim.size for dim in constant.attr["value"].tensor.tensor_shape.dim)


def compare_features(
    contract: Contract, features: Mapping[str, Feature] | None
) -> tuple[list[Match], list[Mismatch]]:
    """Compares the fields of an example with what a model parses.

    Args:
        contract: One with an `example_input`.
        features: What the model parses; None if that is not known, which suits any contract.

    Returns:
        What suits, and what does not: fields that the model does not look for would be lost in
        silence.
    """
    if features is None:
        return [], []
    matches, mismatches = [], []
    fed = {field.alias for field in contract.inputs}
    for field in contract.inputs:
        feature = features.get(field.alias)
        if feature is None:
            mismatches.append(
                Mismatch(
                    location=field.location,
                    element=field.element,
                    alias=field.alias,
                    problem=f'the model parses no feature "{field.alias}"',
                    expected=_text(field.dtype, field.count),
                    nearest=nearest(field.alias, features.keys() - fed),
                    choices=tuple(sorted(features)),
                )
            )
        elif _suits(field, feature):
            matches.append(
                Match(
                    path=field.path,
                    way="feature",
                    alias=field.alias,
                    dtype=feature.dtype,
                    shape=count_text(feature.count),
                    note="",
                )
            )
        else:
            mismatches.append(
                Mismatch(
                    location=field.location,
                    element=field.element,
                    alias=field.alias,
                    problem=f'the model parses feature "{field.alias}" as another',
                    expected=_text(field.dtype, field.count),
                    found=_text(feature.dtype, feature.count),
                )
            )
    mismatches += [
        Mismatch(
            location=contract.location,
            element=contract.full_name,
            alias=name,
            problem=f'nothing in {contract.request} is the feature "{name}", which the model '
            "parses and which has no default",
            found=_text(feature.dtype, feature.count),
            nearest=nearest(name, fed - features.keys()),
            choices=tuple(sorted(fed)),
        )
        for name, feature in sorted(features.items())
        if feature.required and name not in fed
    ]
    return matches, mismatches


def _suits(field: Field, feature: Feature) -> bool:
    any_count = field.count is None or feature.count is None
    return field.dtype == feature.dtype and (any_count or field.count == feature.count)


def _text(dtype: str, count: int | None) -> str:
    return f"{dtype}, {count_text(count)}"
