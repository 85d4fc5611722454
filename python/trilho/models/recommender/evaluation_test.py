import numpy as np
import pytest

from trilho.models.recommender.evaluation import (
    Hit,
    Ndcg,
    RankingQuality,
    listed_quality,
    masked,
    quality,
)

# Row r of these scores has its target, item 0, on the place of its name.
FIRST = np.array([30, *range(29)])
SECOND = np.array([28.5, *range(1, 30)])
TENTH = np.array([20.5, *range(1, 30)])
ELEVENTH = np.array([19.5, *range(1, 30)])


def _quality(*rows: np.ndarray) -> RankingQuality:
    return quality(np.array(rows, np.float32), np.zeros(len(rows), np.int64))


def test_a_later_place_counts_less_and_the_eleventh_nothing() -> None:
    assert _quality(FIRST) == RankingQuality(hit=1, ndcg=1)
    assert _quality(SECOND) == RankingQuality(hit=1, ndcg=0.63093)
    assert _quality(TENTH) == RankingQuality(hit=1, ndcg=0.289065)
    assert _quality(ELEVENTH) == RankingQuality(hit=0, ndcg=0)
    assert _quality(FIRST, SECOND, ELEVENTH, ELEVENTH) == RankingQuality(hit=0.5, ndcg=0.407732)


def test_equal_scores_are_nobody_s_merit() -> None:
    assert _quality(np.ones(30)).hit == 0


@pytest.mark.parametrize("score", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_not_finite_ranks_last(score: float) -> None:
    # The target's own: not even the last place of a short list is a hit.
    own = np.array([score, *range(29)])
    assert _quality(own) == _quality(own[:5]) == RankingQuality(hit=0, ndcg=0)
    assert _quality(np.full(30, score)) == RankingQuality(hit=0, ndcg=0)
    # Another item's, which stays behind the target.
    other = np.array([28.5, *range(1, 29), score])
    assert _quality(other) == RankingQuality(hit=1, ndcg=1)
    assert _quality(own, FIRST) == RankingQuality(hit=0.5, ndcg=0.5)


def test_lists_are_measured_as_scores_are() -> None:
    rows = np.array([FIRST, SECOND, TENTH, ELEVENTH], np.float32)
    lists = np.argsort(-rows, axis=1)
    wanted = np.zeros(len(rows), np.int64)
    assert listed_quality(lists[:, :12], wanted) == quality(rows, wanted)
    # Of a short list, too; what fills it up is nobody's item.
    short = np.array([[b"a", b""], [b"b", b"a"], [b"", b""]])
    measured = listed_quality(short, np.array([b"a", b"a", b"a"]))
    assert measured == RankingQuality(hit=0.666667, ndcg=0.543643)


def test_metrics_are_means_over_rows_not_over_batches() -> None:
    hit, ndcg = Hit(), Ndcg()
    for rows in ([FIRST, SECOND], [ELEVENTH]):
        for metric in (hit, ndcg):
            metric.update_state(np.zeros(len(rows), np.int64), np.array(rows, np.float32))
    assert float(hit.result()) == pytest.approx(2 / 3)
    assert float(ndcg.result()) == pytest.approx((1 + 0.63093) / 3, abs=1e-5)


def test_what_was_seen_is_no_candidate() -> None:
    scores = np.array([[1, 2, 3], [1, 2, 3]], np.float32)
    left = masked(scores, [np.array([2]), np.array([0, 1])])
    assert left.tolist() == [[1, 2, -np.inf], [-np.inf, -np.inf, 3]]
    assert np.isfinite(scores).all()
