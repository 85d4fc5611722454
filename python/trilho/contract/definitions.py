"""A contract as data: which model answers a method, and which tensor each field is."""

import math
from dataclasses import dataclass

__all__ = ["Contract", "Field", "count_text", "shape_text"]


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field that is a tensor, or a feature if the method has an `example_input`.

    Attributes:
        path: Below the request or response, e.g. "people.age".
        element: Its full name, e.g. "trilho.census.Person.age".
        numbers: The numbers of the fields on `path`, which stay when those are renamed.
        location: "FILE:LINE"; "FILE" if it was compiled without source info.
        alias: The tensor's name in the signature.
        kind: As the .proto spells it, e.g. "repeated float".
        dtype: Of the tensor, as contract.proto spells it, e.g. "FLOAT16".
        dtypes: What `dtype` can be for a field of this kind.
        shape: Of one example, without the batch; None where the request decides.
        own_rank: How many of the last dimensions in `shape` come from the field itself; those
            before are of the repeated messages around it.
        is_single: Whether the field itself is one value, whose own dimensions are ones then.
        has_presence: Whether "not set" can be told from zero.
        default: What stands for it where it is not set; None for nothing.
        vocabulary: The strings that are taken; empty for any.
        minimum: The least number that is taken; None for any.
        maximum: The greatest number that is taken; None for any.
        finite: Whether NaN and infinities are refused.
    """

    path: str
    element: str
    numbers: tuple[int, ...]
    location: str
    alias: str
    kind: str
    dtype: str
    dtypes: tuple[str, ...]
    shape: tuple[int | None, ...]
    own_rank: int
    is_single: bool
    has_presence: bool
    default: float | str | None
    vocabulary: tuple[str, ...]
    minimum: float | None
    maximum: float | None
    finite: bool

    @property
    def has_default(self) -> bool:
        """Whether something stands for the field where it is not set."""
        return self.default is not None

    @property
    def count(self) -> int | None:
        """How many values the field itself has, None if the request decides."""
        own = self.shape[len(self.shape) - self.own_rank :]
        sizes = [size for size in own if size is not None]
        return math.prod(sizes) if len(sizes) == len(own) else None


@dataclass(frozen=True, kw_only=True)
class Contract:
    """A method that a model answers.

    Attributes:
        service: The service's full name, e.g. "trilho.census.CensusService".
        method: The method's name, e.g. "Predict".
        location: "FILE:LINE" of the method.
        model: The model that answers.
        signature: The signature that answers.
        version_label: The label of the version that answers; "" for the latest version.
        example_input: The one input of a signature that parses tf.Example; "" for no such.
        request: The full name of the request's message.
        response: The full name of the response's message.
        request_is_batch: Whether a request holds any number of examples, and not one.
        response_is_batch: Whether a response does.
        inputs: The request's fields, in the order of the .proto.
        outputs: The response's fields, in the order of the .proto.
    """

    service: str
    method: str
    location: str
    model: str
    signature: str
    version_label: str
    example_input: str
    request: str
    response: str
    request_is_batch: bool
    response_is_batch: bool
    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]

    @property
    def full_name(self) -> str:
        """Service and method, e.g. "trilho.census.CensusService.Predict"."""
        return f"{self.service}.{self.method}"


def count_text(count: int | None) -> str:
    """Prints a number of values.

    Args:
        count: None for any.

    Returns:
        E.g. "1 value", "any number of values".
    """
    if count is None:
        return "any number of values"
    return "1 value" if count == 1 else f"{count} values"


def shape_text(shape: tuple[int | None, ...]) -> str:
    """Prints a shape.

    Args:
        shape: Its dimensions; None for an unknown one.

    Returns:
        E.g. "[?, 28, 28]".
    """
    return "[" + ", ".join("?" if size is None else str(size) for size in shape) + "]"
