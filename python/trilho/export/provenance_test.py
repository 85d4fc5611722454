import pytest

from trilho.export.provenance import other_data

_TABLE = {"data": "people.parquet", "test_rows": "1000", "seed": "1"}
_FETCHED = {"data": "default", "test_rows": "16281", "seed": "2"}


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (_TABLE, ""),
        (_TABLE | {"seed": "2"}, ""),
        (_FETCHED, "data: people.parquet and default, test_rows: 1000 and 16281"),
        (_TABLE | {"test_rows": "2000"}, "test_rows: 1000 and 2000"),
        # Of versions made before, or by others, nothing is known.
        ({"seed": "2"}, ""),
    ],
)
def test_differences_of_the_data_are_named(other: dict[str, str], said: str) -> None:
    assert other_data(_TABLE, other) == said
