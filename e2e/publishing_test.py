"""What is published badly is refused with its reason, and the good version goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from e2e.client import AVAILABLE, END, Client, error_of, image_request, scores
from e2e.models import Export
from e2e.publishing import MANIFEST, manifest_of, publish, remove, write_manifest
from e2e.server_process import ServerProcess

# google.rpc.Code, as ModelVersionStatus.status has it.
NOT_FOUND = 5
OUT_OF_RANGE = 11
DATA_LOSS = 15

GRAPH = "saved_model.pb"
INDEX = "variables/variables.index"

FLAGS = ("--file_system_poll_wait_seconds=0.1", "--max_num_load_retries=0")


@contextmanager
def serving(base: Path) -> Iterator[tuple[ServerProcess, Client]]:
    flags = ["--model_name=mnist", f"--model_base_path={base}", *FLAGS]
    with ServerProcess(*flags) as server, Client(server.port) as client:
        yield server, client


def assert_answers(client: Client, version: int) -> None:
    answer = client.predict(image_request())
    assert answer.model_spec.version.value == version
    assert list(answer.outputs["value"].float_val) == pytest.approx(scores(version)[0])


def assert_refused(
    server: ServerProcess, client: Client, folder: Path, code: int, *texts: str
) -> None:
    """Version 2 has ended with a reason that the log has too, and version 1 answers."""
    status = client.wait_for_status(
        "mnist", 2, lambda s: s.state == END and s.status.error_code == code
    ).status
    for text in (str(folder), *texts):
        assert text in status.error_message
    # A log line has no breaks.
    server.wait_for_log(status.error_message.replace("\n", " ").strip())
    errors = [line for line in server.log().splitlines() if line.startswith("E ")]
    assert len(errors) == 1
    assert "model mnist version 2: END:" in errors[0]
    assert status.error_message.splitlines()[0] in errors[0]
    assert client.status("mnist")[1].state == AVAILABLE
    assert_answers(client, 1)


def wrong_checksum(manifest: dict[str, Any]) -> str:
    entry = entry_of(manifest, INDEX)
    found = entry["sha256"]
    entry["sha256"] = "0" * 64
    return f"/{INDEX}: expected SHA-256 {'0' * 64} by the manifest, found {found}"


def wrong_size(manifest: dict[str, Any]) -> str:
    entry = entry_of(manifest, INDEX)
    found = int(entry["size"])
    entry["size"] = str(found + 1)
    return f"/{INDEX}: expected {found + 1} bytes by the manifest, found {found}"


def missing_file(manifest: dict[str, Any]) -> str:
    manifest["files"].append({"path": "assets/digits.txt", "size": "3", "sha256": "0" * 64})
    return "/assets/digits.txt: expected 3 bytes by the manifest, found no such file"


def no_files(manifest: dict[str, Any]) -> str:
    manifest["files"] = []
    return f"/{MANIFEST} lists no files"


def entry_of(manifest: dict[str, Any], path: str) -> dict[str, Any]:
    files: list[dict[str, Any]] = manifest["files"]
    (entry,) = [entry for entry in files if entry["path"] == path]
    return entry


@pytest.mark.parametrize("spoil", [wrong_checksum, wrong_size, missing_file, no_files])
def test_a_version_that_is_not_what_its_manifest_says_is_refused_with_the_reason(
    mnist: Export, base: Path, tmp_path: Path, spoil: Any
) -> None:
    publish(mnist, base, 1)
    mnist.write(tmp_path / "aside", 2)
    manifest = manifest_of(tmp_path / "aside", "mnist")
    reason = spoil(manifest)
    with serving(base) as (server, client):
        folder = publish(mnist, base, 2, manifest=manifest)
        assert_refused(server, client, folder, DATA_LOSS, f"{folder}{reason}")


def test_a_refused_version_is_served_once_its_files_are_put_right(
    mnist: Export, base: Path
) -> None:
    publish(mnist, base, 1)
    with serving(base) as (server, client):
        folder = publish(mnist, base, 2)
        client.wait_until("mnist", 2, AVAILABLE)
        spoiled = publish(mnist, base, 3, manifest=manifest_of(folder, "mnist"))
        client.wait_for_status("mnist", 3, lambda s: s.status.error_code == DATA_LOSS)
        assert_answers(client, 2)
        write_manifest(spoiled, manifest_of(spoiled, "mnist"))
        client.wait_until("mnist", 3, AVAILABLE)
        assert_answers(client, 3)
        server.wait_for_log("model mnist version 3: AVAILABLE")


def test_a_manifest_that_is_no_json_is_refused_with_the_reason(mnist: Export, base: Path) -> None:
    publish(mnist, base, 1)
    with serving(base) as (server, client):
        aside = base / ".tmp-2"
        mnist.write(aside, 2)
        (aside / MANIFEST).write_text('{"format": 1, "files": [', encoding="utf-8")
        folder = aside.rename(base / "2")
        assert_refused(server, client, folder, DATA_LOSS, f"{folder}/{MANIFEST} does not parse")


@pytest.mark.parametrize(
    ("file", "content", "code", "reason"),
    [
        (GRAPH, b"no model", OUT_OF_RANGE, "Read less bytes than requested"),
        (GRAPH, b"", NOT_FOUND, "Could not find meta graph def matching supplied tags: { serve }."),
        (INDEX, b"no index", DATA_LOSS, "file is too short to be an sstable"),
    ],
)
def test_a_saved_model_that_does_not_load_is_reported_with_the_reason(
    mnist: Export, base: Path, file: str, content: bytes, code: int, reason: str
) -> None:
    publish(mnist, base, 1)
    with serving(base) as (server, client):
        aside = base / ".tmp-2"
        mnist.write(aside, 2)
        (aside / file).write_bytes(content)
        write_manifest(aside, manifest_of(aside, "mnist"))
        folder = aside.rename(base / "2")
        assert_refused(server, client, folder, code, f"cannot load {folder}: {reason}")


def test_what_is_written_aside_is_no_version(mnist: Export, base: Path) -> None:
    publish(mnist, base, 1)
    with serving(base) as (_, client):
        mnist.write(base / ".tmp-9", 9)
        mnist.write(base / "next", 9)
        # Seen after those two: whoever looked for it has looked at them.
        publish(mnist, base, 2)
        client.wait_until("mnist", 2, AVAILABLE)
        assert set(client.status("mnist")) == {1, 2}


def test_the_newest_version_is_rolled_back_by_removing_it(mnist: Export, base: Path) -> None:
    publish(mnist, base, 1)
    publish(mnist, base, 2)
    with serving(base) as (_, client):
        assert_answers(client, 2)
        remove(base / "2")
        client.wait_until("mnist", 1, AVAILABLE)
        client.wait_until("mnist", 2, END)
        assert_answers(client, 1)
        publish(mnist, base, 2)
        client.wait_until("mnist", 2, AVAILABLE)
        assert_answers(client, 2)


def test_a_model_whose_versions_are_all_removed_is_not_found(mnist: Export, base: Path) -> None:
    publish(mnist, base, 1)
    with serving(base) as (_, client):
        assert_answers(client, 1)
        remove(base / "1")
        client.wait_until("mnist", 1, END)
        code, text = error_of(lambda: client.predict(image_request()))
        assert (code.name, text) == (
            "NOT_FOUND",
            "Servable not found for request: Latest(mnist)",
        )


def test_at_a_fresh_start_the_version_before_stands_in_for_one_that_does_not_load(
    mnist: Export, base: Path
) -> None:
    publish(mnist, base, 1)
    mnist.write(base / ".broken", 2)
    (base / ".broken" / GRAPH).write_bytes(b"no graph")
    write_manifest(base / ".broken", manifest_of(base / ".broken", "mnist"))
    (base / ".broken").rename(base / "2")
    with serving(base) as (server, client):
        # There is no moment at which it has started and does not answer.
        assert_answers(client, 1)
        status = client.status("mnist")
        assert status[2].state == END
        assert str(base / "2") in status[2].status.error_message
        stands_in = "model mnist version 1: loaded in place of version 2, which does not load"
        assert stands_in in server.log()
        publish(mnist, base, 3)
        client.wait_until("mnist", 3, AVAILABLE)
        client.wait_until("mnist", 1, END)
        assert_answers(client, 3)
