"""How a table differs from what an earlier one was like."""

from trilho.convert.problems import first_of
from trilho.convert.schema import Feature, Schema

__all__ = ["differences", "structural_differences"]

_SHOWN = 5


def structural_differences(earlier: Schema, now: Schema) -> list[str]:
    """Compares the features, without their values.

    Args:
        earlier: What was.
        now: What is; nothing need be known of its values.

    Returns:
        A line for each feature that is gone or has become another kind: what was made to read the
        earlier files cannot read these.
    """
    lines = []
    for name, before in earlier.features.items():
        after = now.features.get(name)
        if after is None:
            lines.append(f"{name}: is gone")
        elif before.type != after.type:
            lines.append(f"{name}: is {after.type}, was {before.type}")
        elif bool(before.shape) != bool(after.shape):
            lines.append(f"{name}: has {_shape(after)}, had {_shape(before)}")
    return lines


def differences(earlier: Schema, now: Schema) -> list[str]:
    """Compares the features and their values.

    Args:
        earlier: What was.
        now: What is, its values counted.

    Returns:
        A line for each thing that is new: features, missing values, numbers out of the earlier
        range, strings out of the earlier vocabulary, and what `structural_differences` tells.
    """
    lines = structural_differences(earlier, now)
    lines += [f"{name}: is new" for name in now.features if name not in earlier.features]
    for name, before in earlier.features.items():
        after = now.features.get(name)
        if after is not None and before.type == after.type:
            lines += [f"{name}: {line}" for line in _values(before, after)]
    return lines


def _values(before: Feature, after: Feature) -> list[str]:
    lines = []
    if before.shape and after.shape and None not in before.shape and before.shape != after.shape:
        lines.append(f"has {_shape(after)}, had {_shape(before)}")
    if before.required and not after.required:
        lines.append("has missing values, had none")
    if before.minimum is not None and after.minimum is not None and after.minimum < before.minimum:
        lines.append(f"is as little as {after.minimum:g}, was at least {before.minimum:g}")
    if before.maximum is not None and after.maximum is not None and after.maximum > before.maximum:
        lines.append(f"is up to {after.maximum:g}, was at most {before.maximum:g}")
    if before.vocabulary is not None:
        lines += _words(before.vocabulary, after.vocabulary)
    return lines


def _words(before: tuple[str, ...], after: tuple[str, ...] | None) -> list[str]:
    if after is None:
        return [f"has too many different values to list, had {len(before)}"]
    new = sorted(set(after) - set(before))
    if not new:
        return []
    quoted = [f'"{word}"' for word in new]
    return [f"has new values: {first_of(quoted, most=_SHOWN)}"]


def _shape(feature: Feature) -> str:
    if not feature.shape:
        return "one value"
    return "any number of values" if feature.shape[0] is None else f"{feature.shape[0]} values"
