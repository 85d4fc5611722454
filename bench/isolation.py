"""What the calls of one model notice of another one that is loaded, warmed up and unloaded.

    python -m bench.isolation --megabytes 200 --rounds 5 --seconds 8

A small model is called at a constant rate, in turns while nothing else happens (quiet), while the
same server loads and unloads a large one again and again (beside), and while a second server on the
same machine does (apart). What is slower beside than apart is the server's doing, and what is
slower apart than quiet is that of a machine with too few processors for both.
"""

import argparse
import bisect
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.large_model import publish_large
from bench.models_on_server import load, unload, write_config
from bench.open_loop import HEALTH, PREDICT, Call, read
from e2e.client import Client, image_request
from e2e.models import export_mnist
from e2e.publishing import publish
from e2e.server_process import ServerProcess, cpu_seconds

SMALL, LARGE = "mnist", "large"
ARMS = ("quiet", "beside", "apart")
# What a window shows in its first moments belongs to the one before.
REST_SECONDS = 0.5
WARM_UP_RUNS = 20


@dataclass
class Window:
    """A time in which one thing was done.

    Attributes:
        arm: One of ARMS.
        begin: In seconds of the monotonic clock.
        end: Its end.
        cycles: How often the large model was loaded and unloaded.
        client_cpu: Share of one processor that the client took.
        calls: Those that were due in it.
    """

    arm: str
    begin: float
    end: float = 0
    cycles: int = 0
    client_cpu: float = 0
    calls: list[Call] = field(default_factory=list)

    def milliseconds(self, quantile: float, kind: int = PREDICT) -> float:
        """A quantile of what calls took from being sent to their answer."""
        return _quantile([c.end - c.sent for c in self.calls if c.kind == kind], quantile) * 1000

    def lateness(self, quantile: float) -> float:
        """A quantile of the milliseconds by which the client sent late."""
        return _quantile([c.sent - c.due for c in self.calls], quantile) * 1000


def pooled(windows: list[Window], arm: str) -> Window:
    """All windows of an arm as one."""
    chosen = [window for window in windows if window.arm == arm]
    return Window(
        arm,
        begin=chosen[0].begin,
        end=chosen[-1].end,
        cycles=sum(window.cycles for window in chosen),
        client_cpu=statistics.fmean(window.client_cpu for window in chosen),
        calls=[call for window in chosen for call in window.calls],
    )


def measure(
    folder: Path,
    *,
    megabytes: int,
    rounds: int,
    seconds: float,
    pause: float,
    rate: float,
    flags: list[str],
) -> list[Window]:
    """Measures windows of all arms in turns.

    Args:
        folder: Room for models.
        megabytes: How large the large model is.
        rounds: How many windows of each arm.
        seconds: How long each is at least.
        pause: Seconds from one unload to the next load.
        rate: Calls a second.
        flags: Further flags of the server.

    Returns:
        The windows.
    """
    publish(export_mnist(folder / "export"), folder / SMALL, 1)
    publish_large(folder / LARGE, megabytes=megabytes, layers=2, warm_up_runs=WARM_UP_RUNS)
    windows = []
    file = folder / "calls"
    start = [f"--model_config_file={write_config(folder, SMALL)}", *flags]
    with (
        ServerProcess(*start) as server,
        ServerProcess(*start) as other,
        Client(server.port) as client,
        Client(other.port) as other_client,
        _open_loop(server.port, folder, rate, file) as caller,
    ):
        for _ in range(rounds):
            for arm, whose in zip(ARMS, (None, client, other_client), strict=True):
                time.sleep(REST_SECONDS)
                before = cpu_seconds(caller.pid)
                window = Window(arm, time.monotonic())
                while time.monotonic() < window.begin + seconds:
                    if whose is None:
                        time.sleep(seconds)
                    else:
                        _load_and_unload(whose, folder)
                        window.cycles += 1
                        time.sleep(pause)
                window.end = time.monotonic()
                window.client_cpu = (cpu_seconds(caller.pid) - before) / (window.end - window.begin)
                windows.append(window)
    calls = sorted(read(file), key=lambda call: call.due)
    due = [call.due for call in calls]
    for window in windows:
        first, last = (bisect.bisect_left(due, t) for t in (window.begin, window.end))
        window.calls = calls[first:last]
    return windows


def report(windows: list[Window]) -> str:
    """A table of the arms and their ratios."""
    lines = [
        f"{'':8}{'calls':>8}{'failed':>8}{'cycles':>8}{'p50 ms':>9}{'p99 ms':>9}{'p99.9 ms':>9}"
        f"{'health p99':>12}{'sent late p99':>15}{'client CPU':>12}"
    ]
    for arm in ARMS:
        all_of = pooled(windows, arm)
        failed = sum(not call.is_answered for call in all_of.calls)
        lines.append(
            f"{arm:8}{len(all_of.calls):8}{failed:8}{all_of.cycles:8}"
            f"{all_of.milliseconds(0.5):9.2f}{all_of.milliseconds(0.99):9.2f}"
            f"{all_of.milliseconds(0.999):9.2f}{all_of.milliseconds(0.99, HEALTH):12.2f}"
            f"{all_of.lateness(0.99):15.2f}{all_of.client_cpu:12.0%}"
        )
    p99 = {arm: [w.milliseconds(0.99) for w in windows if w.arm == arm] for arm in ARMS}
    for above, below in (("beside", "quiet"), ("apart", "quiet"), ("beside", "apart")):
        ratios = [a / b for a, b in zip(p99[above], p99[below], strict=True)]
        whole = pooled(windows, above).milliseconds(0.99) / pooled(windows, below).milliseconds(
            0.99
        )
        each = ", ".join(f"{ratio:.2f}" for ratio in ratios)
        lines.append(
            f"p99 {above} / {below}: {whole:.2f}; round by round {each}; "
            f"median {statistics.median(ratios):.2f}"
        )
    return "\n".join(lines)


@contextmanager
def _open_loop(
    port: int, folder: Path, rate: float, out: Path
) -> Iterator[subprocess.Popen[bytes]]:
    request = folder / "request"
    request.write_bytes(image_request().SerializeToString())
    program = str(Path(__file__).with_name("open_loop.py"))
    words = [f"127.0.0.1:{port}", str(request), str(rate), str(rate / 4), str(out)]
    with subprocess.Popen(
        [sys.executable, program, *words],
        stdin=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as caller:
        # What a connection costs, and the first runs.
        time.sleep(2)
        yield caller
        assert caller.stdin
        caller.stdin.close()
        assert caller.wait() == 0


def _load_and_unload(client: Client, folder: Path) -> None:
    load(client, folder, kept=SMALL, model=LARGE)
    unload(client, folder, kept=SMALL, model=LARGE)


def _quantile(values: list[float], quantile: float) -> float:
    return sorted(values)[int(quantile * len(values))] if values else 0


def main(arguments: list[str]) -> None:
    """Measures and prints.

    Args:
        arguments: The command line.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--pause", type=float, default=0, help="seconds between two loads")
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("flags", nargs="*", help="of the server, behind --")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="trilho-isolation-") as name:
        windows = measure(
            Path(name),
            megabytes=options.megabytes,
            rounds=options.rounds,
            seconds=options.seconds,
            pause=options.pause,
            rate=options.rate,
            flags=options.flags,
        )
    print(f"{options.megabytes} MB beside {options.rate:g} calls a second on {os.cpu_count()} CPUs")
    print(report(windows))
    print("load of the machine", *(f"{average:.1f}" for average in os.getloadavg()))


if __name__ == "__main__":
    main(sys.argv[1:])
