"""Contracts out of .proto files and descriptor sets, by the rules of trilho/contract.proto."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from google.protobuf import descriptor_pb2
from google.protobuf.unknown_fields import UnknownFieldSet

from trilho import contract_pb2
from trilho.contract.definitions import Contract, Field
from trilho.contract.fields import is_repeated, kind_text, read_tensor
from trilho.contract.problems import ContractError, Problems
from trilho.contract.sources import Descriptor, Source, load

__all__ = ["contracts_of", "read"]

_Proto = descriptor_pb2.FieldDescriptorProto
_DEFAULT_SIGNATURE = "serving_default"


def read(paths: Iterable[Path], *, proto_paths: Sequence[Path] = ()) -> list[Contract]:
    """Reads the annotated methods of contracts.

    Args:
        paths: .proto files, or descriptor sets compiled with their imports.
        proto_paths: Where the imports of .proto files are looked for; see `sources.load`.

    Returns:
        A contract for each method with (trilho.contract.model), in the order of the files.

    Raises:
        ContractError: A file cannot be read, has no such method, contradicts itself (all
            contradictions are told, with their lines), or two have a service of one name.
    """
    contracts: dict[str, Contract] = {}
    services: dict[str, str] = {}
    problems = Problems()
    for path in paths:
        source = load(path, proto_paths=proto_paths)
        found = contracts_of(source)
        if not found:
            raise ContractError(f"{path}: no method of it has (trilho.contract.model)")
        for contract in found:
            place = source.locations[contract.service]
            other = services.setdefault(contract.service, place)
            if other != place:
                problems.add(f"{place}: {contract.service}: is at {other} too")
            # What two files import is one contract.
            contracts.setdefault(contract.full_name, contract)
    problems.raise_any()
    return list(contracts.values())


def contracts_of(source: Source) -> list[Contract]:
    """Reads the annotated methods of one file.

    Args:
        source: The file, compiled.

    Returns:
        A contract for each method with (trilho.contract.model); perhaps none.

    Raises:
        ContractError: It contradicts itself.
    """
    problems = Problems()
    contracts = [
        _read_method(source, service, method, problems)
        for service, proto in source.services.items()
        for method in proto.method
        if method.options.HasExtension(contract_pb2.model)
    ]
    problems.raise_any()
    return contracts


def _read_method(source: Source, service: str, method: Descriptor, problems: Problems) -> Contract:
    model = method.options.Extensions[contract_pb2.model]
    element = f"{service}.{method.name}"

    def problem(text: str) -> None:
        problems.add(f"{source.where(element)}: {text}")

    if not model.name:
        problem("(trilho.contract.model) has no name")
    if len(UnknownFieldSet(model)):
        problem("(trilho.contract.model) says something that this version does not know")
    if method.client_streaming or method.server_streaming:
        problem("is streaming; a model answers one request with one response")
    request = _Layout(source, problems, features=bool(model.example_input))
    response = _Layout(source, problems, features=False)
    request.read(method.input_type.removeprefix("."))
    response.read(method.output_type.removeprefix("."))
    if request.batch and not response.batch:
        problem(
            f"each element of {request.batch} is an example, and {response.name} holds one: give "
            "it a repeated message with (trilho.contract.batch)"
        )
    return Contract(
        service=service,
        method=method.name,
        location=source.locations[element],
        model=model.name,
        signature=model.signature or _DEFAULT_SIGNATURE,
        version_label=model.version_label,
        example_input=model.example_input,
        request=request.name,
        response=response.name,
        request_is_batch=bool(request.batch),
        response_is_batch=bool(response.batch),
        inputs=tuple(request.fields),
        outputs=tuple(response.fields),
    )


def _is_message(proto: Descriptor) -> bool:
    return proto.type in {_Proto.TYPE_MESSAGE, _Proto.TYPE_GROUP}


class _Layout:
    """Walks over a request or a response.

    Attributes:
        name: The message's full name.
        batch: The field whose elements are the examples; "" if the message is one.
        fields: Those that are tensors.
    """

    def __init__(self, source: Source, problems: Problems, *, features: bool) -> None:
        self._source = source
        self._problems = problems
        self._features = features
        self._open: list[str] = []
        self._aliases: dict[str, str] = {}
        self._roots: set[str] = set()
        self.name = ""
        self.batch = ""
        self.fields: list[Field] = []

    def read(self, name: str) -> None:
        self.name = name
        message = self._source.messages[name]
        batch = self._find_batch(message)
        if batch is None or not self._is_servable(name, batch):
            self._walk(name, _Scope())
            return
        self.batch = batch.name
        self._open.append(name)
        self._walk(
            batch.type_name.removeprefix("."),
            _Scope(path=f"{batch.name}.", numbers=(batch.number,)),
        )

    def _problem(self, element: str, text: str) -> None:
        self._problems.add(f"{self._source.where(element)}: {text}")

    def _find_batch(self, message: Descriptor) -> Descriptor | None:
        for proto in message.field:
            if not proto.options.Extensions[contract_pb2.batch]:
                continue
            element = f"{self.name}.{proto.name}"
            self._roots.add(element)
            others = [other.name for other in message.field if other.name != proto.name]
            if not is_repeated(proto) or not _is_message(proto) or self._is_map(proto):
                self._problem(element, "has (trilho.contract.batch) and is no repeated message")
            elif others:
                self._problem(
                    element,
                    f"has (trilho.contract.batch) and must be the only field of {self.name}, which "
                    f"has {', '.join(others)} too",
                )
            else:
                return proto
        return None

    def _is_map(self, proto: Descriptor) -> bool:
        if proto.type != _Proto.TYPE_MESSAGE:
            return False
        message = self._source.messages[proto.type_name.removeprefix(".")]
        return bool(message.options.map_entry)

    def _is_servable(self, name: str, proto: Descriptor) -> bool:
        """Whether the field can be a tensor, or hold some, whatever it is annotated with."""
        element = f"{name}.{proto.name}"
        found = []
        if self._is_map(proto):
            found.append(
                "is a map, which is no tensor; make it a repeated message, or one field for each "
                "key"
            )
        elif proto.type == _Proto.TYPE_GROUP:
            found.append("is a group; make it a message")
        if proto.HasField("oneof_index") and not proto.proto3_optional:
            oneof = self._source.messages[name].oneof_decl[proto.oneof_index].name
            found.append(
                f"is in the oneof {oneof}; a tensor is always there: make it optional, with a "
                "default"
            )
        if proto.options.Extensions[contract_pb2.batch] and element not in self._roots:
            found.append(
                "has (trilho.contract.batch) and is no field of a request or response itself"
            )
        if _is_message(proto) and proto.options.HasExtension(contract_pb2.tensor):
            found.append("has (trilho.contract.tensor) and is a message: annotate its fields")
        for text in found:
            self._problem(element, text)
        return not found

    def _walk(self, name: str, scope: "_Scope") -> None:
        message = self._source.messages[name]
        if self._source.files[name].syntax != "proto3":
            self._problem(name, 'is not of syntax = "proto3"')
            return
        if not message.field:
            self._problem(name, "has no field")
        self._open.append(name)
        for proto in message.field:
            if not self._is_servable(name, proto):
                continue
            if _is_message(proto):
                self._nested(name, proto, scope)
            else:
                self._tensor(name, proto, scope)
        self._open.pop()

    def _nested(self, name: str, proto: Descriptor, scope: "_Scope") -> None:
        element = f"{name}.{proto.name}"
        inner = proto.type_name.removeprefix(".")
        if inner in self._open:
            self._problem(element, f"is a {inner} inside of another: no tensor holds that")
        elif is_repeated(proto) and self._features:
            self._problem(
                element,
                "is a repeated message, which a tf.Example cannot hold (example_input is set)",
            )
        else:
            self._walk(inner, scope.inside(proto))

    def _tensor(self, name: str, proto: Descriptor, scope: "_Scope") -> None:
        element = f"{name}.{proto.name}"
        options = read_tensor(
            self._source, element, proto, feature=self._features, problems=self._problems
        )
        other = self._aliases.get(options.alias)
        if other is not None:
            self._problem(
                element,
                f'is the tensor "{options.alias}", as {other} at '
                f"{self._source.locations[other]} is",
            )
        self._aliases.setdefault(options.alias, element)
        self.fields.append(
            Field(
                path=scope.path + proto.name,
                element=element,
                numbers=(*scope.numbers, proto.number),
                location=self._source.locations[element],
                alias=options.alias,
                kind=kind_text(proto),
                dtype=options.dtype,
                dtypes=options.dtypes,
                shape=(None,) * scope.dimensions + options.shape,
                own_rank=len(options.shape),
                is_single=options.is_single,
                has_presence=options.has_presence,
                default=options.default,
                vocabulary=options.vocabulary,
                minimum=options.minimum,
                maximum=options.maximum,
                finite=options.finite,
            )
        )


class _Scope:
    """The messages around a field."""

    def __init__(
        self, *, path: str = "", numbers: tuple[int, ...] = (), dimensions: int = 0
    ) -> None:
        self.path = path
        self.numbers = numbers
        self.dimensions = dimensions

    def inside(self, proto: Descriptor) -> "_Scope":
        return _Scope(
            path=f"{self.path}{proto.name}.",
            numbers=(*self.numbers, proto.number),
            dimensions=self.dimensions + is_repeated(proto),
        )
