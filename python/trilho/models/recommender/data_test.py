import numpy as np
import pytest

from trilho.data.cache import DataError
from trilho.data.movielens import GENRES, MovieLens
from trilho.models.recommender import data
from trilho.models.recommender.splits import sequences
from trilho.training.job import Shard

ITEMS = 30


def _movielens(rows: list[list[int]], times: list[list[int]] | None = None) -> MovieLens:
    """Ratings of users who took these items, an hour each; as many stars as item % 5 + 1."""
    lengths = [len(items) for items in rows]
    items = np.concatenate(rows)
    at = times or [[3600 * place for place in range(length)] for length in lengths]
    return MovieLens(
        user_ids=[f"u{user}" for user in range(len(rows))],
        ages=np.array([7, 24, 99][: len(rows)]),
        genders=["F", "M", "F"][: len(rows)],
        occupations=["writer", "artist", "writer"][: len(rows)],
        item_ids=[f"i{item}" for item in range(ITEMS)],
        titles=[f"Film {item}" for item in range(ITEMS)],
        years=np.array([0, 1900, 1922, 1995, 2050, *[1990] * (ITEMS - 5)]),
        genres=np.eye(ITEMS, len(GENRES), dtype=np.float32),
        users=np.repeat(np.arange(len(rows)), lengths),
        items=items,
        ratings=(items % 5 + 1).astype(np.float32),
        times=np.concatenate(at),
    )


def test_items_are_in_the_order_of_time_and_those_of_one_second_as_they_come() -> None:
    movielens = _movielens([[5, 4, 3, 2], [9, 8, 7, 6]], [[3, 2, 1, 0], [1, 0, 1, 0]])
    assert [items.tolist() for items in sequences(movielens)] == [[2, 3, 4, 5], [8, 6, 9, 7]]


def test_the_last_item_tests_and_the_one_before_validates() -> None:
    movielens = _movielens([[5, 4, 3, 2, 1], [9, 8, 7, 6]])
    made = data.next_items(movielens, history_length=3, batch_size=2, seed=1)
    ((inputs, labels),) = made.validation
    assert inputs["history"].numpy().tolist() == [[4, 5, 6], [9, 10, 0]]
    assert labels.numpy().tolist() == made.validation_items.tolist() == [2, 7]
    ((inputs, labels),) = made.test
    assert inputs["history"].numpy().tolist() == [[3, 4, 5], [8, 9, 10]]
    assert labels.numpy().tolist() == made.test_items.tolist() == [1, 6]
    seen = [np.flatnonzero(row).tolist() for row in inputs["seen"].numpy()]
    # Also what the history has no place for.
    assert seen == [[2, 3, 4, 5], [7, 8, 9]]
    assert [items.tolist() for items in made.test_sequences] == [[5, 4, 3, 2], [9, 8, 7]]


def test_training_knows_nothing_of_the_last_two_items() -> None:
    movielens = _movielens([[5, 4, 3, 2, 1], [9, 8, 7, 6]])
    made = data.next_items(movielens, history_length=3, batch_size=3, seed=1)
    inputs, labels = next(iter(made.train(Shard())))
    rows = sorted(
        (history.tolist(), np.flatnonzero(seen).tolist(), int(label))
        for history, seen, label in zip(
            inputs["history"].numpy(), inputs["seen"].numpy(), labels.numpy(), strict=True
        )
    )
    assert rows == [([5, 6, 0], [4, 5], 3), ([6, 0, 0], [5], 4), ([10, 0, 0], [9], 8)]
    assert np.flatnonzero(made.train_counts).tolist() == [3, 4, 5, 8, 9]


def test_the_same_seed_gives_the_same_batches_and_each_epoch_is_shuffled_anew() -> None:
    movielens = _movielens([list(range(ITEMS))])

    def labels(seed: int) -> list[list[int]]:
        made = data.next_items(movielens, history_length=3, batch_size=27, seed=seed)
        return [batch[1].numpy().tolist() for batch in made.train(Shard()).take(2)]

    first, second = labels(1)
    assert labels(1) == [first, second]
    assert first != second
    assert labels(2)[0] != first
    assert sorted(first) == sorted(second) == list(range(1, 28))


def test_workers_share_the_rows() -> None:
    movielens = _movielens([list(range(ITEMS))])
    made = data.next_items(movielens, history_length=3, batch_size=26, seed=1)
    parts = [next(iter(made.train(Shard(index=index, count=2))))[1].numpy() for index in (0, 1)]
    assert [len(part) for part in parts] == [13, 13]
    assert len(set(np.concatenate(parts))) == 26


def test_too_little_data_is_refused() -> None:
    with pytest.raises(DataError, match="User u1 has 3 ratings; at least 4 needed"):
        sequences(_movielens([[5, 4, 3, 2], [9, 8, 7]]))
    with pytest.raises(DataError, match="1 rows are left to train with, less than a batch of 2"):
        data.next_items(_movielens([[5, 4, 3, 2]]), history_length=3, batch_size=2, seed=1)
    with pytest.raises(DataError, match="3 rows are left to train with, less than a batch of 4"):
        data.ratings(_movielens([[5, 4, 3, 2]]), batch_size=4, seed=1)


def test_ratings_are_split_and_only_training_ones_count_as_seen() -> None:
    movielens = _movielens([list(range(ITEMS)), list(range(ITEMS))])
    made = data.ratings(movielens, batch_size=45, seed=1)
    parts = []
    for batches in (made.train(Shard()).take(1), made.validation, made.test):
        ((inputs, stars),) = batches
        users, items = inputs["user"].numpy() - 1, inputs["items"].numpy()[:, 0] - 1
        np.testing.assert_array_equal(stars.numpy()[:, 0], items % 5 + 1)
        parts.append(set(zip(users.tolist(), items.tolist(), strict=True)))
        seen = inputs["seen"].numpy()
        for user, row in zip(users.tolist(), seen, strict=True):
            taken = [item for who, item in sorted(parts[0]) if who == user]
            assert np.flatnonzero(row).tolist() == taken
    assert [len(part) for part in parts] == [45, 3, 12]
    assert len(set.union(*parts)) == 60
    assert made.mean == pytest.approx(np.mean([item % 5 + 1 for _, item in parts[0]]))


def test_row_0_of_the_features_is_for_the_unknown() -> None:
    features = data.rating_features(_movielens([[1], [2], [3]]), mean=3.5)
    # Age group, gender, occupation.
    assert features.user_classes.tolist() == [[0, 0, 0], [2, 1, 2], [5, 2, 1], [16, 1, 2]]
    assert features.class_counts == (17, 3, 3)
    assert features.item_years[:6].tolist() == [0, 0, 1, 1, 16, 19]
    assert features.item_years.max() < features.year_count
    assert features.genres.shape == (ITEMS + 1, len(GENRES))
    assert not features.genres[0].any()
    assert features.mean == 3.5


def test_an_item_that_was_taken_twice_is_seen_from_the_first_time() -> None:
    movielens = _movielens([[5, 4, 5, 3, 2, 1]])
    made = data.next_items(movielens, history_length=2, batch_size=3, seed=1)
    inputs, _ = next(iter(made.train(Shard())))
    assert all(5 in np.flatnonzero(row) for row in inputs["seen"].numpy())
