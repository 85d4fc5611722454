"""What a field that is a tensor may be annotated with, and what follows from it."""

import math
import struct
from typing import Any, NamedTuple

from google.protobuf import descriptor_pb2
from google.protobuf.unknown_fields import UnknownFieldSet

from trilho import contract_pb2
from trilho.contract.problems import Problems
from trilho.contract.sources import Descriptor, Source

__all__ = ["TensorOptions", "is_repeated", "kind_text", "read_tensor"]

_Proto = descriptor_pb2.FieldDescriptorProto
_KIND_PREFIX = "TYPE_"
_LARGEST_FLOAT = (2 - 2**-23) * 2.0**127
# Half a step above the largest that a tensor holds: what is less rounds to that one, as the server
# has it, and the rest to infinity.
_TOO_LARGE = {
    "FLOAT16": 65520.0,
    "BFLOAT16": (2 - 2**-8) * 2.0**127,
    "FLOAT": (2 - 2**-24) * 2.0**127,
    "DOUBLE": math.inf,
}
# The server's: strings, whose elements are of 24 bytes, fill its largest tensor of 2 GiB then.
_MOST_VALUES = 2**31 // 24
_MOST_DIMENSIONS = 254

_OWN_TYPES = {
    **dict.fromkeys(["int32", "sint32", "sfixed32", "enum"], "INT32"),
    **dict.fromkeys(["int64", "sint64", "sfixed64"], "INT64"),
    **dict.fromkeys(["uint32", "fixed32"], "UINT32"),
    **dict.fromkeys(["uint64", "fixed64"], "UINT64"),
    **dict.fromkeys(["string", "bytes"], "STRING"),
    "float": "FLOAT",
    "double": "DOUBLE",
    "bool": "BOOL",
}
_FLOATING = ("FLOAT", "DOUBLE")
_INTEGERS = {
    f"{sign}INT{bits}": (0, 2**bits - 1) if sign else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    for bits in (8, 16, 32, 64)
    for sign in ("", "U")
}


class TensorOptions(NamedTuple):
    """What is known of a field that is a tensor; see definitions.Field."""

    alias: str
    dtype: str
    dtypes: tuple[str, ...]
    # Of the field itself, without the repeated messages around it.
    shape: tuple[int | None, ...]
    is_single: bool
    has_presence: bool
    default: float | str | None
    vocabulary: tuple[str, ...]
    minimum: float | None
    maximum: float | None
    finite: bool


def is_repeated(proto: Descriptor) -> bool:
    """Tells whether a field has any number of values.

    Args:
        proto: Its FieldDescriptorProto.

    Returns:
        Whether it is repeated, as maps are too.
    """
    return bool(proto.label == _Proto.LABEL_REPEATED)


def kind_text(proto: Descriptor) -> str:
    """Spells a field's type.

    Args:
        proto: Its FieldDescriptorProto.

    Returns:
        E.g. "repeated float", "trilho.census.Person".
    """
    named = proto.type_name.removeprefix(".")
    kind = named or _Proto.Type.Name(proto.type).removeprefix(_KIND_PREFIX).lower()
    return f"repeated {kind}" if is_repeated(proto) else kind


def read_tensor(
    source: Source, element: str, proto: Descriptor, *, feature: bool, problems: Problems
) -> TensorOptions:
    """Reads type and annotation of a number, a string or bytes.

    Args:
        source: Where the field stands.
        element: Its full name.
        proto: Its FieldDescriptorProto, of proto3.
        feature: Whether it is a feature of a tf.Example, and no tensor.
        problems: Takes what contradicts itself; what is returned is not to be used then.

    Returns:
        What the contract says of it.
    """
    return _Reader(source, element, proto, feature=feature, problems=problems).read()


class _Reader:
    def __init__(
        self, source: Source, element: str, proto: Descriptor, *, feature: bool, problems: Problems
    ) -> None:
        self._where = source.where(element)
        self._proto = proto
        self._feature = feature
        self._problems = problems
        # Generated messages have optional fields that mypy would follow into each expression.
        self._options: Any = proto.options.Extensions[contract_pb2.tensor]
        self._scalar: str = _Proto.Type.Name(proto.type).removeprefix(_KIND_PREFIX).lower()
        self._own = _OWN_TYPES[self._scalar]

    def read(self) -> TensorOptions:
        if len(UnknownFieldSet(self._options)):
            self._problem("(trilho.contract.tensor) says something that this version does not know")
        dtype = self._dtype()
        bytewise = self._own == "STRING" and dtype == "UINT8"
        many = is_repeated(self._proto) or bytewise
        return TensorOptions(
            alias=self._options.alias or self._proto.name,
            dtype=dtype,
            dtypes=tuple(self._possible()),
            shape=self._shape(many=many),
            is_single=not many,
            has_presence=bool(self._proto.proto3_optional),
            default=self._default(dtype, bytewise=bytewise),
            vocabulary=self._vocabulary(),
            **self._limits(dtype),
        )

    def _problem(self, text: str) -> None:
        self._problems.add(f"{self._where}: {text}")

    def _kind(self) -> str:
        repeated = "repeated " if is_repeated(self._proto) else ""
        return repeated + self._scalar

    def _a_kind(self) -> str:
        kind = self._kind()
        # The "u" of uint32 is spoken as a letter.
        return f"{'an' if kind[0] in 'aeio' else 'a'} {kind}"

    def _possible(self) -> list[str]:
        """What dtype may be; what it is by itself first."""
        own = self._own
        if self._feature:
            return ["FLOAT" if own in _FLOATING else "STRING" if own == "STRING" else "INT64"]
        if own in _FLOATING:
            return list(dict.fromkeys([own, "FLOAT", "DOUBLE", "FLOAT16", "BFLOAT16"]))
        if own in _INTEGERS:
            return list(dict.fromkeys([own, *_INTEGERS]))
        if self._scalar == "bytes" and not is_repeated(self._proto):
            return ["STRING", "UINT8"]
        return [own]

    def _dtype(self) -> str:
        possible = self._possible()
        asked = self._options.dtype
        if asked == contract_pb2.FIELD:
            return possible[0]
        known = asked in contract_pb2.DataType.values()
        name = str(contract_pb2.DataType.Name(asked)) if known else f"number {asked}"
        if name in possible:
            return name
        place = " in a tf.Example" if self._feature else ""
        self._problem(
            f"dtype {name} does not hold {self._a_kind()}{place}; it can be {', '.join(possible)}"
        )
        return possible[0]

    def _shape(self, *, many: bool) -> tuple[int | None, ...]:
        shape = tuple(self._options.shape)
        if not shape:
            return (None,) if many else ()
        if len(shape) > _MOST_DIMENSIONS:
            self._problem(
                f"has a shape of {len(shape)} dimensions, {_MOST_DIMENSIONS} are possible"
            )
        if not many:
            if any(size != 1 for size in shape):
                self._problem(
                    f"has a shape of more than one value and is a single {self._kind()}; make it "
                    "repeated"
                )
        elif any(size < 0 for size in shape):
            self._problem(
                f"shape {list(shape)} has a negative dimension; leave shape out for any number of "
                "values in one dimension"
            )
        elif math.prod(shape) > _MOST_VALUES:
            self._problem(f"shape {list(shape)} is too large for a request")
        return shape

    def _limits(self, dtype: str) -> dict[str, Any]:
        minimum = self._options.minimum if self._options.HasField("minimum") else None
        maximum = self._options.maximum if self._options.HasField("maximum") else None
        finite = bool(self._options.finite)
        limits = [limit for limit in (minimum, maximum) if limit is not None]
        if self._own not in _FLOATING and self._own not in _INTEGERS:
            if limits or finite:
                self._problem(
                    "has a minimum, a maximum or finite, which are for numbers, and is "
                    + self._a_kind()
                )
        elif any(math.isnan(limit) for limit in limits):
            self._problem("has a limit that is NaN")
        elif minimum is not None and maximum is not None and minimum > maximum:
            self._problem(f"minimum {minimum:g} is greater than maximum {maximum:g}")
        elif not self._any_within(dtype, minimum, maximum, finite=finite):
            self._problem(f"no {self._kind()} is within its limits")
        return {"minimum": minimum, "maximum": maximum, "finite": finite}

    def _any_within(
        self, dtype: str, minimum: float | None, maximum: float | None, *, finite: bool
    ) -> bool:
        if self._own in _FLOATING:
            return self._any_float_within(dtype, minimum, maximum, finite=finite)
        least, most = self._integers(dtype)
        # Infinities cannot be rounded, and limit nothing on their own side.
        if minimum is not None and minimum > least:
            least = math.ceil(minimum) if math.isfinite(minimum) else most + 1
        if maximum is not None and maximum < most:
            most = math.floor(maximum) if math.isfinite(maximum) else least - 1
        return least <= most

    def _any_float_within(
        self, dtype: str, minimum: float | None, maximum: float | None, *, finite: bool
    ) -> bool:
        least = -math.inf if minimum is None else minimum
        most = math.inf if maximum is None else maximum
        # That infinity is taken.
        if not finite and (most == math.inf or least == -math.inf):
            return True
        # If the one nearest to zero is too large for field or tensor, all are.
        nearest = max(least, min(most, 0.0))
        return math.isfinite(nearest) and self._holds(dtype, nearest)

    def _integers(self, dtype: str) -> tuple[int, int]:
        """What both the field and the tensor hold."""
        own, stored = _INTEGERS[self._own], _INTEGERS.get(dtype, _INTEGERS["INT64"])
        return max(own[0], stored[0]), min(own[1], stored[1])

    def _vocabulary(self) -> tuple[str, ...]:
        values = tuple(self._options.vocabulary)
        if values and self._scalar != "string":
            self._problem(f"has a vocabulary, which is for strings, and is {self._a_kind()}")
        for value in dict.fromkeys(values):
            if values.count(value) > 1:
                self._problem(f'has "{value}" in its vocabulary twice')
        return values

    def _default(self, dtype: str, *, bytewise: bool) -> float | str | None:
        chosen = self._options.WhichOneof("default")
        if chosen is None:
            return None
        value: float | str = getattr(self._options, chosen)
        if is_repeated(self._proto):
            self._problem("has a default and is repeated")
        elif not self._proto.proto3_optional:
            zero = "empty" if self._own == "STRING" else "zero"
            self._problem(
                f"has a default, and not set cannot be told from {zero}; make it optional"
            )
        elif bytewise:
            self._problem("has a default and is many values")
        elif isinstance(value, str) != (self._own == "STRING"):
            self._problem(f"has a {chosen} and is {self._a_kind()}")
        elif isinstance(value, float) and not self._holds(dtype, value):
            self._problem(f"default_number {value:g} does not fit into {dtype}")
        return value

    def _holds(self, dtype: str, value: float) -> bool:
        if self._own in _FLOATING:
            # A tensor cannot hold what overflows, but has infinities and NaN of its own.
            if not math.isfinite(value):
                return True
            if self._own == "FLOAT" and abs(value) > _LARGEST_FLOAT:
                return False
            if abs(value) >= _TOO_LARGE["FLOAT"]:
                return dtype == "DOUBLE"
            # Narrower types are made of floats.
            (single,) = struct.unpack("<f", struct.pack("<f", value))
            return bool(abs(single) < _TOO_LARGE[dtype])
        least, most = (0, 1) if self._own == "BOOL" else self._integers(dtype)
        return least <= value <= most and value.is_integer()
