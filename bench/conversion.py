"""How fast `trilho convert` is, and how much memory it takes, for tables of any size.

    bazel run //bench:conversion -- --rows 1000000 10000000 --processes 1 2

The table is the census repeated with noise: each row is one of the original with other numbers.
Each conversion is a process of its own, which is watched from outside.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from e2e.programs import TRILHO, runfile

_CENSUS = "data/adult.parquet.brotli"
_ROW_GROUP = 100_000
_FILE = 1_000_000
_SAMPLING = 0.1


@dataclass(frozen=True, kw_only=True)
class _Conversion:
    """What one took.

    Attributes:
        seconds: From the start of the program to its end.
        processor: Seconds that it had a processor, which others on the machine do not lengthen.
        memory: MiB resident at most, of all its processes together.
        size: MB that it wrote.
    """

    seconds: float
    processor: float
    memory: float
    size: float


def main() -> None:
    """Makes the tables, converts them, and prints what that took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--folder", type=Path, help="for the files, which are removed again")
    options = parser.parse_args()
    names = ("rows", "MB in", "processes", "seconds", "CPU s", "rows/s", "MiB at most", "MB out")
    print(f"load {os.getloadavg()[0]:.1f}")
    print("".join(f"{name:>12}" for name in names))
    with tempfile.TemporaryDirectory(prefix="trilho-bench-", dir=options.folder) as scratch:
        for rows in options.rows:
            source = Path(scratch) / str(rows)
            _make_table(source, rows)
            for processes in options.processes:
                took = _convert(source, Path(scratch) / "converted", processes)
                values = (
                    rows,
                    _megabytes(source),
                    processes,
                    took.seconds,
                    took.processor,
                    rows / took.seconds,
                    took.memory,
                    took.size,
                )
                print("".join(f"{value:12.0f}" for value in values), flush=True)


def _make_table(folder: Path, rows: int) -> None:
    """Writes Parquet, a row group at a time."""
    folder.mkdir()
    census = pq.read_table(runfile(_CENSUS, workspace="datasets"))
    random = np.random.default_rng(1)
    for first in range(0, rows, _FILE):
        with pq.ParquetWriter(folder / f"{first:010}.parquet", census.schema) as writer:
            for start in range(first, min(first + _FILE, rows), _ROW_GROUP):
                writer.write_table(_noisy(census, min(_ROW_GROUP, rows - start), random))


def _noisy(census: pa.Table, rows: int, random: np.random.Generator) -> pa.Table:
    chosen = census.take(pa.array(random.integers(0, len(census), rows)))
    for index, field in enumerate(chosen.schema):
        if pa.types.is_integer(field.type):
            numbers = chosen.column(index).to_numpy()
            noise = random.integers(-numbers // 10, numbers // 10 + 1)
            chosen = chosen.set_column(index, field, pa.array(numbers + noise, field.type))
    return chosen


def _convert(source: Path, target: Path, processes: int) -> _Conversion:
    command = [str(runfile(TRILHO)), "convert", str(source), str(target), "--overwrite"]
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    # In a group of its own, by which its processes are found.
    with subprocess.Popen(
        [*command, "--processes", str(processes)],
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        memory = 0.0
        while process.poll() is None:
            memory = max(memory, _resident(process.pid))
            time.sleep(_SAMPLING)
    if process.returncode:
        sys.exit(process.returncode)
    seconds = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return _Conversion(seconds=seconds, processor=processor, memory=memory, size=_megabytes(target))


def _resident(group: int) -> float:
    """Returns the MiB resident of a group of processes."""
    pages = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # The name, which may have spaces, stands in parentheses; the group is third behind it.
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[2]) == group:
                pages += int((folder / "statm").read_text().split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.iterdir()) / 1e6


if __name__ == "__main__":
    main()
