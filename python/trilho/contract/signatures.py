"""Signatures of a SavedModel, read without TensorFlow and without its graph."""

from dataclasses import dataclass
from pathlib import Path

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format
from google.protobuf.message import DecodeError

from trilho import contract_pb2
from trilho.client import serving
from trilho.contract.problems import ContractError

__all__ = ["Signature", "TensorInfo", "dtype_name", "read_graph", "read_signatures"]

_FILE = "saved_model.pb"
# What TensorFlow Serving, and so the server, loads.
_TAGS = ("serve",)
# TensorFlow keeps its initialization among the signatures.
_INITIALIZATION = "__saved_model_init_op"

_SIGNATURE_DEF = serving.message("tensorflow.SignatureDef")
# TensorFlow's SavedModel with the few fields that matter here, by their numbers there: the whole
# message comes with TensorFlow alone, and would parse graphs of any size. The map of signatures is
# what it is on the wire, a repeated message.
_SCHEMA = """
  name: "slim_saved_model.proto" package: "slim" syntax: "proto3"
  message_type {
    name: "SavedModel"
    field {
      name: "graphs" number: 2 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: ".slim.MetaGraph"
    }
  }
  message_type {
    name: "MetaGraph"
    field {
      name: "meta_info" number: 1 label: LABEL_OPTIONAL
      type: TYPE_MESSAGE type_name: ".slim.MetaInfo"
    }
    field {
      name: "signatures" number: 5 label: LABEL_REPEATED
      type: TYPE_MESSAGE type_name: ".slim.NamedSignature"
    }
  }
  message_type {
    name: "MetaInfo"
    field { name: "tags" number: 4 label: LABEL_REPEATED type: TYPE_STRING }
  }
  message_type {
    name: "NamedSignature"
    field { name: "name" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING }
    field { name: "signature" number: 2 label: LABEL_OPTIONAL type: TYPE_BYTES }
  }
"""


@dataclass(frozen=True, kw_only=True)
class TensorInfo:
    """A tensor of a signature.

    Attributes:
        dtype: As contract.proto spells it where it can, e.g. "FLOAT16"; else as TensorFlow does.
        shape: The batch first; None for an unknown dimension, None as a whole for any shape.
        unsendable: Why no message holds it, as the server has it; "" if one does.
    """

    dtype: str
    shape: tuple[int | None, ...] | None
    unsendable: str = ""


@dataclass(frozen=True, kw_only=True)
class Signature:
    """A way to call a model.

    Attributes:
        inputs: By their aliases.
        outputs: By their aliases.
        defaults: Aliases of inputs that need not be fed.
        unsupported: Why the server answers no request for it, whatever else it has; "" if it does.
    """

    inputs: dict[str, TensorInfo]
    outputs: dict[str, TensorInfo]
    defaults: frozenset[str]
    unsupported: str


def read_graph(folder: Path) -> serving.Message:
    """Reads the graph that the server loads.

    Args:
        folder: Where the SavedModel's saved_model.pb is.

    Returns:
        Its MetaGraphDef with tags and signatures; the rest is kept, but not parsed.

    Raises:
        ContractError: There is no SavedModel, or none for serving.
    """
    path = folder / _FILE
    if not path.is_file():
        raise ContractError(f"{path}: there is no such file; expected a SavedModel in {folder}")
    try:
        saved = _SAVED_MODEL.FromString(path.read_bytes())
    except DecodeError as error:
        raise ContractError(f"{path}: is no SavedModel: {error}") from error
    graphs = {tuple(sorted(graph.meta_info.tags)): graph for graph in saved.graphs}
    graph = graphs.get(_TAGS)
    if graph is None:
        found = ", ".join(_tags_text(tags) for tags in sorted(graphs)) or "none"
        raise ContractError(
            f"{path}: no graph has the tags {_tags_text(_TAGS)}, which the server loads; found "
            f"{found}"
        )
    return graph


def _tags_text(tags: tuple[str, ...]) -> str:
    return "{" + ", ".join(tags) + "}"


def read_signatures(folder: Path) -> dict[str, Signature]:
    """Reads the signatures of a SavedModel.

    Args:
        folder: Where its saved_model.pb is.

    Returns:
        Those that can be asked for, by name.

    Raises:
        ContractError: There is no SavedModel, or none for serving.
    """
    try:
        protos = {
            entry.name: _SIGNATURE_DEF.FromString(entry.signature)
            for entry in read_graph(folder).signatures
        }
    except DecodeError as error:
        raise ContractError(f"{folder / _FILE}: is no SavedModel: {error}") from error
    return {
        name: Signature(
            inputs={alias: _tensor(info) for alias, info in sorted(proto.inputs.items())},
            outputs={alias: _tensor(info) for alias, info in sorted(proto.outputs.items())},
            defaults=frozenset(proto.defaults),
            unsupported=_unsupported(proto),
        )
        for name, proto in sorted(protos.items())
        if name != _INITIALIZATION
    }


def _tensor(info: serving.Message) -> TensorInfo:
    # Those of several tensors have no name of their own.
    is_one = info.WhichOneof("encoding") == "name"
    return TensorInfo(
        dtype=dtype_name(info.dtype),
        shape=_shape(info),
        unsendable="" if is_one else "is a sparse or composite tensor",
    )


def _unsupported(signature: serving.Message) -> str:
    # It is run with all inputs, and for some of the outputs.
    inputs, outputs = (
        [
            f'"{alias}" {reason}'
            for alias, info in sorted(tensors.items())
            if (reason := _tensor(info).unsendable)
        ]
        for tensors in (signature.inputs, signature.outputs)
    )
    if len(outputs) < len(signature.outputs):
        outputs = []
    return ", and ".join([*inputs, *outputs])


def dtype_name(number: int) -> str:
    """Names a dtype.

    Args:
        number: TensorFlow's.

    Returns:
        As contract.proto spells it where it can, e.g. "FLOAT16"; else as TensorFlow does.
    """
    if number and number in contract_pb2.DataType.values():
        return str(contract_pb2.DataType.Name(number))
    if number in serving.DataType.values():
        return str(serving.DataType.Name(number)).removeprefix("DT_")
    return f"number {number}"


def _shape(info: serving.Message) -> tuple[int | None, ...] | None:
    # One that is not said is not that of a scalar.
    if not info.HasField("tensor_shape") or info.tensor_shape.unknown_rank:
        return None
    return tuple(None if dim.size < 0 else dim.size for dim in info.tensor_shape.dim)


def _saved_model() -> serving.Message:
    pool = descriptor_pool.DescriptorPool()
    pool.Add(text_format.Parse(_SCHEMA, descriptor_pb2.FileDescriptorProto()))
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("slim.SavedModel"))


_SAVED_MODEL = _saved_model()
