"""Tells what a release may break, from its version and the last one's."""

import re

__all__ = ["allows_breaks"]

_VERSION = re.compile(r"^(\d+)\.(\d+)\.(\d+)$")


def allows_breaks(old: str, new: str) -> bool:
    """Tells whether callers must expect breaks, as semantic versions say it.

    Args:
        old: The last release's version.
        new: That of the release to be made.

    Returns:
        True if the first number rose, or, while that is 0, the second.

    Raises:
        ValueError: A version is not MAJOR.MINOR.PATCH, or the new one is the older.
    """
    before, after = _numbers(old), _numbers(new)
    if after < before:
        raise ValueError(f"{new} is older than {old}: give the last release, and not a later one")
    if before[0] == after[0] == 0:
        return after[1] > before[1]
    return after[0] > before[0]


def _numbers(version: str) -> tuple[int, ...]:
    found = _VERSION.match(version)
    if not found:
        raise ValueError(f"{version!r} is no MAJOR.MINOR.PATCH")
    return tuple(int(number) for number in found.groups())
