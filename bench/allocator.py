"""What an allocator keeps of a model that was unloaded, and what it costs a call.

    python -m bench.allocator --megabytes 200 --cycles 10 --rounds 6

Servers with different allocators load and unload a large model, then answer the calls of a small
one in turns. Debian's packages: libjemalloc2, libtcmalloc-minimal4; those not installed are left
out.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from bench.large_model import publish_large
from bench.models_on_server import load, unload, write_config
from e2e.client import Client
from e2e.load import Load
from e2e.models import export_mnist
from e2e.publishing import publish
from e2e.server_process import ServerProcess

SMALL, LARGE = "mnist", "large"
LIBRARIES = Path("/usr/lib/x86_64-linux-gnu")
_JEMALLOC = {"LD_PRELOAD": f"{LIBRARIES}/libjemalloc.so.2"}
_TCMALLOC = {"LD_PRELOAD": f"{LIBRARIES}/libtcmalloc_minimal.so.4"}
# With oneDNN TensorFlow has a pool of its own above the allocator, which keeps what it ever had;
# the server leaves it out where the environment does not ask for it.
_POOL = {"TF_ONEDNN_USE_SYSTEM_ALLOCATOR": "0"}
_NO_POOL = {"TF_ONEDNN_USE_SYSTEM_ALLOCATOR": "1"}
# glibc's own number: eight for each processor.
_MANY = {"MALLOC_ARENA_MAX": str(8 * (os.cpu_count() or 1))}
# Environments of servers. The first is the server by itself: no pool, two arenas, and malloc_trim
# when a version is unloaded.
ALLOCATORS = {
    "as it is": {},
    "glibc": _POOL | _MANY,
    "jemalloc": _POOL | _JEMALLOC,
    "glibc, no pool": _NO_POOL | _MANY,
    "glibc, no pool, 1 arena": _NO_POOL | {"MALLOC_ARENA_MAX": "1"},
    "jemalloc, no pool": _NO_POOL | _JEMALLOC,
    "tcmalloc, no pool": _NO_POOL | _TCMALLOC,
}
# Allocators that give back behind the end do so in this time, by their defaults.
DECAY_SECONDS = 12
# Many, so that no allocator takes each from the kernel by itself.
LAYERS = 50
CALLERS = 4


@dataclass
class Outcome:
    """What came of a server.

    Attributes:
        server: The server, running.
        start: Bytes resident before the large model was loaded first.
        loaded: While it was loaded, the last time.
        unloaded: After each time that it was unloaded, at once.
        rested: DECAY_SECONDS after the last one.
        rates: Calls a second of the small model, by round.
        costs: Microseconds of processor time that each took the server, by round.
    """

    server: ServerProcess
    start: int
    loaded: int = 0
    unloaded: list[int] = field(default_factory=list)
    rested: int = 0
    rates: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)


def measure(
    folder: Path, *, megabytes: int, cycles: int, rounds: int, seconds: float
) -> dict[str, Outcome]:
    """Measures memory, one server after another, and then calls, all in turns.

    Args:
        folder: Room for models.
        megabytes: How large the large model is.
        cycles: How often it is loaded and unloaded.
        rounds: How often each server's turn comes.
        seconds: How long that is.

    Returns:
        What came of each, by name.
    """
    publish(export_mnist(folder / "export"), folder / SMALL, 1)
    publish_large(folder / LARGE, megabytes=megabytes, layers=LAYERS, warm_up_runs=1)
    config = write_config(folder, SMALL)
    outcomes: dict[str, Outcome] = {}
    with ExitStack() as servers:
        for name, environment in ALLOCATORS.items():
            if not Path(environment.get("LD_PRELOAD", "/")).exists():
                continue
            with mock.patch.dict(os.environ, environment):
                server = servers.enter_context(ServerProcess(f"--model_config_file={config}"))
            outcomes[name] = Outcome(server, server.rss_bytes())
            _load_and_unload(outcomes[name], folder, cycles)
        for turn in range(rounds):
            names = list(outcomes)
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                _call(outcomes[name], seconds)
    return outcomes


def _load_and_unload(outcome: Outcome, folder: Path, cycles: int) -> None:
    with Client(outcome.server.port) as client:
        for _ in range(cycles):
            load(client, folder, kept=SMALL, model=LARGE)
            outcome.loaded = outcome.server.rss_bytes()
            unload(client, folder, kept=SMALL, model=LARGE)
            outcome.unloaded.append(outcome.server.rss_bytes())
    time.sleep(DECAY_SECONDS)
    outcome.rested = outcome.server.rss_bytes()


def _call(outcome: Outcome, seconds: float) -> None:
    before, begin = outcome.server.cpu_seconds(), time.monotonic()
    with Load(outcome.server.port, threads=CALLERS) as calls:
        time.sleep(seconds)
    assert calls.failed() == []
    made = len(calls.calls)
    outcome.rates.append(made / (time.monotonic() - begin))
    outcome.costs.append((outcome.server.cpu_seconds() - before) / made * 1e6)


def report(outcomes: dict[str, Outcome]) -> str:
    """A table; ratios are to the first allocator in the same round, their median."""
    first = next(iter(outcomes.values()))
    lines = [
        f"{'MiB resident':26}{'start':>8}{'loaded':>8}{'unloaded 1':>12}{'the last':>10}"
        f"{'most':>8}{f'{DECAY_SECONDS} s later':>12}"
    ]
    for name, o in outcomes.items():
        numbers = (o.start, o.loaded, o.unloaded[0], o.unloaded[-1], max(o.unloaded), o.rested)
        widths = (8, 8, 12, 10, 8, 12)
        cells = (f"{n / 2**20:{w}.0f}" for n, w in zip(numbers, widths, strict=True))
        lines.append(f"{name:26}" + "".join(cells))
    lines.append(f"{'calls':26}{'calls/s':>8}{'ratio':>8}{'CPU us/call':>13}{'ratio':>8}")
    for name, o in outcomes.items():
        rate, cost = (
            statistics.median(a / b for a, b in zip(mine, its, strict=True))
            for mine, its in ((o.rates, first.rates), (o.costs, first.costs))
        )
        lines.append(
            f"{name:26}{statistics.median(o.rates):8.0f}{rate:8.2f}"
            f"{statistics.median(o.costs):13.0f}{cost:8.2f}"
        )
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    """Measures and prints.

    Args:
        arguments: The command line.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--cycles", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=4)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="trilho-allocator-") as name:
        outcomes = measure(Path(name), **vars(options))
    print(report(outcomes))
    print("load of the machine", *(f"{average:.1f}" for average in os.getloadavg()))


if __name__ == "__main__":
    main(sys.argv[1:])
