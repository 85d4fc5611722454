"""Trains MNIST badly, serves it, trains it well, and swaps it under load."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.table import Table
from runfiles import Runfiles

from demo.load import BackgroundLoad, Tally
from demo.server import Server, ServerFailedError
from trilho.client import TrilhoClient
from trilho.data import mnist
from trilho.errors import TrilhoError

_POOR_STEPS = 100
_GOOD_STEPS = 2000
_CALLS = 1000
_CONCURRENCY = 10
_SWAP_SECONDS = 60

console = Console()


@dataclass(frozen=True)
class Row:
    """One line of the table at the end: a client's calls to one version."""

    version: int
    steps: int
    client: str
    result: dict[str, Any]


def _program(path: str) -> Path:
    runfiles = Runfiles.Create()
    found = runfiles and runfiles.Rlocation(f"trilho/{path}")
    if not found or not Path(found).exists():
        raise click.ClickException(f"{path} is not built: bazel build //demo:mnist")
    return Path(found)


def _step(text: str) -> None:
    console.print(f"\n[bold]{text}[/bold]")


def _run(command: list[str]) -> None:
    # What Java programs are made of is among this one's runfiles; they may have none of their own.
    runfiles = Runfiles.Create()
    environment = {**os.environ, **(runfiles.EnvVars() if runfiles else {})}
    done = subprocess.run(command, check=False, env=environment)
    if done.returncode:
        raise click.ClickException(f"{' '.join(command)} ended with {done.returncode}")


def _trilho(*args: str) -> list[str]:
    # The interpreter and the path that Bazel gave this program serve the command, too.
    return [sys.executable, "-m", "trilho", *args]


def _train(steps: int, store: Path) -> None:
    logs = store / "logs" / f"{steps}-steps"
    _run(_trilho("train", "mnist", f"--steps={steps}", f"--export={store}", f"--logs={logs}"))


def _query(client: str, server: str, store: Path) -> dict[str, Any]:
    """Sends the test images with one of the clients; its own output is shown."""
    out = store / f"{client}.json"
    options = [
        f"--server={server}",
        f"--calls={_CALLS}",
        f"--concurrency={_CONCURRENCY}",
        "--api=predict",
        f"--data={mnist.default_directory()}",
        f"--json={out}",
    ]
    console.print(f"[dim]{client}:[/dim]")
    if client == "Java":
        _run([str(_program("java_client/mnist_replay")), *_split(options)])
    else:
        _run(_trilho("query", "mnist", *options))
    result: dict[str, Any] = json.loads(out.read_text())
    out.unlink()
    return result


def _split(options: list[str]) -> list[str]:
    return [word for option in options for word in option.split("=", 1)]


def _wait_for_swap(server: str, version: int) -> None:
    """Waits until only `version` is served."""
    start = time.monotonic()
    with TrilhoClient(server) as client:
        while time.monotonic() < start + _SWAP_SECONDS:
            states = {v.version: v.state for v in client.model_status("mnist")}
            if states.get(version) == "AVAILABLE" and "AVAILABLE" not in [
                state for v, state in states.items() if v != version
            ]:
                return
            time.sleep(0.05)
    raise click.ClickException(f"version {version} was not served within {_SWAP_SECONDS} s")


def _table(rows: list[Row], tally: Tally) -> Table:
    table = Table(title=f"MNIST, {_CALLS} test images, {_CONCURRENCY} calls at once")
    table.add_column("version", justify="right")
    table.add_column("trained steps", justify="right")
    table.add_column("client")
    for heading in ("calls", "failed", "error rate", "calls/s", "p99 ms"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(
            str(row.version),
            str(row.steps),
            row.client,
            str(row.result["calls"]),
            str(row.result["failed"]),
            f"{row.result['error_rate']:.1%}",
            f"{row.result['calls_per_second']:.0f}",
            f"{row.result['p99_ms']:.1f}",
        )
    versions = " + ".join(f"{n} by version {v}" for v, n in sorted(tally.by_version.items()))
    failed = len(tally.failures)
    table.caption = f"During the swap: {tally.calls} calls, {versions}, {failed} failed"
    return table


def _how_to_go_on(server: Server, store: Path) -> None:
    console.print(
        f"""
[bold]The server is up[/bold] on {server.address} (process {server.pid}, log {server.log})

  trilho query mnist --server {server.address}
  grpcurl -plaintext {server.address} list
  grpcurl -plaintext -d '{{"model_spec": {{"name": "mnist"}}}}' {server.address} \\
      tensorflow.serving.ModelService/GetModelStatus

  try (TrilhoClient client = TrilhoClient.builder("{server.address}").usePlaintext().build()) {{
    ClassifyResponse scores = client.call(MnistServiceGrpc.getClassifyMethod(), image);
  }}

  trilho train mnist --steps 5000 --export {store}    # swapped in when it is there
  kill {server.pid}
""",
        highlight=False,
        # Commands are there to be copied.
        soft_wrap=True,
    )


def _demo(store: Path, *, keep: bool) -> None:
    _step("1. Data")
    _run(_trilho("data", "mnist"))
    images = mnist.load(mnist.default_directory()).test_images
    pixels = (images.reshape(len(images), -1) / np.float32(255)).astype(np.float32)

    _step(f"2. Train {_POOR_STEPS} steps: version 1")
    _train(_POOR_STEPS, store)

    _step("3. Serve it, and ask from Java and Python")
    server = Server(
        _program("cpp_server/trilho_server"),
        base_path=store / "mnist",
        contract=_program("protos/mnist.desc"),
        log=store / "server.log",
    )
    try:
        rows = [
            Row(1, _POOR_STEPS, c, _query(c, server.address, store)) for c in ("Java", "Python")
        ]
        _step(f"4. Train {_GOOD_STEPS} steps: version 2, while calls go on")
        with BackgroundLoad(server.address, pixels) as load:
            _train(_GOOD_STEPS, store)
            _wait_for_swap(server.address, 2)
            console.print("Version 2 answers now; version 1 is unloaded.")
            # Some more calls, all for version 2.
            time.sleep(1)
        _step("5. Ask again")
        rows += [
            Row(2, _GOOD_STEPS, c, _query(c, server.address, store)) for c in ("Java", "Python")
        ]
        console.print()
        console.print(_table(rows, load.tally))
        _check(rows, load.tally)
        if keep:
            _how_to_go_on(server, store)
    except BaseException:
        server.stop()
        raise
    if not keep:
        server.stop()
        console.print("\nStopped. `./dev demo --keep` leaves the server up to play with.")


def _check(rows: list[Row], tally: Tally) -> None:
    failed = len(tally.failures) + sum(row.result["failed"] for row in rows)
    if failed:
        first = tally.failures[0] if tally.failures else "see above"
        raise click.ClickException(f"{failed} calls failed, the first: {first}")
    if set(tally.by_version) != {1, 2}:
        raise click.ClickException(f"the swap was not seen: {dict(tally.by_version)}")
    worse, better = rows[0].result["error_rate"], rows[-1].result["error_rate"]
    if better >= worse:
        raise click.ClickException(f"version 2 is no better: {better:.1%} after {worse:.1%}")


@click.command()
@click.option("--keep", is_flag=True, help="Leave the server and the models.")
@click.option(
    "--dir",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where models and logs go; a new temporary folder if not given.",
)
def main(*, keep: bool, directory: Path | None) -> None:
    """Trains, serves, swaps and queries MNIST with the built programs.

    Without --keep the server is stopped and the temporary folder removed.
    """
    store = directory or Path(tempfile.mkdtemp(prefix="trilho-demo-"))
    store.mkdir(parents=True, exist_ok=True)
    if (store / "mnist").exists():
        raise click.UsageError(f"{store} already has a model; choose another --dir")
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    try:
        _demo(store, keep=keep)
    except (TrilhoError, ServerFailedError) as error:
        raise click.ClickException(str(error)) from error
    finally:
        if not keep and directory is None:
            shutil.rmtree(store, ignore_errors=True)


if __name__ == "__main__":
    main()
