"""A server that has swapped versions all day is no larger than in the morning."""

from pathlib import Path

import pytest

from e2e.client import AVAILABLE, END, Client, image_request, scores
from e2e.models import export_mnist
from e2e.publishing import publish, remove
from e2e.server_process import ServerProcess
from e2e.waiting import wait_for

WEIGHT_BYTES = 20_000_000
FEW_SWAPS = 5
MANY_SWAPS = 50
ALLOWED_GROWTH = 0.15

LARGE_BYTES = 200_000_000
LARGE_VARIABLES = 50
LARGE_LOADS = 3

# Memory is given back behind the last answer; it is at rest when so many looks see the same.
LOOKS = 10
NOISE_BYTES = 1_000_000


def settled_rss(server: ServerProcess) -> int:
    seen: list[int] = []

    def at_rest() -> bool:
        seen.append(server.rss_bytes())
        last = seen[-LOOKS:]
        return len(last) == LOOKS and max(last) - min(last) < NOISE_BYTES

    wait_for("the memory to settle", at_rest)
    return seen[-1]


def test_memory_of_an_unloaded_model_comes_back(tmp_path: Path) -> None:
    # Tensors of which no allocator takes each from the system by itself.
    large = export_mnist(
        tmp_path / "large-export", weight_bytes=LARGE_BYTES, variables=LARGE_VARIABLES
    )
    publish(export_mnist(tmp_path / "export"), tmp_path / "mnist", 1)
    with (
        ServerProcess(
            "--model_name=mnist",
            f"--model_base_path={tmp_path / 'mnist'}",
            "--file_system_poll_wait_seconds=0.05",
        ) as server,
        Client(server.port) as client,
    ):
        client.predict(image_request())
        before = settled_rss(server)
        for version in range(1, LARGE_LOADS + 1):
            publish(large, tmp_path / "large", version)
            client.serve_only(mnist=tmp_path / "mnist", large=tmp_path / "large")
            client.wait_until("large", version, AVAILABLE)
            loaded = server.rss_bytes()
            client.serve_only(mnist=tmp_path / "mnist")
            client.wait_until("large", version, END)
        after = settled_rss(server)
    print(
        f"\nresident before {before / 2**20:.1f} MiB, with {LARGE_BYTES / 2**20:.1f} MiB of "
        f"weights {loaded / 2**20:.1f} MiB, without them again {after / 2**20:.1f} MiB"
    )
    assert loaded > before + 0.8 * LARGE_BYTES
    assert after <= before * (1 + ALLOWED_GROWTH)


def test_memory_after_many_swaps_is_that_after_few(tmp_path: Path) -> None:
    export = export_mnist(tmp_path / "export", weight_bytes=WEIGHT_BYTES)
    base = tmp_path / "mnist"
    publish(export, base, 1)
    few = 0
    with (
        ServerProcess(
            "--model_name=mnist",
            f"--model_base_path={base}",
            "--file_system_poll_wait_seconds=0.05",
        ) as server,
        Client(server.port) as client,
    ):
        for swap in range(1, MANY_SWAPS + 1):
            publish(export, base, swap + 1)
            client.wait_until("mnist", swap + 1, AVAILABLE)
            answer = client.predict(image_request())
            assert list(answer.outputs["value"].float_val) == pytest.approx(scores(swap + 1)[0])
            client.wait_until("mnist", swap, END)
            remove(base / str(swap))
            if swap == FEW_SWAPS:
                few = settled_rss(server)
        many = settled_rss(server)
    print(
        f"\nresident after {FEW_SWAPS} swaps {few / 2**20:.1f} MiB, "
        f"after {MANY_SWAPS} swaps {many / 2**20:.1f} MiB"
    )
    assert many <= few * (1 + ALLOWED_GROWTH)
