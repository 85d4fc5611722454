"""How a table differs from what an earlier one was like."""

from trilho.convert.problems import first_of
from trilho.convert.schema import Feature, Schema
from trilho.convert.statistics import Statistics
from trilho.convert.thresholds import Threshold

__all__ = ["changes", "differences", "structural_differences"]

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
        elif before.unit != after.unit:
            lines.append(f"{name}: is {_unit(after)}, was {_unit(before)}")
        elif bool(before.shape) != bool(after.shape):
            lines.append(f"{name}: has {_shape(after)}, had {_shape(before)}")
    return lines


def differences(earlier: Schema, now: Schema) -> list[str]:
    """Compares the features and their values.

    Args:
        earlier: What was.
        now: What is, its values counted.

    Returns:
        A line for each thing that is beyond a threshold of the earlier schema (`thresholds`):
        rows, missing values, NaN, numbers out of the earlier range, strings out of the earlier
        vocabulary, features with one value everywhere; for each new feature, and for each thing
        that `structural_differences` tells.
    """
    lines = _rows(earlier, now)
    lines += structural_differences(earlier, now)
    lines += [f"{name}: is new" for name in now.features if name not in earlier.features]
    for name, before in earlier.features.items():
        after = now.features.get(name)
        if after is not None and before.type == after.type and before.unit == after.unit:
            comparison = _Comparison(earlier, before, now, after)
            lines += [f"{name}: {line}" for line in comparison.lines()]
    return lines


def changes(statistics: Statistics) -> list[str]:
    """Lists values that are not as the table has them, because somebody said so.

    Args:
        statistics: Of all rows.

    Returns:
        A line for each kind of change of each column, with the number of its values.
    """
    lines = []
    for name, column in statistics.columns.items():
        done = column.changes
        first = f", the first from {done.example}" if done.example else ""
        if done.rounded:
            lines.append(f"{name}: {_were(done.rounded, 'number')} rounded to floats{first}")
        if done.truncated:
            lines.append(f"{name}: {_were(done.truncated, 'time')} cut off{first}")
        if done.filled:
            lines.append(f"{name}: {_were(done.filled, 'missing value')} filled by the default")
    return lines


def _were(count: int, what: str) -> str:
    return f"{count} {what} was" if count == 1 else f"{count} {what}s were"


def _rows(earlier: Schema, now: Schema) -> list[str]:
    least, most = earlier.thresholds["rows_least"], earlier.thresholds["rows_most"]
    few = least is not None and now.rows < earlier.rows * least
    many = most is not None and now.rows > earlier.rows * most
    if not earlier.rows or not now.rows or not (few or many):
        return []
    bound = f"less than {least:g}" if few else f"more than {most:g}"
    return [f"has {now.rows} rows, had {earlier.rows}: {bound} times as many"]


class _Comparison:
    """Compares the values of a feature with what they were."""

    def __init__(self, earlier: Schema, before: Feature, now: Schema, after: Feature) -> None:
        self._before, self._after = before, after
        self._rows = earlier.rows, now.rows
        self._general = earlier.thresholds

    def lines(self) -> list[str]:
        before, after = self._before, self._after
        lines = []
        both = before.shape and after.shape
        if both and None not in before.shape and before.shape != after.shape:
            lines.append(f"has {_shape(after)}, had {_shape(before)}")
        lines += self._missing() + self._not_finite() + self._range()
        if before.constant is False and after.constant and not self._threshold("constant"):
            lines.append(f"has {_only(after)} in all rows, had several values")
        if before.vocabulary is not None:
            lines += self._words(before.vocabulary, after.vocabulary)
        return lines

    def _threshold(self, name: str) -> Threshold:
        return self._before.thresholds.get(name, self._general[name])

    def _missing(self) -> list[str]:
        before, after = self._before, self._after
        if before.missing is None or after.missing is None:
            new = before.required and not after.required and "missing" not in before.thresholds
            return ["has missing values, had none"] * new
        return self._share("missing", "missing values", before.missing, after.missing)

    def _not_finite(self) -> list[str]:
        before, after = self._before.not_finite or 0, self._after.not_finite or 0
        return self._share("not_finite", "numbers that are NaN or infinite", before, after)

    def _share(self, name: str, what: str, before: int, after: int) -> list[str]:
        if not after or not all(self._rows):
            return []
        if not before and name not in self._before.thresholds:
            return [f"has {what}, had none: {after} in {self._rows[1]} rows"]
        bound = self._threshold(name)
        was, now = (count / rows for count, rows in zip((before, after), self._rows, strict=True))
        if bound is None or now - was <= bound:
            return []
        return [f"has {now:.1%} {what}, had {was:.1%}"]

    def _range(self) -> list[str]:
        before, after, bound = self._before, self._after, self._threshold("range")
        if None in {before.minimum, before.maximum, after.minimum, after.maximum, bound}:
            return []
        least, most = before.minimum or 0, before.maximum or 0
        low, high = after.minimum or 0, after.maximum or 0
        room = bound * (most - least) if bound else 0
        lines = []
        if low < least - room:
            lines.append(f"is as little as {_number(low)}, was at least {_number(least)}")
        if high > most + room:
            lines.append(f"is up to {_number(high)}, was at most {_number(most)}")
        return lines

    def _words(self, before: tuple[str, ...], after: tuple[str, ...] | None) -> list[str]:
        bound = self._threshold("new_values")
        if bound is None:
            return []
        if after is None:
            return [f"has too many different values to list, had {len(before)}"]
        new = sorted(set(after) - set(before))
        if len(new) <= bound:
            return []
        quoted = [f'"{word}"' for word in new]
        return [f"has new values: {first_of(quoted, most=_SHOWN)}"]


def _only(feature: Feature) -> str:
    if feature.vocabulary:
        return f'"{feature.vocabulary[0]}"'
    return "one value" if feature.minimum is None else _number(feature.minimum)


def _number(value: float) -> str:
    # Whole numbers with all their digits: two that differ are not the same text.
    return str(value) if isinstance(value, int) else f"{value:.9g}"


def _unit(feature: Feature) -> str:
    return f"in {feature.unit}" if feature.unit else "no time"


def _shape(feature: Feature) -> str:
    if not feature.shape:
        return "one value"
    return "any number of values" if feature.shape[0] is None else f"{feature.shape[0]} values"
