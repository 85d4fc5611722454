"""`trilho convert`: from Parquet to TFRecord."""

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

__all__ = ["convert"]

_EXAMPLES = """\b
Examples:
  trilho convert census.parquet census-tfrecord
  trilho convert 'webhdfs://namenode:9870/logs/2026-11-2*.parquet' /data/logs --shards 8
  trilho convert /data/today /tfrecord/today --schema /tfrecord/yesterday --strict
  trilho convert hdfs:///data/big hdfs:///tfrecord/big --engine spark --master yarn

\b
What is written:
  TARGET/part-00000-of-00010.tfrecord.gz  tf.Example, a feature for each column
  TARGET/schema.json                      features: type, shape, range, vocabulary
  TARGET/statistics.json                  counts, missing, mean, most frequent values
  TARGET/_SUCCESS                         says that all is there
"""


@click.command(epilog=_EXAMPLES)
@click.argument("source")
@click.argument("target")
@click.option("--columns", metavar="NAME,...", help="Which columns; all by default.")
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
    "fails, a value that was never seen is told.",
)
@click.option("--strict", is_flag=True, help="Write nothing if --schema finds any difference.")
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

    TARGET appears when all is written. After Ctrl-C or a failure the same command goes on where it
    was.
    """
    if master and engine != "spark":
        raise click.UsageError("--master is for --engine spark")
    if processes and engine != "local":
        raise click.UsageError("--processes is for --engine local")
    if strict and not earlier:
        raise click.UsageError("--strict needs --schema")
    # Only now, as this imports pyarrow, which --help and a wrong option need not wait for.
    from trilho.convert import conversion, engines  # noqa: PLC0415

    workers = engines.SparkEngine(master) if engine == "spark" else engines.LocalEngine(processes)
    console = Console(stderr=True, highlight=False)
    with Progress(
        TextColumn("rows"),
        MofNCompleteColumn(),
        BarColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task("")
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
            overwrite=overwrite,
            restart=restart,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    for line in result.anomalies:
        click.echo(f"Anomaly   {line}", err=True)
    if result.resumed:
        click.echo(f"Resumed   {result.resumed} files were there already")
    click.echo(f"Rows      {result.rows}")
    click.echo(f"Files     {result.shards}")
    click.echo(f"Features  {len(result.schema.features)}")
    click.echo(f"Folder    {result.target}")
