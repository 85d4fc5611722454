import numpy as np
import pytest

from trilho.models.recommender.intervals import gains, interval, intervals


def test_a_place_counts_as_in_the_figures() -> None:
    hits, ndcg = gains(np.array([1, 3, 10, 11]), depth=10)

    assert hits.tolist() == [1, 1, 1, 0]
    np.testing.assert_allclose(ndcg, [1, 0.5, 1 / np.log2(11), 0])


def test_an_interval_is_about_two_standard_errors_on_each_side() -> None:
    values = (np.arange(900) % 9 < 2).astype(float)
    error = (values.var() / len(values)) ** 0.5

    low, high = interval(values, seed=1)

    assert low == pytest.approx(values.mean() - 1.96 * error, abs=error / 4)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=error / 4)
    assert interval(values, seed=1) == (low, high)
    assert interval(values, seed=2) != (low, high)
    assert interval(np.full(50, 0.25), seed=1) == (0.25, 0.25)


def test_figures_have_their_bounds() -> None:
    figures = intervals("als_test", np.array([1, 2, 30, 40] * 50), depth=10, seed=1)

    assert figures["als_test_hit_at_10"] == 0.5
    assert figures["als_test_hit_at_10_low"] < 0.5 < figures["als_test_hit_at_10_high"]
    assert figures["als_test_ndcg_at_10"] == pytest.approx((1 + 1 / np.log2(3)) / 4, abs=1e-6)
    assert len(figures) == 6
