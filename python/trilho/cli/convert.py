"""`trilho convert`: from Parquet to TFRecord."""

from typing import Literal

import click

from trilho.cli._rows import RowsProgress

__all__ = ["convert"]

_EXAMPLES = """\b
Examples:
  trilho convert census.parquet census-tfrecord
  trilho convert 'webhdfs://namenode:9870/logs/2026-11-2*.parquet' /data/logs --shards 8
  trilho convert /data/today /tfrecord/today --schema /tfrecord/yesterday --strict
  trilho convert events events-tfrecord --columns id,user.country,day --decimals id=text
  trilho convert hdfs:///data/big hdfs:///tfrecord/big --engine spark --master yarn

\b
What is written:
  TARGET/part-00000-of-00010.tfrecord.gz  tf.Example, a feature for each column
  TARGET/schema.json                      features: type, unit, shape, range; thresholds
  TARGET/statistics.json                  counts, missing, mean, most frequent values
  TARGET/_SUCCESS                         says that all is there

\b
Thresholds in schema.json, for all features or in one; null is no bound:
  rows_least 0.5, rows_most 10  rows, as parts of the earlier ones
  missing 0.1, not_finite 0.01  by how much the share of missing values, of NaN may rise; where
                                there were none there may be none, unless the feature has its own
  range 0                       how far out of the earlier range, as a part of its width
  new_values 0                  how many strings that are not in the vocabulary
  constant false                whether one value may be in all rows where there were several
"""


@click.command(epilog=_EXAMPLES)
@click.argument("source")
@click.argument("target")
@click.option(
    "--columns",
    metavar="NAME,...",
    help="Which columns, NAME.FIELD for the field of a struct; all by default.",
)
@click.option("--shards", type=click.IntRange(1), help="How many files; by default by their rows.")
@click.option(
    "--rows-per-shard",
    type=click.IntRange(1),
    default=100_000,
    show_default=True,
    help="Rows of a file at most, unless --shards is given.",
)
@click.option(
    "--compression", type=click.Choice(["gzip", "none"]), default="gzip", show_default=True
)
@click.option(
    "--schema",
    "earlier",
    metavar="DIR|FILE",
    help="Compare with the schema.json of earlier data: a column that is gone or has another type "
    "fails; rows, missing values, NaN, ranges, new words and columns that have become constant are "
    "told where they are beyond its thresholds, which may be edited.",
)
@click.option(
    "--strict", is_flag=True, help="Write nothing if --schema finds anything beyond its thresholds."
)
@click.option(
    "--decimals",
    multiple=True,
    metavar="[NAME=]CHOICE",
    help="What becomes of numbers without an exact place. exact (the default) refuses them; round "
    "takes the nearest float and counts them; text keeps the digits. Without NAME of decimals with "
    "a fraction, with NAME of any number of that column. May be repeated.",
)
@click.option(
    "--timestamps",
    type=click.Choice(["us", "ns"]),
    default="us",
    show_default=True,
    help="The unit of timestamps, times of the day and durations.",
)
@click.option(
    "--truncate",
    is_flag=True,
    help="Cut off, and count, what is finer than microseconds; it is refused otherwise.",
)
@click.option(
    "--default",
    "defaults",
    multiple=True,
    metavar="NAME=VALUE",
    help="What stands for missing values of a column, or missing elements of its lists; they are "
    "counted. May be repeated.",
)
@click.option(
    "--engine",
    type=click.Choice(["local", "spark"]),
    default="local",
    show_default=True,
    help="Who does the work; the files are the same.",
)
@click.option("--master", metavar="URL", help="Spark's master, e.g. yarn or local[4].")
@click.option(
    "--processes", type=click.IntRange(1), help="Of --engine local; by default one for each CPU."
)
@click.option(
    "--overwrite",
    is_flag=True,
    help="Replace TARGET, once the new one is whole, if it is an earlier conversion or empty.",
)
@click.option("--restart", is_flag=True, help="Forget what an interrupted run has left.")
def convert(
    *,
    source: str,
    target: str,
    columns: str | None,
    shards: int | None,
    rows_per_shard: int,
    compression: str,
    earlier: str | None,
    strict: bool,
    decimals: tuple[str, ...],
    timestamps: Literal["us", "ns"],
    truncate: bool,
    defaults: tuple[str, ...],
    engine: str,
    master: str | None,
    processes: int | None,
    overwrite: bool,
    restart: bool,
) -> None:
    """Turn the Parquet table SOURCE into the folder TARGET of TFRecord files.

    SOURCE is a file, a folder of files or a quoted pattern; both may be local or URLs, e.g.
    webhdfs://HOST:PORT/PATH, or hdfs:///PATH with HADOOP_CONF_DIR. Rows keep their order, so that
    the same table gives the same files, whoever does the work. Memory does not grow with the table.

    Values get there unchanged, are refused, or are counted and told. Whole numbers, booleans, dates
    (days since 1970) and times (microseconds since 1970 UTC, since midnight, or as long as they
    are) become int64; decimals with a fraction float if their digits can be read back from it;
    floating-point numbers float, which has 24 bits: a whole number that this changes, and one that
    becomes infinite or 0, is refused; strings and bytes bytes; lists any number of these. A missing
    value leaves its feature out.

    Files may differ: columns are found by their names, and one that a file does not have is missing
    there. Types go into the wider one of their kind (whole numbers, then all numbers; dates; times
    with a zone; times without; strings, then bytes; nulls into anything). Folders called NAME=VALUE
    below SOURCE, or from a pattern's first sign on, are a column: whole numbers if all are, dates
    if all are, else text.

    TARGET appears when all is written. After Ctrl-C or a failure the same command goes on where it
    was.
    """
    if master and engine != "spark":
        raise click.UsageError("--master is for --engine spark")
    if processes and engine != "local":
        raise click.UsageError("--processes is for --engine local")
    if truncate and timestamps == "ns":
        raise click.UsageError("--truncate is for --timestamps us")
    if strict and not earlier:
        raise click.UsageError("--strict needs --schema")
    # Only now, as this imports pyarrow, which --help and a wrong option need not wait for.
    from trilho.convert import conversion, engines, rules  # noqa: PLC0415

    workers = engines.SparkEngine(master) if engine == "spark" else engines.LocalEngine(processes)
    chosen = rules.parse_rules(
        decimals=decimals, timestamps=timestamps, truncate=truncate, defaults=defaults
    )
    with RowsProgress() as progress:
        result = conversion.convert(
            source,
            target,
            engine=workers,
            columns=[name.strip() for name in columns.split(",")] if columns else (),
            shard_count=shards,
            rows_per_shard=rows_per_shard,
            compression=compression,
            earlier=conversion.read_schema(earlier) if earlier else None,
            strict=strict,
            rules=chosen,
            overwrite=overwrite,
            restart=restart,
            progress=progress.update,
        )
    for line in result.anomalies:
        click.echo(f"Anomaly   {line}", err=True)
    if result.resumed:
        click.echo(f"Resumed   {result.resumed} files were there already")
    click.echo(f"Rows      {result.rows}")
    click.echo(f"Files     {result.shards}")
    click.echo(f"Features  {len(result.schema.features)}")
    click.echo(f"Folder    {result.target}")
