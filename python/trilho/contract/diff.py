"""What changes from one version of a contract to the next, and whom it breaks."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from trilho.contract.changes import Change, Effect
from trilho.contract.definitions import Contract, Field, count_text, shape_text
from trilho.contract.reading import contracts_of
from trilho.contract.sources import Source, load
from trilho.contract.wire import compare_wire

__all__ = ["Change", "Effect", "diff"]


def diff(old: Path, new: Path, *, proto_paths: Sequence[Path] = ()) -> list[Change]:
    """Compares two versions of a contract.

    Clients break where what they send or understand is sent, understood or taken no more; models
    break where one that kept the old contract does not keep the new one.

    Args:
        old: The version that clients and models were made with: a .proto or a descriptor set.
        new: The version that is to take its place.
        proto_paths: Where the imports of .proto files are looked for; see `sources.load`.

    Returns:
        The differences, sorted: what breaks first, then by element.

    Raises:
        ContractError: One of them cannot be read, or contradicts itself.
    """
    before, after = load(old, proto_paths=proto_paths), load(new, proto_paths=proto_paths)
    changes = {*compare_wire(before, after), *_compare_models(before, after)}
    return sorted(changes)


def _compare_models(before: Source, after: Source) -> Iterator[Change]:
    old = {contract.full_name: contract for contract in contracts_of(before)}
    new = {contract.full_name: contract for contract in contracts_of(after)}
    for name, contract in old.items():
        if name in new:
            yield from _compare_methods(contract, new[name])
        elif name in after.locations:
            yield Change(
                effect=Effect.BREAKS_CLIENTS,
                element=name,
                text=f"model {contract.model} answers no more: (trilho.contract.model) removed",
            )
    for name, contract in new.items():
        if name not in old:
            yield Change(
                effect=Effect.COMPATIBLE, element=name, text=f"model {contract.model} answers now"
            )


def _compare_methods(old: Contract, new: Contract) -> Iterator[Change]:
    for what, before, after in (
        ("model", old.model, new.model),
        ("signature", old.signature, new.signature),
        ("version_label", old.version_label, new.version_label),
        ("example_input", old.example_input, new.example_input),
    ):
        if before != after:
            yield Change(
                effect=Effect.BREAKS_MODELS,
                element=new.full_name,
                text=f"{what} changed from {_quoted(before)} to {_quoted(after)}",
            )
    # What a model does not parse would be lost in silence, and so is checked as inputs are.
    features = bool(new.example_input)
    yield from _compare_sides(old.inputs, new.inputs, "input", features=features)
    yield from _compare_sides(old.outputs, new.outputs, "output", features=False)


def _compare_sides(
    old: Sequence[Field], new: Sequence[Field], way: str, *, features: bool
) -> Iterator[Change]:
    # Numbers stay when fields are renamed.
    after = {field.numbers: field for field in new}
    for field in old:
        now = after.pop(field.numbers, None)
        if now is None:
            yield _gone(field, way)
            continue
        yield from _compare_tensors(field, now, way)
        if way == "input":
            yield from _compare_values(field, now)
    for field in after.values():
        verb = "takes" if way == "input" else "returns"
        text = f'a model that {verb} "{field.alias}" {_tensor(field)} is needed'
        if features:
            values = f"{field.dtype}, {count_text(field.count)}"
            text = f'a model that parses the feature "{field.alias}" is needed: {values}'
        yield Change(effect=Effect.BREAKS_MODELS, element=field.element, text=text)
        reason = _refuses_unset(field) if way == "input" else ""
        if reason:
            yield Change(
                effect=Effect.BREAKS_CLIENTS,
                element=field.element,
                text=f"requests without it are refused: {reason}",
            )


def _gone(field: Field, way: str) -> Change:
    if way == "input":
        text = f'input "{field.alias}" is fed no more'
        return Change(effect=Effect.BREAKS_MODELS, element=field.element, text=text)
    text = f'output "{field.alias}" is taken no more'
    return Change(effect=Effect.COMPATIBLE, element=field.element, text=text)


def _compare_tensors(old: Field, new: Field, way: str) -> Iterator[Change]:
    for what, before, after in (
        ("alias", old.alias, new.alias),
        ("dtype", old.dtype, new.dtype),
        ("shape", shape_text((None, *old.shape)), shape_text((None, *new.shape))),
    ):
        if before != after:
            yield Change(
                effect=Effect.BREAKS_MODELS,
                element=old.element,
                text=f"{what} of the {way} changed from {before} to {after}",
            )
    before_count, after_count = old.count, new.count
    # A client sends as many values as it always did, and expects as many.
    promised = after_count if way == "input" else before_count
    if promised is not None and before_count != after_count:
        yield Change(
            effect=Effect.BREAKS_CLIENTS,
            element=old.element,
            text=f"number of values changed from {_any(before_count)} to {_any(after_count)}",
        )


def _any(count: int | None) -> str:
    return "any" if count is None else str(count)


def _compare_values(old: Field, new: Field) -> Iterator[Change]:
    """What requests may hold."""

    def change(text: str, *, narrower: bool) -> Change:
        effect = Effect.BREAKS_CLIENTS if narrower else Effect.COMPATIBLE
        return Change(effect=effect, element=old.element, text=text)

    if set(old.vocabulary) != set(new.vocabulary):
        yield from _compare_vocabularies(old, new)
    if old.minimum != new.minimum:
        narrower = new.minimum is not None and (old.minimum is None or new.minimum > old.minimum)
        text = f"minimum changed from {_limit(old.minimum)} to {_limit(new.minimum)}"
        yield change(text, narrower=narrower)
    if old.maximum != new.maximum:
        narrower = new.maximum is not None and (old.maximum is None or new.maximum < old.maximum)
        text = f"maximum changed from {_limit(old.maximum)} to {_limit(new.maximum)}"
        yield change(text, narrower=narrower)
    if old.finite != new.finite:
        text = "NaN and infinities are refused" if new.finite else "finite dropped"
        yield change(text, narrower=new.finite)
    if old.default != new.default:
        text = f"default changed from {_quoted(old.default)} to {_quoted(new.default)}"
        yield change(text, narrower=new.default is None and new.has_presence)
    if new.has_presence and not old.has_presence and not new.has_default:
        text = "optional without a default: requests that leave it at zero are refused"
        yield change(text, narrower=True)


def _compare_vocabularies(old: Field, new: Field) -> Iterator[Change]:
    removed = [value for value in old.vocabulary if value not in new.vocabulary]
    added = [value for value in new.vocabulary if value not in old.vocabulary]
    if not new.vocabulary:
        yield Change(
            effect=Effect.COMPATIBLE,
            element=old.element,
            text="any string is taken, not only a few",
        )
    elif not old.vocabulary:
        text = f"only {_list(new.vocabulary)} are taken"
        yield Change(effect=Effect.BREAKS_CLIENTS, element=old.element, text=text)
    else:
        if removed:
            text = f"vocabulary without {_list(removed)}"
            yield Change(effect=Effect.BREAKS_CLIENTS, element=old.element, text=text)
        if added:
            text = f"vocabulary with {_list(added)}"
            yield Change(effect=Effect.COMPATIBLE, element=old.element, text=text)


def _refuses_unset(field: Field) -> str:
    """Why a request of clients that do not know the field is refused; "" if it is not."""
    count = field.count
    reasons: dict[str, object] = {
        "it is optional and has no default": field.has_presence and not field.has_default,
        f"it must have {count} values": not field.has_presence and not field.is_single and count,
    }
    if field.is_single and not field.has_presence:
        # What is not set is zero then, or empty.
        reasons |= {
            "the empty string is not in its vocabulary": "" not in (field.vocabulary or [""]),
            "0 is below its minimum": field.minimum is not None and field.minimum > 0,
            "0 is above its maximum": field.maximum is not None and field.maximum < 0,
        }
    # There may be none of the repeated messages around it.
    inner = len(field.shape) > field.own_rank
    return "" if inner else next((reason for reason, holds in reasons.items() if holds), "")


def _tensor(field: Field) -> str:
    return f"{field.dtype} {shape_text((None, *field.shape))}"


def _limit(limit: float | None) -> str:
    return "none" if limit is None else f"{limit:g}"


def _quoted(value: object) -> str:
    if value is None:
        return "none"
    return f'"{value}"' if isinstance(value, str) else f"{value:g}"


def _list(values: Sequence[str]) -> str:
    return ", ".join(_quoted(value) for value in values)
