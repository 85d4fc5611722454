"""A SavedModel, loaded and run as a server does it: a session, and no Python of its author."""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from trilho.contract.signatures import Signature, read_signatures
from trilho.export.versions import ExportError

__all__ = ["ServedModel", "load"]

Arrays = Mapping[str, np.ndarray[Any, np.dtype[Any]]]

_TAGS = [tf.saved_model.SERVING]
_NODE = re.compile(r"^Node: '.*'$", re.MULTILINE)
# What TensorFlow raises for a graph that it cannot build or initialize.
_LOAD_ERRORS = (tf.errors.OpError, OSError, RuntimeError, ValueError, KeyError)
# Stateful operations that change nothing which outlasts a run. A graph with another one is not
# called changeless, which costs a warm-up request; the server's own list is longer.
_READING = frozenset(
    {
        *("VarHandleOp", "ReadVariableOp", "ResourceGather", "VariableShape"),
        *("Variable", "VariableV2", "VarIsInitializedOp", "RefIdentity"),
        *("HashTable", "HashTableV2", "LookupTableFind", "LookupTableFindV2"),
        *("LookupTableSize", "LookupTableSizeV2", "MutableHashTableV2", "MutableDenseHashTableV2"),
        *("StatefulPartitionedCall", "If", "While", "Case", "Assert", "StatelessRandomGetAlg"),
        *("TensorListReserve", "TensorArrayV3", "TensorArrayWriteV3", "TensorArrayReadV3"),
        *("TensorArrayGatherV3", "TensorArrayScatterV3", "TensorArraySizeV3"),
    }
)
# Operations that are called stateless, and run code that is not in the graph.
_OUTSIDE = frozenset({"PyFuncStateless", "SymbolicGradient", "BatchFunction"})


class ServedModel:
    """A SavedModel in a session."""

    def __init__(
        self,
        session: tf.compat.v1.Session,
        meta_graph: Any,  # noqa: ANN401 - MetaGraphDef, which TensorFlow does not type
        signatures: Mapping[str, Signature],
    ) -> None:
        """Takes what `load` has loaded."""
        self._session = session
        self._graph = session.graph
        self._definitions = meta_graph.signature_def
        self.signatures = signatures
        self.tensorflow = str(meta_graph.meta_info_def.tensorflow_version)
        library = meta_graph.graph_def.library
        self._functions = {one.signature.name: one.node_def for one in library.function}

    def method(self, name: str) -> str:
        """Returns what TF Serving's API calls the kind of a signature."""
        return str(self._definitions[name].method_name)

    def run(self, name: str, inputs: Arrays) -> Arrays:
        """Calls a signature.

        Args:
            name: The signature's name.
            inputs: Arrays by the names of its inputs; those that have a default may be left out.

        Returns:
            The outputs that a message holds.

        Raises:
            ExportError: There is no such signature or input, or the graph fails.
        """
        if name not in self.signatures:
            known = ", ".join(self.signatures)
            raise ExportError(f'there is no signature "{name}"; there are {known}')
        definition, signature = self._definitions[name], self.signatures[name]
        if unknown := sorted(set(inputs) - set(signature.inputs)):
            raise ExportError(
                f'{name} has no input "{unknown[0]}"; inputs are {", ".join(signature.inputs)}'
            )
        missing = set(signature.inputs) - set(inputs) - signature.defaults
        if missing:
            raise ExportError(f"{name} lacks the input {', '.join(sorted(missing))}")
        feeds = {definition.inputs[alias].name: values for alias, values in inputs.items()}
        for alias in signature.defaults - set(inputs):
            default = tf.make_ndarray(definition.defaults[alias])
            feeds[definition.inputs[alias].name] = default
        fetches = {
            alias: definition.outputs[alias].name
            for alias, info in signature.outputs.items()
            if not info.unsendable
        }
        try:
            outputs: Arrays = self._session.run(fetches, feeds)
        except (tf.errors.OpError, TypeError, ValueError) as error:
            shapes = ", ".join(f"{alias} {list(one.shape)}" for alias, one in inputs.items())
            raise ExportError(f"{name} with {shapes} fails: {_reason(error)}") from error
        return outputs

    def changes_nothing(self, name: str) -> bool:
        """Tells whether it is certain that calls of a signature leave all as it was."""
        outputs = self._definitions[name].outputs.values()
        todo = [self._graph.get_tensor_by_name(one.name).op for one in outputs if one.name]
        seen = set()
        while todo:
            operation = todo.pop()
            if operation in seen:
                continue
            seen.add(operation)
            definition = operation.op_def
            if not self._is_harmless(operation.type, is_stateful=definition.is_stateful):
                return False
            todo += [tensor.op for tensor in operation.inputs]
            todo += operation.control_inputs
        called = {name for operation in seen for name in _functions_in(operation.node_def)}
        return self._functions_are_harmless(called)

    def _functions_are_harmless(self, names: set[str]) -> bool:
        todo, seen = list(names), set(names)
        while todo:
            for node in self._functions.get(todo.pop(), ()):
                called = {node.op, *_functions_in(node)} & self._functions.keys()
                todo += called - seen
                seen |= called
                if node.op in self._functions:
                    continue
                try:
                    definition = self._graph.op_def_for_type(node.op)
                except (KeyError, tf.errors.OpError):
                    return False
                if not self._is_harmless(node.op, is_stateful=definition.is_stateful):
                    return False
        return True

    def _is_harmless(self, kind: str, *, is_stateful: bool) -> bool:
        return kind not in _OUTSIDE and (not is_stateful or kind in _READING)


@contextmanager
def load(folder: Path) -> Iterator[ServedModel]:
    """Loads a SavedModel: the graph with the tag "serve", its variables, what initializes it.

    Args:
        folder: Where saved_model.pb is.

    Yields:
        The model, with those of its signatures that a server answers.

    Raises:
        ContractError: There is no SavedModel for serving.
        ExportError: It does not load, or nobody could call it.
    """
    found = read_signatures(folder)
    if not found:
        raise ExportError(
            f"{folder}: has no signature, so that nobody could call it; save it with one, e.g. "
            "tf.saved_model.save(module, folder, signatures=module.predict.get_concrete_function("
            "...)), or model.export(folder) of a Keras model"
        )
    signatures = {name: one for name, one in found.items() if not one.unsupported}
    if not signatures:
        reasons = "; ".join(f"{name}: {one.unsupported}" for name, one in found.items())
        raise ExportError(f"{folder}: no signature of it can be served: {reasons}")
    graph = tf.Graph()
    with closing(tf.compat.v1.Session(graph=graph)) as session:
        try:
            with graph.as_default(), _without_advice():
                meta_graph = tf.compat.v1.saved_model.load(session, _TAGS, str(folder))
        except _LOAD_ERRORS as error:
            reason = _reason(error)
            hint = (
                "; --op-library loads custom operations, and the server has that flag, too"
                if "not registered" in reason
                else ""
            )
            raise ExportError(f"{folder} does not load: {reason}{hint}") from error
        yield ServedModel(session, meta_graph, signatures)


@contextmanager
def _without_advice() -> Iterator[None]:
    """Keeps TensorFlow from telling users that sessions are of its version 1."""
    log = tf.get_logger()
    level = log.level
    log.setLevel("ERROR")
    try:
        yield
    finally:
        log.setLevel(level)


def _functions_in(node: Any) -> Iterator[str]:  # noqa: ANN401 - NodeDef, which has no types
    for value in node.attr.values():
        if value.HasField("func"):
            yield value.func.name
        elif value.HasField("list"):
            yield from (one.name for one in value.list.func)


def _reason(error: Exception) -> str:
    """Returns what went wrong in a line, without where in the graph and in whose Python."""
    text = error.message if isinstance(error, tf.errors.OpError) else str(error)
    # Sessions tell first where each node was made, then its name, then the error.
    reason = _NODE.split(text)[-1].strip()
    return reason.partition("\n")[0]
