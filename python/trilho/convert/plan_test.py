from collections.abc import Iterator
from typing import SupportsIndex

import pytest

from trilho.convert.plan import Piece, Plan, make_shard, shards
from trilho.convert.sources import SourceFile


def file(name: str, rows: int) -> SourceFile:
    return SourceFile(path=name, size=1, rows=rows, row_groups=(rows,) if rows else ())


def plan(files: tuple[SourceFile, ...], count: int, compression: str = "gzip") -> Plan:
    return Plan(url="/t", files=files, columns=("a",), shards=count, compression=compression)


def test_rows_keep_their_order_and_files_without_rows_have_no_piece() -> None:
    none, seven, also_none, two = file("0", 0), file("1", 7), file("2", 0), file("3", 2)

    laid_out = shards(plan((none, seven, also_none, two, none), 2))

    assert [shard.name for shard in laid_out] == [
        "part-00000-of-00002.tfrecord.gz",
        "part-00001-of-00002.tfrecord.gz",
    ]
    assert [shard.pieces for shard in laid_out] == [
        (Piece(file=seven, start=0, stop=4),),
        (Piece(file=seven, start=4, stop=7), Piece(file=two, start=0, stop=2)),
    ]


@pytest.mark.parametrize("count", range(1, 13))
def test_the_shards_are_all_rows_once(count: int) -> None:
    files = tuple(file(str(index), rows) for index, rows in enumerate([3, 0, 1, 5, 0, 0, 2, 1]))
    whole = plan(files, count, compression="none")
    rows = [(each.path, row) for each in files for row in range(each.rows)]

    laid_out = [make_shard(whole, index) for index in range(count)]

    assert laid_out == shards(whole)
    assert [(shard.index, shard.name) for shard in laid_out] == [
        (index, f"part-{index:05d}-of-{count:05d}.tfrecord") for index in range(count)
    ]
    pieces = [piece for shard in laid_out for piece in shard.pieces]
    assert [
        (piece.file.path, row) for piece in pieces for row in range(piece.start, piece.stop)
    ] == rows
    sizes = {shard.rows for shard in laid_out}
    assert max(sizes) - min(sizes) <= 1


class _Counted(tuple[SourceFile, ...]):
    """Counts which files somebody has looked at."""

    __slots__ = ()
    looks = 0

    def __getitem__(self, index: SupportsIndex | slice) -> SourceFile:  # type: ignore[override]
        type(self).looks += 1
        return super().__getitem__(index)  # type: ignore[return-value]

    def __iter__(self) -> Iterator[SourceFile]:
        for item in super().__iter__():
            type(self).looks += 1
            yield item


def test_one_shard_of_many_needs_a_look_at_its_own_files_only() -> None:
    files = _Counted(file(f"{index:04d}", 10**6) for index in range(1000))
    whole = plan(files, 10_000)
    # Once for the whole plan: where each file ends.
    make_shard(whole, 0)
    assert _Counted.looks <= 1001
    _Counted.looks = 0

    shard = make_shard(whole, 5019)

    assert _Counted.looks <= 2
    assert shard.pieces == (Piece(file=files[501], start=900_000, stop=1_000_000),)
