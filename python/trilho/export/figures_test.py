import json
import math

import pytest

from trilho.export.figures import as_json, improves, not_finite, of_json

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("value", "than", "higher", "lower"),
    [
        (0.2, 0.1, True, False),
        (0.1, 0.2, False, True),
        (0.1, 0.1, False, False),
        (NAN, 0.1, False, False),
        (INF, 0.1, False, False),
        (-INF, 0.1, False, False),
        (NAN, NAN, False, False),
        (INF, NAN, False, False),
        (0.1, NAN, True, True),
        (0.1, INF, True, True),
        (0.1, -INF, True, True),
    ],
)
def test_nan_improves_on_nothing_and_anything_improves_on_it(
    *, value: float, than: float, higher: bool, lower: bool
) -> None:
    assert improves(value, than, lower=False) is higher
    assert improves(value, than, lower=True) is lower


def test_figures_that_are_no_numbers_are_named() -> None:
    figures = {"loss": NAN, "auc": 0.5, "ndcg": INF, "least": -INF}
    assert not_finite(figures) == ["loss is nan", "ndcg is inf", "least is -inf"]
    assert not_finite({"auc": 0.0}) == []


def test_json_has_null_for_what_is_no_number() -> None:
    text = json.dumps(as_json({"loss": NAN, "auc": 0.5, "ndcg": INF}), allow_nan=False)
    assert text == '{"loss": null, "auc": 0.5, "ndcg": null}'
    found = of_json(json.loads(text))
    assert found["auc"] == 0.5
    assert math.isnan(found["loss"])
    assert math.isnan(found["ndcg"])
