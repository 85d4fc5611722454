"""Whether a SavedModel keeps what a contract says of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from trilho.contract.definitions import Contract, Field, shape_text
from trilho.contract.features import compare_features, read_features
from trilho.contract.problems import ContractError
from trilho.contract.report import Match, Mismatch, Report, nearest
from trilho.contract.signatures import Signature, TensorInfo, read_signatures

__all__ = [
    "Match",
    "Mismatch",
    "Report",
    "check",
    "check_signature",
    "raise_mismatches",
    "verify_export",
]


def check(contract: Contract, folder: Path) -> Report:
    """Compares a SavedModel with a contract, without loading it.

    An unknown dimension of the model suits any that the contract says, and the other way round;
    dimension 0 is the batch, and must be unknown, or 1 where a message is one example. Where the
    contract has an `example_input`, that input is compared, and each field with the feature that
    the graph parses, where it can be told.

    The server has the same rule for the versions that it loads; protos/cases/ holds both to it.

    Args:
        contract: What is expected.
        folder: Where saved_model.pb is.

    Returns:
        What suits and what does not.

    Raises:
        ContractError: There is no SavedModel that could be compared.
    """
    signatures = read_signatures(folder)
    signature = signatures.get(contract.signature)
    if signature is None:
        mismatch = Mismatch(
            location=contract.location,
            element=contract.full_name,
            problem=f'the model has no signature "{contract.signature}"',
            nearest=nearest(contract.signature, signatures),
            choices=tuple(signatures),
        )
        return Report(contract=contract, matches=(), mismatches=(mismatch,))
    report = check_signature(contract, signature)
    if signature.unsupported or contract.example_input not in signature.inputs:
        return report
    matches, mismatches = compare_features(contract, read_features(folder))
    return Report(
        contract=contract,
        matches=(*report.matches, *matches),
        mismatches=(*report.mismatches, *mismatches),
    )


def check_signature(contract: Contract, signature: Signature) -> Report:
    """Compares a signature with a contract, as `check` does, but for the features of an example.

    Args:
        contract: What is expected.
        signature: The one that shall answer.

    Returns:
        What suits and what does not.
    """
    if signature.unsupported:
        # The server leaves all of it out for one of its inputs, also for one that no field is.
        mismatch = Mismatch(
            location=contract.location,
            element=contract.full_name,
            problem=f'signature "{contract.signature}" cannot be served: {signature.unsupported}',
        )
        return Report(contract=contract, matches=(), mismatches=(mismatch,))
    comparison = _Comparison(contract, signature)
    comparison.run()
    return Report(
        contract=contract,
        matches=tuple(comparison.matches),
        mismatches=tuple(comparison.mismatches),
    )


def verify_export(folder: Path, contracts: Iterable[Contract]) -> None:
    """Refuses a SavedModel that does not keep its contracts, for use before it is published.

    Args:
        folder: Where saved_model.pb is.
        contracts: Those of this model; see `reading.read`.

    Raises:
        ContractError: It does not keep them, with a line for each mismatch of all of them; or
            there is no SavedModel.
    """
    raise_mismatches(folder, [check(contract, folder) for contract in contracts])


def raise_mismatches(model: Path | str, reports: Iterable[Report]) -> None:
    """Does nothing if there are none.

    Args:
        model: What was compared: its folder, or what it is called.
        reports: With each of its contracts.

    Raises:
        ContractError: With a line for each mismatch of all of them.
    """
    # Methods share messages, and so what is wrong with them.
    lines = list(dict.fromkeys(str(one) for report in reports for one in report.mismatches))
    if lines:
        count = "1 mismatch" if len(lines) == 1 else f"{len(lines)} mismatches"
        raise ContractError(f"{model}: {count} with the contract", *lines)


class _Comparison:
    def __init__(self, contract: Contract, signature: Signature) -> None:
        self._contract = contract
        self._signature = signature
        self.matches: list[Match] = []
        self.mismatches: list[Mismatch] = []

    def run(self) -> None:
        for expected in self._expected_inputs():
            self._tensor(expected, self._signature.inputs)
        self._unfed(self._aliases("input"))
        for field in self._contract.outputs:
            expected = _Expected.of(field, "output", is_batch=self._contract.response_is_batch)
            self._tensor(expected, self._signature.outputs)

    def _expected_inputs(self) -> list["_Expected"]:
        contract = self._contract
        if not contract.example_input:
            is_batch = contract.request_is_batch
            return [_Expected.of(field, "input", is_batch=is_batch) for field in contract.inputs]
        examples = _Expected(
            location=contract.location,
            element=contract.full_name,
            path="(a tf.Example)",
            way="input",
            alias=contract.example_input,
            dtype="STRING",
            dtypes=("STRING",),
            shape=(),
            own_rank=0,
            is_single=False,
            is_batch=contract.request_is_batch,
        )
        return [examples]

    def _tensor(self, expected: "_Expected", tensors: Mapping[str, TensorInfo]) -> None:
        way = expected.way
        info = tensors.get(expected.alias)
        signature = f'signature "{self._contract.signature}"'
        if info is None:
            # What another field is cannot be what this one was meant to be.
            free = [alias for alias in tensors if alias not in self._aliases(way)]
            self.mismatches.append(
                Mismatch(
                    location=expected.location,
                    element=expected.element,
                    alias=expected.alias,
                    problem=f'{signature} has no {way} "{expected.alias}"',
                    expected=str(expected),
                    nearest=nearest(expected.alias, free),
                    choices=tuple(tensors),
                )
            )
            return
        if info.unsendable:
            self.mismatches.append(
                Mismatch(
                    location=expected.location,
                    element=expected.element,
                    alias=expected.alias,
                    problem=f'{way} "{expected.alias}" of {signature} cannot be sent: '
                    f"it {info.unsendable}",
                    expected=str(expected),
                )
            )
            return
        reasons = _differences(expected, info)
        if reasons:
            self.mismatches.append(
                Mismatch(
                    location=expected.location,
                    element=expected.element,
                    alias=expected.alias,
                    problem=f'{way} "{expected.alias}" of {signature}: {", and ".join(reasons)}',
                    expected=str(expected),
                    found=_found(info),
                )
            )
            return
        self.matches.append(
            Match(
                path=expected.path,
                way=way,
                alias=expected.alias,
                dtype=info.dtype,
                shape=_shape(info.shape),
                note=_note(expected, info) if way == "input" else "",
            )
        )

    def _aliases(self, way: str) -> set[str]:
        if way == "output":
            return {field.alias for field in self._contract.outputs}
        if self._contract.example_input:
            return {self._contract.example_input}
        return {field.alias for field in self._contract.inputs}

    def _unfed(self, fed: set[str]) -> None:
        contract = self._contract
        for alias, info in self._signature.inputs.items():
            if alias in fed or alias in self._signature.defaults:
                continue
            free = [name for name in sorted(fed) if name not in self._signature.inputs]
            self.mismatches.append(
                Mismatch(
                    location=contract.location,
                    element=contract.full_name,
                    alias=alias,
                    problem=f'nothing in {contract.request} feeds input "{alias}" of signature '
                    f'"{contract.signature}", which has no default',
                    found=_found(info),
                    nearest=nearest(alias, free),
                    choices=tuple(sorted(fed)),
                )
            )


@dataclass(frozen=True, kw_only=True)
class _Expected:
    """A tensor as the contract has it; see definitions.Field."""

    location: str
    element: str
    path: str
    way: str
    alias: str
    dtype: str
    dtypes: tuple[str, ...]
    shape: tuple[int | None, ...]
    own_rank: int
    is_single: bool
    is_batch: bool

    @classmethod
    def of(cls, field: Field, way: str, *, is_batch: bool) -> "_Expected":
        return cls(
            location=field.location,
            element=field.element,
            path=field.path,
            way=way,
            alias=field.alias,
            dtype=field.dtype,
            dtypes=field.dtypes,
            shape=field.shape,
            own_rank=field.own_rank,
            is_single=field.is_single,
            is_batch=is_batch,
        )

    def __str__(self) -> str:
        return f"{self.dtype} {shape_text((None, *self.shape))}"


def _shape(shape: tuple[int | None, ...] | None) -> str:
    return "of any shape" if shape is None else shape_text(shape)


def _found(info: TensorInfo) -> str:
    return f"{info.dtype} {_shape(info.shape)}"


def _differences(expected: _Expected, info: TensorInfo) -> list[str]:
    """Each way in which a tensor is not as expected, and what could be said instead."""
    reasons = []
    if info.dtype != expected.dtype:
        could = f"; dtype can be {', '.join(expected.dtypes)}"
        reasons.append(f"it is {info.dtype} and not {expected.dtype}{could}")
    if info.shape is None:
        return reasons
    shape = (None, *expected.shape)
    if not info.shape:
        reasons.append("it has no dimension 0, which is the batch")
    elif len(info.shape) != len(shape):
        advice = _shape_advice(expected, info.shape)
        reasons.append(f"its rank is {len(info.shape)} and not {len(shape)}{advice}")
    else:
        # A model for one example is one for a request of one.
        if info.shape[0] is not None and (expected.is_batch or info.shape[0] != 1):
            reasons.append(f"dimension 0 is the batch and must be unknown, not {info.shape[0]}")
        reasons += [
            f"dimension {position} is {found} and not {size}"
            for position, (size, found) in enumerate(zip(shape, info.shape, strict=True))
            if size is not None and found is not None and size != found
        ]
    return reasons


def _shape_advice(expected: _Expected, found: tuple[int | None, ...]) -> str:
    """For the tensors that Keras makes of one value: [n, 1]."""
    more = found[1 + len(expected.shape) :]
    if not expected.is_single or expected.own_rank or not more or set(more) != {1}:
        return ""
    return f"; say shape: {list(more)}"


def _note(expected: _Expected, info: TensorInfo) -> str:
    """Tells of requests that the contract allows and the model does not take."""
    if info.shape is None:
        return ""
    fixed = {
        position: found
        for position, (size, found) in enumerate(zip(expected.shape, info.shape[1:], strict=True))
        if size is None and found is not None
    }
    if not fixed:
        return ""
    sizes = " x ".join(str(size) for size in fixed.values())
    # Only the field's own dimension can be annotated, not those of repeated messages.
    if expected.own_rank == 1 and list(fixed) == [len(expected.shape) - 1]:
        return f"takes {sizes} only: say shape: {sizes}"
    return f"takes {sizes} only"
