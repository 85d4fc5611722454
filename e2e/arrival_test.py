"""Versions and whole models that come slowly, late, or side by side."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from e2e.client import (
    AVAILABLE,
    END,
    NOT_SERVING,
    SERVING,
    Client,
    error_of,
    image_request,
    predict_request,
    scores,
)
from e2e.models import Export
from e2e.publishing import manifest_of, publish, remove, write_manifest
from e2e.server_process import ServerProcess
from e2e.waiting import wait_for

# google.rpc.Code, as ModelVersionStatus.status has it.
UNAVAILABLE = 14
DATA_LOSS = 15

# A file that is written in no manifest's company arrives in so many parts.
PARTS = 20
SECONDS_BETWEEN_PARTS = 0.05

POLLING = "--file_system_poll_wait_seconds=0.1"
# Longer than any pause that the scheduler makes between two parts.
PATIENT_POLLING = "--file_system_poll_wait_seconds=1"


def assert_answers(client: Client, version: int, model: str = "mnist") -> None:
    answer = client.predict(image_request(model=model))
    assert answer.model_spec.version.value == version
    assert list(answer.outputs["value"].float_val) == pytest.approx(scores(version)[0])


def assert_half_plus_two(client: Client, version: int) -> None:
    answer = client.predict(predict_request("half_plus_two", x=[2.0, 4.0]))
    assert list(answer.outputs["y"].float_val) == [3.0, 4.0]
    assert list(answer.outputs["version"].float_val) == [float(version)]


@contextmanager
def written_slowly(export: Export, folder: Path, version: int) -> Iterator[threading.Event]:
    """Writes a version's files in many parts; the event tells when the last one begins."""
    last_part = threading.Event()

    def write() -> None:
        files = export.files()
        for file in files:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            content = export.content(file, version)
            size = len(content) // PARTS + 1
            with (folder / file).open("wb", buffering=0) as out:
                for start in range(0, len(content), size):
                    if file == files[-1] and start + size >= len(content):
                        last_part.set()
                    out.write(content[start : start + size])
                    time.sleep(SECONDS_BETWEEN_PARTS)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield last_part
    finally:
        writer.join()


def test_a_version_without_a_manifest_is_not_touched_while_it_still_changes(
    mnist: Export, base: Path
) -> None:
    publish(mnist, base, 1)
    with (
        ServerProcess("--model_name=mnist", f"--model_base_path={base}", PATIENT_POLLING) as server,
        Client(server.port) as client,
        written_slowly(mnist, base / "2", 2) as last_part,
    ):
        reasons = set()
        while not last_part.is_set():
            status = client.status("mnist").get(2)
            # A look that began before the last part says nothing about what came after it.
            if status and not last_part.is_set():
                assert (status.state, status.status.error_code) == (END, UNAVAILABLE)
                reasons.add(status.status.error_message)
            assert_answers(client, 1)
        assert any("holds a graph with variables, but no" in reason for reason in reasons)
        client.wait_until("mnist", 2, AVAILABLE)
        assert_answers(client, 2)
        # Nobody tried it too early.
        assert server.log().count("model mnist version 2: LOADING") == 1


def test_a_copy_that_stops_before_the_variables_does_not_take_the_place_of_a_good_version(
    mnist: Export, base: Path
) -> None:
    publish(mnist, base, 1)
    with (
        ServerProcess("--model_name=mnist", f"--model_base_path={base}", POLLING) as server,
        Client(server.port) as client,
    ):
        folder = base / "2"
        (folder / "variables").mkdir(parents=True)
        for file in mnist.files():
            if file.parent.name != "variables":
                (folder / file).write_bytes(mnist.content(file, 2))
        client.wait_for_status(
            "mnist", 2, lambda s: s.state == AVAILABLE or "still changes" not in str(s.status)
        )
        assert_answers(client, 1)
        for file in mnist.files():
            (folder / file).write_bytes(mnist.content(file, 2))
        client.wait_until("mnist", 2, AVAILABLE)
        assert_answers(client, 2)


def test_a_version_with_a_manifest_is_loaded_when_the_last_byte_is_there(
    mnist: Export, base: Path, tmp_path: Path
) -> None:
    publish(mnist, base, 1)
    mnist.write(tmp_path / "aside", 2)
    manifest = manifest_of(tmp_path / "aside", "mnist")
    with (
        ServerProcess("--model_name=mnist", f"--model_base_path={base}", POLLING) as server,
        Client(server.port) as client,
    ):
        folder = base / "2"
        (folder / "variables").mkdir(parents=True)
        write_manifest(folder, manifest)
        for file in mnist.files():
            content = mnist.content(file, 2)
            with (folder / file).open("wb") as out:
                for part in (content[:-1], content[-1:]):
                    # However long the writer stands still, the version is known and not loaded.
                    status = client.wait_for_status(
                        "mnist", 2, lambda s: s.status.error_code == DATA_LOSS
                    )
                    assert status.state == END
                    assert f"{folder}/" in status.status.error_message
                    assert_answers(client, 1)
                    out.write(part)
                    out.flush()
        client.wait_until("mnist", 2, AVAILABLE)
        assert_answers(client, 2)


@pytest.fixture
def two_models(tmp_path: Path) -> Path:
    """A config file for mnist, of which every version is served, and half_plus_two."""
    config = tmp_path / "models.config"
    config.write_text(
        f"""
        model_config_list {{
          config {{
            name: "mnist" base_path: "{tmp_path}/mnist" model_platform: "tensorflow"
            model_version_policy {{ all {{}} }}
          }}
          config {{
            name: "half_plus_two" base_path: "{tmp_path}/half_plus_two"
            model_platform: "tensorflow"
          }}
        }}
        """,
        encoding="utf-8",
    )
    return config


def test_two_models_are_served_side_by_side(
    mnist: Export, half_plus_two: Export, base: Path, tmp_path: Path, two_models: Path
) -> None:
    publish(mnist, base, 1)
    publish(half_plus_two, tmp_path / "half_plus_two", 7)
    with (
        ServerProcess(f"--model_config_file={two_models}", POLLING) as server,
        Client(server.port) as client,
    ):
        assert_answers(client, 1)
        assert_half_plus_two(client, 7)
        publish(half_plus_two, tmp_path / "half_plus_two", 8)
        client.wait_until("half_plus_two", 7, END)
        assert_half_plus_two(client, 8)
        assert set(client.status("mnist")) == {1}


def test_a_model_whose_folder_comes_later_is_served_without_a_restart(
    mnist: Export, half_plus_two: Export, base: Path, tmp_path: Path, two_models: Path
) -> None:
    publish(half_plus_two, tmp_path / "half_plus_two", 1)
    with (
        ServerProcess(f"--model_config_file={two_models}", POLLING) as server,
        Client(server.port) as client,
    ):
        # A model of the start is missing, which is nothing to the other one.
        assert client.health() == NOT_SERVING
        assert client.health("mnist") == NOT_SERVING
        assert client.health("half_plus_two") == SERVING
        assert_half_plus_two(client, 1)
        server.wait_for_log(f"model mnist: NOT_FOUND: Cannot list {base}")
        code, text = error_of(lambda: client.predict(image_request()))
        assert (code.name, text) == (
            "NOT_FOUND",
            "Servable not found for request: Latest(mnist)",
        )
        # What is missing holds up nothing of what is there.
        publish(half_plus_two, tmp_path / "half_plus_two", 2)
        client.wait_until("half_plus_two", 1, END)
        assert_half_plus_two(client, 2)
        publish(mnist, base, 1)
        client.wait_until("mnist", 1, AVAILABLE)
        wait_for("the server to be ready", lambda: client.health() == SERVING)
        assert client.health("mnist") == SERVING
        assert_answers(client, 1)
        assert_half_plus_two(client, 2)


def test_a_version_that_is_removed_is_unloaded_and_the_others_stay(
    mnist: Export, half_plus_two: Export, base: Path, tmp_path: Path, two_models: Path
) -> None:
    publish(half_plus_two, tmp_path / "half_plus_two", 1)
    for version in (1, 2, 3):
        publish(mnist, base, version)
    with (
        ServerProcess(f"--model_config_file={two_models}", POLLING) as server,
        Client(server.port) as client,
    ):
        for version in (1, 2, 3):
            assert client.predict(at(version)).model_spec.version.value == version
        remove(base / "2")
        client.wait_until("mnist", 2, END)
        code, text = error_of(lambda: client.predict(at(2)))
        assert (code.name, text) == (
            "NOT_FOUND",
            "Servable not found for request: Specific(mnist, 2)",
        )
        for version in (1, 3):
            answer = client.predict(at(version))
            assert list(answer.outputs["value"].float_val) == pytest.approx(scores(version)[0])


@pytest.mark.parametrize(
    ("policy", "first", "then"),
    [
        ("latest { num_versions: 2 }", {2, 3}, {3, 4}),
        ("specific { versions: 1 versions: 3 versions: 4 }", {1, 3}, {1, 3, 4}),
        ("all {}", {1, 2, 3}, {1, 2, 3, 4}),
    ],
    ids=["latest", "specific", "all"],
)
def test_the_versions_that_the_policy_names_are_served(
    mnist: Export, base: Path, policy: str, first: set[int], then: set[int]
) -> None:
    for version in (1, 2, 3):
        publish(mnist, base, version)
    config = base.parent / "models.config"
    config.write_text(
        f"""
        model_config_list {{ config {{
          name: "mnist" base_path: "{base}" model_platform: "tensorflow"
          model_version_policy {{ {policy} }}
        }} }}""",
        encoding="utf-8",
    )

    def available(client: Client) -> set[int]:
        states = client.status("mnist").items()
        return {version for version, status in states if status.state == AVAILABLE}

    def assert_served(client: Client, versions: set[int]) -> None:
        wait_for("the versions", lambda: available(client) == versions)
        for version in versions:
            assert client.predict(at(version)).model_spec.version.value == version
        for version in {1, 2, 3, 4} - versions:
            code, text = error_of(partial(client.predict, at(version)))
            assert (code.name, text) == (
                "NOT_FOUND",
                f"Servable not found for request: Specific(mnist, {version})",
            )

    with (
        ServerProcess(f"--model_config_file={config}", POLLING) as server,
        Client(server.port) as client,
    ):
        assert_served(client, first)
        publish(mnist, base, 4)
        assert_served(client, then)


def at(version: int) -> Any:
    request = image_request()
    request.model_spec.version.value = version
    return request
