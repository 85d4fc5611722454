"""A server under everything at once, for as long as one likes.

    python -m e2e.soak --seconds 600

Three models are called by gRPC and by REST, over TLS and with batching. Meanwhile versions are
swapped, broken ones are published, models come and go, certificates change, clients make mistakes,
cancel, hang up and are killed. Every call must get its answer or its own error; memory, threads
and open files must be those of the end of the first third.
"""

import argparse
import random
import re
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import requests

from e2e.models import Export, export_half_plus_two, export_mnist, export_spin
from e2e.server_process import ServerProcess
from e2e.soak_calls import Caller, Ledger, SecureClient, Target, call_until
from e2e.soak_changes import Certificates, Models, change_until
from e2e.waiting import PATIENCE_SECONDS, wait_for

__all__ = ["Report", "soak"]

SEED = 20261123
# The first third warms up: pools grow, TensorFlow fills its caches.
WARM_UP_SHARE = 1 / 3
ALLOWED_GROWTH = 0.1
# Resident memory is not exact: allocators keep what they may need again.
ALLOWED_GROWTH_BYTES = 24_000_000
# Between what was busy and what is: a thread that ends, a connection that is being closed.
ALLOWED_MORE = 3
SAMPLE_SECONDS = 0.5
# Nothing moves any more when so many looks see the same.
LOOKS = 10


@dataclass(frozen=True, slots=True)
class Sample:
    """The process at one time.

    Attributes:
        seconds: Since the calls began.
        rss_bytes: Memory.
        threads: How many it has.
        files: Open descriptors.
    """

    seconds: float
    rss_bytes: int
    threads: int
    files: int

    def __str__(self) -> str:
        mib = self.rss_bytes / 2**20
        return f"{self.seconds:7.0f} s {mib:8.1f} MiB {self.threads:5} threads {self.files:5} files"


@dataclass
class Report:
    """What a soak has shown.

    Attributes:
        ledger: What came of calls and changes.
        samples: The process under load, after the warm-up.
        quiet: The process without load: before it, after the warm-up, at the end.
        in_flight: Requests that the server still counted as running in the end.
        cpu_seconds: What the server computed.
    """

    ledger: Ledger = field(default_factory=Ledger)
    samples: list[Sample] = field(default_factory=list)
    quiet: list[Sample] = field(default_factory=list)
    in_flight: float = -1
    cpu_seconds: float = 0

    def problems(self) -> list[str]:
        """What is not as it should be."""
        found = [f"{kind}: {n} failed" for kind, n in self.ledger.failed.items()]
        found += self.ledger.failures
        _, warm, end = self.quiet
        limit = max(warm.rss_bytes * (1 + ALLOWED_GROWTH), warm.rss_bytes + ALLOWED_GROWTH_BYTES)
        if end.rss_bytes > limit:
            found.append(f"memory grew from {warm} to {end}")
        for what in ("threads", "files"):
            if getattr(end, what) > getattr(warm, what) + ALLOWED_MORE:
                found.append(f"{what} grew from {warm} to {end}")
        if self.in_flight:
            found.append(f"{self.in_flight:g} requests are in flight in the end")
        return found

    def slope(self) -> float:
        """Bytes of memory a minute under load, after the warm-up: least squares."""
        times = [sample.seconds / 60 for sample in self.samples]
        sizes = [float(sample.rss_bytes) for sample in self.samples]
        time_mean, size_mean = sum(times) / len(times), sum(sizes) / len(sizes)
        spread = sum((t - time_mean) ** 2 for t in times)
        pairs = zip(times, sizes, strict=True)
        return sum((t - time_mean) * (s - size_mean) for t, s in pairs) / spread

    def __str__(self) -> str:
        counts = sorted(self.ledger.done.items())
        lines = [f"{kind:24} {number:8}" for kind, number in counts]
        lines.append(f"{'unexpected':24} {sum(self.ledger.failed.values()):8}")
        lines += [f"without load  {sample}" for sample in self.quiet]
        step = max(1, len(self.samples) // 10)
        lines += [f"under load    {sample}" for sample in self.samples[::step]]
        lines.append(f"slope under load {self.slope() / 2**20:+.2f} MiB a minute")
        lines.append(f"the server computed {self.cpu_seconds:.0f} s")
        return "\n".join(lines)


def soak(folder: Path, exports: dict[str, Export], seconds: float) -> Report:
    """Runs a server under everything at once.

    Args:
        folder: Room for its files.
        exports: The models mnist, half_plus_two and spin.
        seconds: How long.

    Returns:
        What it has shown.

    Raises:
        AssertionError: The server did not end with 0.
    """
    report = Report()
    models, certificates = Models(folder, exports), Certificates(folder)
    with ServerProcess(
        f"--model_config_file={models.config}",
        f"--config_state_file={folder}/state",
        f"--ssl_config_file={certificates.config}",
        f"--rest_api_ssl_config_file={certificates.config}",
        "--rest_api_port=-1",
        "--enable_batching",
        "--file_system_poll_wait_seconds=0.05",
        "--max_num_load_retries=0",
    ) as server:
        target = Target(server.port, server.http_port(), certificates.all)
        began = time.monotonic()
        report.quiet.append(_quiet(server, target, began))
        for share, samples in ((WARM_UP_SHARE, []), (1 - WARM_UP_SHARE, report.samples)):
            load = _Load(target, models, certificates, report.ledger, folder)
            _watch(server, began, seconds * share, samples)
            load.stop()
            report.quiet.append(_quiet(server, target, began))
        report.in_flight = _in_flight(target)
        report.cpu_seconds = server.cpu_seconds()
    return report


class _Load:
    """All clients and all that changes, on threads, from now on."""

    def __init__(
        self,
        target: Target,
        models: Models,
        certificates: Certificates,
        ledger: Ledger,
        folder: Path,
    ) -> None:
        self._stop = threading.Event()
        chance = random.Random(SEED)  # noqa: S311  choices, not secrets

        def swap(client: SecureClient) -> str:
            return models.swap(client, ledger, chance)

        def reload(client: SecureClient) -> str:
            models.reload(client)
            return "reloaded"

        def rotate(_: SecureClient) -> str:
            certificates.rotate()
            return "certificate_changed"

        self._threads = [
            threading.Thread(target=change_until, args=[self._stop, target, change, ledger, pause])
            for change, pause in ((swap, 0.05), (reload, 0.2), (rotate, 3.0))
        ]
        for kind, clients, pause in (("good", 5, 0.0), ("bad", 1, 0.02), ("broken_off", 2, 0.1)):
            for _ in range(clients):
                caller = Caller(target, ledger, random.Random(chance.random()), folder)  # noqa: S311
                args = (self._stop, caller, getattr(caller, kind), ledger, pause)
                self._threads.append(threading.Thread(target=call_until, args=args))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Waits for the end of what has begun."""
        self._stop.set()
        for thread in self._threads:
            thread.join()


def _sample(server: ServerProcess, began: float) -> Sample:
    process = Path(f"/proc/{server.process.pid}")
    return Sample(
        seconds=time.monotonic() - began,
        rss_bytes=server.rss_bytes(),
        threads=sum(1 for _ in (process / "task").iterdir()),
        files=sum(1 for _ in (process / "fd").iterdir()),
    )


def _watch(server: ServerProcess, began: float, seconds: float, samples: list[Sample]) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(SAMPLE_SECONDS)
        assert server.is_running()
        samples.append(_sample(server, began))


def _quiet(server: ServerProcess, target: Target, began: float) -> Sample:
    """Waits until nothing runs and nothing is being closed any more."""
    wait_for("calls to end", lambda: _in_flight(target) == 0)
    seen: list[Sample] = []

    def at_rest() -> bool:
        seen.append(_sample(server, began))
        time.sleep(SAMPLE_SECONDS / LOOKS)
        last = seen[-LOOKS:]
        return len(last) == LOOKS and all(
            (a.threads, a.files) == (b.threads, b.files) for a, b in pairwise(last)
        )

    wait_for("threads and files to settle", at_rest)
    return seen[-1]


def _in_flight(target: Target) -> float:
    text = requests.get(
        f"{target.url}/metrics", verify=str(target.certificates), timeout=PATIENCE_SECONDS
    ).text
    found = re.findall(r"^trilho_requests_in_flight(?:{.*})? (\S+)$", text, re.MULTILINE)
    assert found
    return sum(float(number) for number in found)


def main(arguments: list[str]) -> int:
    """Runs a soak and prints what it has shown.

    Args:
        arguments: The command line.

    Returns:
        0 if nothing was wrong.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=600)
    seconds = parser.parse_args(arguments).seconds
    with tempfile.TemporaryDirectory(prefix="trilho-soak-") as name:
        folder = Path(name)
        exports = {
            "mnist": export_mnist(folder / "export" / "mnist"),
            "half_plus_two": export_half_plus_two(folder / "export" / "half_plus_two"),
            "spin": export_spin(folder / "export" / "spin"),
        }
        report = soak(folder / "models", exports, seconds)
    print(report)
    problems = report.problems()
    print("\n".join(problems) or "nothing was wrong")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
