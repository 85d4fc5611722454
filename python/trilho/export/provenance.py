"""What a version's figures were measured on: those of other data are not to be compared."""

from collections.abc import Mapping

__all__ = ["DATA", "DEFAULT_DATA", "other_data"]

# A key of the manifest's `training`: what --data said.
DATA = "data"
# Its value where nothing was said: the data set that is fetched.
DEFAULT_DATA = "default"
# And an option of those models whose test split may be chosen.
_TEST_ROWS = "test_rows"


def other_data(one: Mapping[str, str], other: Mapping[str, str]) -> str:
    """Says in what the data of two versions differ.

    Args:
        one: The one's `training`, or of what it would be.
        other: The other's.

    Returns:
        E.g. "data: people.parquet and default, test_rows: 1000 and 16281"; "" if they do not
        differ, or if one of them does not say what its data was.
    """
    return ", ".join(
        f"{key}: {one[key]} and {other[key]}"
        for key in (DATA, _TEST_ROWS)
        if key in one and key in other and one[key] != other[key]
    )
