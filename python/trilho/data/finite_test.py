import numpy as np
import pytest

from trilho.data.finite import first_not_finite


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_the_first_one_is_named_by_its_row(value: float) -> None:
    column = np.array([0, 1, value, np.nan], np.float32)
    assert first_not_finite(column) == f"row 2: expected a finite number, found {value}"
    assert first_not_finite(column, first=1000).startswith("row 1002: ")
    rows = np.array([[0, 1], [2, value]])
    assert first_not_finite(rows).startswith("row 1: ")


@pytest.mark.parametrize(
    "column", [np.array([0.5, 1e38]), np.array([]), np.arange(3), np.array(["nan"], dtype=object)]
)
def test_other_columns_have_none(column: np.ndarray) -> None:
    assert first_not_finite(column) == ""
