"""What two versions of a contract mean to clients that were built with the older one."""

from collections.abc import Iterable, Iterator
from typing import Any

from google.protobuf import descriptor_pb2

from trilho.contract.changes import Change, Effect
from trilho.contract.fields import kind_text
from trilho.contract.sources import Descriptor, Source

__all__ = ["compare_wire"]

_Proto = descriptor_pb2.FieldDescriptorProto


def compare_wire(old: Source, new: Source) -> Iterator[Change]:
    """Compares messages, enums and services, whether or not a model answers them.

    Args:
        old: What clients were built with.
        new: What they will call.

    Yields:
        Each difference, in no particular order.
    """
    rooms: list[tuple[str, Any, Any, Any]] = [
        ("message", old.messages, new.messages, _message),
        ("enum", old.enums, new.enums, _enum),
        ("service", old.services, new.services, _service),
    ]
    for kind, before, after, compare in rooms:
        for name in before:
            if not old.is_own(name):
                continue
            if name in after:
                yield from compare(name, before[name], after[name])
            else:
                yield _breaks(name, f"{kind} removed")
        for name in after:
            if name not in before and new.is_own(name):
                yield _compatible(name, f"{kind} added")


def _breaks(element: str, text: str) -> Change:
    return Change(effect=Effect.BREAKS_CLIENTS, element=element, text=text)


def _compatible(element: str, text: str) -> Change:
    return Change(effect=Effect.COMPATIBLE, element=element, text=text)


def _message(name: str, old: Descriptor, new: Descriptor) -> Iterator[Change]:
    by_name = {field.name: field for field in new.field}
    by_number = {field.number: field for field in new.field}
    old_names = {field.name for field in old.field}
    old_numbers = {field.number for field in old.field}
    for field in old.field:
        element = f"{name}.{field.name}"
        same, there = by_name.get(field.name), by_number.get(field.number)
        if same is not None and same.number == field.number:
            yield from _field(element, old, field, new, same)
        elif same is not None:
            yield _breaks(element, f"number changed from {field.number} to {same.number}")
        elif there is None:
            # A range's end is the number behind it.
            yield _removed(element, "field", field.number, _reserved(new, last=-1))
        elif there.name in old_names:
            yield _breaks(element, f"removed, and its number {field.number} is {there.name} now")
        else:
            yield _compatible(
                element,
                f"renamed to {there.name}; bytes stay the same, JSON and code do not",
            )
            yield from _field(element, old, field, new, there)
    reserved = _reserved(old, last=-1)
    for field in new.field:
        if field.name in old_names or field.number in old_numbers:
            continue
        element = f"{name}.{field.name}"
        if any(field.number in numbers for numbers in reserved):
            yield _breaks(element, f"added with the number {field.number}, which was reserved")
        else:
            yield _compatible(element, f"field added: {kind_text(field)} = {field.number}")


def _field(
    element: str, old_message: Descriptor, old: Descriptor, new_message: Descriptor, new: Descriptor
) -> Iterator[Change]:
    before, after = kind_text(old), kind_text(new)
    if before != after:
        yield _breaks(element, f"type changed from {before} to {after}")
    required = _Proto.LABEL_REQUIRED
    if (old.label == required) != (new.label == required):
        yield _breaks(
            element, "required changed to not" if old.label == required else "is required"
        )
    oneofs = [_oneof(old_message, old), _oneof(new_message, new)]
    if oneofs[0] != oneofs[1]:
        spelled = [f"the oneof {oneof}" if oneof else "no oneof" for oneof in oneofs]
        yield _breaks(element, f"moved from {spelled[0]} to {spelled[1]}")
    if old.proto3_optional != new.proto3_optional:
        yield _compatible(element, "became optional" if new.proto3_optional else "no more optional")


def _oneof(message: Descriptor, field: Descriptor) -> str:
    """The oneof that a field was put into; "" for that which protoc makes of `optional`."""
    if field.proto3_optional or not field.HasField("oneof_index"):
        return ""
    return str(message.oneof_decl[field.oneof_index].name)


def _enum(name: str, old: Descriptor, new: Descriptor) -> Iterator[Change]:
    by_name = {value.name: value.number for value in new.value}
    by_number = {value.number: value.name for value in reversed(new.value)}
    old_names = {value.name for value in old.value}
    for value in old.value:
        element = f"{name}.{value.name}"
        number, there = by_name.get(value.name), by_number.get(value.number)
        if number is not None:
            if number != value.number:
                yield _breaks(element, f"number changed from {value.number} to {number}")
        elif there is None:
            yield _removed(element, "value", value.number, _reserved(new, last=0))
        elif there in old_names and by_name[there] not in _numbers(old, there):
            yield _breaks(element, f"removed, and its number {value.number} is {there} now")
        else:
            yield _compatible(
                element, f"renamed to {there}; bytes stay the same, JSON and code do not"
            )
    reserved = _reserved(old, last=0)
    numbers = {value.number for value in old.value}
    for value in new.value:
        if value.name in old_names or value.number in numbers:
            continue
        element = f"{name}.{value.name}"
        if any(value.number in reserve for reserve in reserved):
            yield _breaks(element, f"added with the number {value.number}, which was reserved")
        else:
            yield _compatible(element, f"value added: {value.number}")


def _numbers(enum: Descriptor, name: str) -> set[int]:
    return {value.number for value in enum.value if value.name == name}


def _reserved(element: Descriptor, *, last: int) -> list[range]:
    """Reserved numbers; an enum's ranges end with their last number, a message's behind it."""
    return [range(one.start, one.end + 1 + last) for one in element.reserved_range]


def _removed(element: str, kind: str, number: int, reserved: Iterable[range]) -> Change:
    if any(number in numbers for numbers in reserved):
        return _compatible(element, f"{kind} removed, its number {number} reserved")
    return _breaks(
        element, f"{kind} removed without reserving its number: add `reserved {number};`"
    )


def _service(name: str, old: Descriptor, new: Descriptor) -> Iterator[Change]:
    methods = {method.name: method for method in new.method}
    for method in old.method:
        element = f"{name}.{method.name}"
        now = methods.pop(method.name, None)
        if now is None:
            yield _breaks(element, "method removed")
            continue
        for what, before, after in (
            ("request", _type(method, "input"), _type(now, "input")),
            ("response", _type(method, "output"), _type(now, "output")),
        ):
            if before != after:
                yield _breaks(element, f"{what} changed from {before} to {after}")
    for method in methods.values():
        yield _compatible(f"{name}.{method.name}", "method added")


def _type(method: Descriptor, way: str) -> str:
    streaming = method.client_streaming if way == "input" else method.server_streaming
    kind = getattr(method, f"{way}_type").removeprefix(".")
    return f"stream {kind}" if streaming else kind
