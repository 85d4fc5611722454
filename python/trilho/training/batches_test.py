from itertools import islice
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from trilho.data.cache import DataError
from trilho.training import batches
from trilho.training.job import Shard

ROWS = 103


def _columns() -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Rows that say who they are: a number, and ten times this as the label."""
    numbers = np.arange(ROWS)
    return {"number": numbers}, 10 * numbers


def _train(shard: Shard, count: int, *, batch_size: int = 12, seed: int = 1) -> list[list[int]]:
    made = batches.shuffled(_columns(), shard, batch_size=batch_size, seed=seed)
    return [features["number"].numpy().tolist() for features, _ in made.take(count)]


def _rows(dataset: tf.data.Dataset) -> list[int]:
    return [int(number) for features, _ in dataset for number in features["number"]]


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_workers_share_the_rows_and_leave_none_out(workers: int) -> None:
    epochs = []
    for index in range(workers):
        shard = Shard(index=index, count=workers)
        own = len(range(index, ROWS, workers))
        # Of batches of one row each: an epoch, and not a row more.
        made = batches.shuffled(_columns(), shard, batch_size=workers, seed=1)
        epochs.append(set(_rows(made.take(own))))
        assert len(epochs[-1]) == own
    assert sum(len(epoch) for epoch in epochs) == ROWS
    assert set.union(*epochs) == set(range(ROWS))


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_a_batch_is_that_of_all_workers_together(workers: int) -> None:
    parts = [_train(Shard(index=index, count=workers), 30) for index in range(workers)]
    assert {len(batch) for part in parts for batch in part} == {12 // workers}


def test_each_epoch_has_another_order_and_a_seed_always_the_same() -> None:
    def epochs(seed: int) -> list[list[int]]:
        made = batches.shuffled(_columns(), Shard(), batch_size=1, seed=seed)
        rows = iter(_rows(made.take(2 * ROWS)))
        return [list(islice(rows, ROWS)) for _ in range(2)]

    first, second = epochs(1)
    assert sorted(first) == sorted(second) == list(range(ROWS))
    assert first != second
    assert epochs(1) == [first, second]
    assert epochs(2)[0] != first


def test_what_is_left_of_an_epoch_goes_into_the_next_batch() -> None:
    rows = [row for batch in _train(Shard(), 103) for row in batch]
    assert sorted(rows) == sorted(list(range(ROWS)) * 12)


def test_features_and_labels_stay_together_and_are_transformed_by_the_batch() -> None:
    def halve(features: dict[str, tf.Tensor], labels: tf.Tensor) -> Any:
        return features["number"], labels / 10, tf.shape(labels)[0]

    shuffled = batches.shuffled(_columns(), Shard(), batch_size=12, seed=1, transform=halve)
    for numbers, labels, size in shuffled.take(3):
        np.testing.assert_array_equal(numbers, labels)
        assert size == 12
    ((numbers, labels, size),) = batches.once(_columns(), transform=halve)
    assert numbers.numpy().tolist() == labels.numpy().tolist() == list(range(ROWS))
    assert size == ROWS


def test_a_number_that_is_not_finite_is_named_by_row_and_column() -> None:
    features, labels = _columns()
    features["share"] = np.where(np.arange(ROWS) == 71, np.nan, 0.5)
    message = "column 0/share, row 71: expected a finite number, found nan"
    with pytest.raises(DataError, match=message):
        batches.shuffled((features, labels), Shard(), batch_size=12, seed=1)
    with pytest.raises(DataError, match=message):
        batches.once((features, labels))
    with pytest.raises(DataError, match="column 0, row 1: expected a finite number, found inf"):
        batches.once(np.array([0.5, np.inf]))


def test_measuring_takes_each_row_once_in_its_order() -> None:
    sizes, rows = [], []
    for batch in batches.once(np.arange(2500)):
        sizes.append(len(batch))
        rows += batch.numpy().tolist()
    assert sizes == [1000, 1000, 500]
    assert rows == list(range(2500))
