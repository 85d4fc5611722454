"""How far data may be from earlier data before that is told."""

from collections.abc import Mapping

__all__ = ["FEATURE_THRESHOLDS", "THRESHOLDS", "Threshold", "check_thresholds"]

Threshold = float | bool | None

# Each feature may have its own of these.
FEATURE_THRESHOLDS: Mapping[str, Threshold] = {
    # By how much the share of rows without a value, and of values that are NaN or infinite, may
    # rise. Where there were none, there may be none but for a feature's own threshold.
    "missing": 0.1,
    "not_finite": 0.01,
    # How far numbers may go beyond their range, as a part of its width.
    "range": 0,
    # How many strings may be new in a vocabulary.
    "new_values": 0,
    # True if a feature may have one value everywhere that had several.
    "constant": False,
}

THRESHOLDS: Mapping[str, Threshold] = {
    # How many rows there must be and may be, as parts of the earlier ones.
    "rows_least": 0.5,
    "rows_most": 10,
    **FEATURE_THRESHOLDS,
}


def check_thresholds(values: object, known: Mapping[str, Threshold]) -> Mapping[str, Threshold]:
    """Makes sure that thresholds are some.

    Args:
        values: What stands in a file.
        known: Which there are.

    Returns:
        The values; None stands for no bound.

    Raises:
        ValueError: One is unknown, or no number that is not negative.
    """
    if not isinstance(values, Mapping):
        raise ValueError(f"thresholds {values!r}, expected an object")  # noqa: TRY004 - as all here
    for name, value in values.items():
        if name not in known:
            raise ValueError(f"threshold {name!r}, expected one of {', '.join(known)}")
        if isinstance(known[name], bool):
            fits, expected = isinstance(value, bool), "true or false"
        else:
            fits, expected = value is None or _is_amount(value), "0 or more, or null"
        if not fits:
            raise ValueError(f"threshold {name} is {value!r}, expected {expected}")
    return values


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
