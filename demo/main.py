"""Trains a model badly, serves it, trains it well, and swaps it under load."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from demo import census, mnist, recommender
from demo.load import BackgroundLoad, Tally
from demo.programs import program, run, trilho
from demo.server import Server, ServerFailedError
from demo.show import Asked, Show, Training
from trilho.client import TrilhoClient
from trilho.errors import TrilhoError

_SHOWS = {show.model: show for show in (mnist.SHOW, census.SHOW, recommender.SHOW)}
_SWAP_SECONDS = 60

console = Console()


@dataclass(frozen=True)
class Row:
    """One line of the table at the end: what a client found out about a version."""

    version: int
    steps: int
    asked: Asked


def _step(text: str) -> None:
    console.print(f"\n[bold]{text}[/bold]")


def _train(show: Show, training: Training, store: Path) -> None:
    logs = store / "logs" / f"{training.steps}-steps"
    # Anew, also in a --dir in which an earlier demo was interrupted.
    places = (f"--export={store}", f"--logs={logs}", "--restart")
    run(trilho("train", show.model, f"--steps={training.steps}", *training.options, *places))


def _wait_for_version(server: str, model: str, version: int) -> None:
    """Waits until only `version` is served."""
    start = time.monotonic()
    with TrilhoClient(server) as client:
        while time.monotonic() < start + _SWAP_SECONDS:
            states = {v.version: v.state for v in client.model_status(model)}
            others = [state for other, state in states.items() if other != version]
            if states.get(version) == "AVAILABLE" and "AVAILABLE" not in others:
                return
            time.sleep(0.05)
    raise click.ClickException(f"version {version} was not served within {_SWAP_SECONDS} s")


def _table(show: Show, rows: Sequence[Row], tally: Tally) -> Table:
    table = Table(title=show.title)
    headings = list(rows[0].asked.cells)
    for heading in ("version", "trained steps", "client", *headings):
        table.add_column(heading, justify="left" if heading == "client" else "right")
    for row in rows:
        table.add_row(
            str(row.version),
            str(row.steps),
            row.asked.client,
            *(row.asked.cells[heading] for heading in headings),
        )
    versions = " + ".join(f"{n} by version {v}" for v, n in sorted(tally.by_version.items()))
    failed = len(tally.failures)
    table.caption = f"During the swap: {tally.calls} calls, {versions}, {failed} failed"
    return table


def _how_to_go_on(show: Show, server: Server, store: Path) -> None:
    console.print(
        f"""
[bold]The server is up[/bold] on {server.address} (process {server.pid}, log {server.log}),
with a page for people on http://{server.http_address}

{show.more(server.address, server.http_address, store)}
  grpcurl -plaintext {server.address} list
  grpcurl -plaintext -d '{{"model_spec": {{"name": "{show.model}"}}}}' {server.address} \\
      tensorflow.serving.ModelService/GetModelStatus

  trilho train {show.model} --seed 2 --export {store}    # swapped in when it is there
  kill {server.pid}
""",
        highlight=False,
        # Commands are there to be copied.
        soft_wrap=True,
    )


def _demo(show: Show, store: Path, *, keep: bool) -> None:
    _step("1. Data")
    show.fetch()

    _step(f"2. Train {show.poor.steps} steps: version 1")
    _train(show, show.poor, store)

    _step("3. Serve it, and ask from Java and Python")
    server = Server(
        program("cpp_server/trilho_server"),
        model=show.model,
        base_path=store / show.model,
        contract=program(show.contract),
        log=store / "server.log",
    )
    try:
        _wait_for_version(server.address, show.model, 1)
        rows = _ask(show, show.poor, server, store, version=1)
        _step(f"4. Train {show.good.steps} steps: version 2, while calls go on")
        with BackgroundLoad(server.address, show.model, show.questions()) as load:
            _train(show, show.good, store)
            _wait_for_version(server.address, show.model, 2)
            console.print("Version 2 answers now; version 1 is unloaded.")
            # Some more calls, all for version 2.
            time.sleep(1)
        _step("5. Ask again")
        rows += _ask(show, show.good, server, store, version=2)
        console.print()
        console.print(_table(show, rows, load.tally))
        _check(rows, load.tally)
        if keep:
            _how_to_go_on(show, server, store)
    except BaseException:
        server.stop()
        raise
    if not keep:
        server.stop()
        console.print("\nStopped. `--keep` leaves the server up to play with.")


def _ask(show: Show, training: Training, server: Server, store: Path, *, version: int) -> list[Row]:
    return [
        Row(version, training.steps, asked)
        for asked in show.ask(server.address, server.http_address, store)
    ]


def _check(rows: Sequence[Row], tally: Tally) -> None:
    failed = len(tally.failures) + sum(row.asked.failed for row in rows)
    if failed:
        first = tally.failures[0] if tally.failures else "see above"
        raise click.ClickException(f"{failed} calls failed, the first: {first}")
    if set(tally.by_version) != {1, 2}:
        raise click.ClickException(f"the swap was not seen: {dict(tally.by_version)}")
    worse, better = rows[0].asked.quality, rows[-1].asked.quality
    if better <= worse:
        raise click.ClickException(f"version 2 is no better: {better:g} after {worse:g}")


@click.command()
@click.argument("model", type=click.Choice(list(_SHOWS)), default="mnist")
@click.option("--keep", is_flag=True, help="Leave the server and the models.")
@click.option(
    "--dir",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where models and logs go; a new temporary folder if not given.",
)
def main(*, model: str, keep: bool, directory: Path | None) -> None:
    """Trains, serves, swaps and queries MODEL with the built programs.

    MODEL is mnist, unless another one is given. Without --keep the server is stopped and the
    temporary folder removed.
    """
    # As Ctrl-C: the server and the folder would stay otherwise.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    show = _SHOWS[model]
    store = directory or Path(tempfile.mkdtemp(prefix="trilho-demo-"))
    store.mkdir(parents=True, exist_ok=True)
    if (store / model).exists():
        raise click.UsageError(f"{store} already has a model; choose another --dir")
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    try:
        _demo(show, store, keep=keep)
    except (TrilhoError, ServerFailedError) as error:
        raise click.ClickException(str(error)) from error
    finally:
        if not keep and directory is None:
            shutil.rmtree(store, ignore_errors=True)


if __name__ == "__main__":
    main()
