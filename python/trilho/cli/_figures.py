"""What a run came to, as lines."""

from collections.abc import Mapping

__all__ = ["lines"]

# So that those of most models begin in one column.
_NARROWEST = 21


def lines(values: Mapping[str, str]) -> list[str]:
    """Lays out values in two columns.

    Args:
        values: By name, e.g. "test_accuracy", which is shown as "Test accuracy".

    Returns:
        A line for each.
    """
    titles = {name: name.replace("_", " ").capitalize() for name in values}
    width = max([_NARROWEST, *(len(title) for title in titles.values())])
    return [f"{titles[name]:{width}}  {value}" for name, value in values.items()]
