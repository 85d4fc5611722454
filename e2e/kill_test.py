"""kill -9 while versions are published and swapped: nothing is lost, and nothing half is served."""

import os
import random
import threading
import time
from pathlib import Path
from typing import Any, Self

import grpc
import requests
import tensorflow as tf

from e2e.client import Client, image_request, scores
from e2e.load import Load
from e2e.models import Export
from e2e.publishing import manifest_of, publish, write_manifest
from e2e.server_process import ServerProcess

SEED = int(os.environ.get("TRILHO_SEED", "20261123"))
KILLS = int(os.environ.get("TRILHO_KILLS", "15"))
MOST_SECONDS = 1.0


class Publisher:
    """Publishes one version after another until it is stopped, perhaps in the middle of one.

    Attributes:
        complete: The newest version that is there as a whole.
    """

    def __init__(self, export: Export, base: Path, first: int, chance: random.Random) -> None:
        self.complete = first - 1
        self._export = export
        self._base = base
        self._chance = chance
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> int:
        """Returns the first version that it has not begun."""
        self._stop.set()
        self._thread.join()
        return self._next

    def _run(self) -> None:
        self._next = self.complete + 1
        while not self._stop.is_set():
            version = self._next
            self._next += 1
            if self._chance.random() < 0.5:
                publish(self._export, self._base, version)
            elif not self._copy(version):
                return
            self.complete = version
            self._stop.wait(self._chance.uniform(0, 0.1))

    def _copy(self, version: int) -> bool:
        """Copies it in place, the manifest last; False if it was stopped before that."""
        folder = self._base / str(version)
        for file in self._export.files():
            place = folder / file
            place.parent.mkdir(parents=True, exist_ok=True)
            content = self._export.content(file, version)
            # In two pieces, so that a file is there in part.
            with place.open("wb") as out:
                out.write(content[: len(content) // 2])
                out.flush()
                if self._stop.wait(self._chance.uniform(0, 0.02)):
                    return False
                out.write(content[len(content) // 2 :])
        write_manifest(folder, manifest_of(folder, self._base.name))
        return True


class Operator:
    """Adds and removes a second model until the server has gone.

    Attributes:
        generation: The newest that it knows to be in force.
        has_other: Whether that has the second model.
    """

    def __init__(self, server: ServerProcess, base: Path) -> None:
        self._url = f"http://127.0.0.1:{server.management_port()}/v1/management"
        self._config = f'name: "other" base_path: "{base}" model_platform: "tensorflow"'
        found = requests.post(f"{self._url}/GetConfiguration", timeout=10).json()
        self._note(found)
        self._thread = threading.Thread(target=self._run)

    def begin(self) -> None:
        """Begins to change it."""
        self._thread.start()

    def join(self) -> None:
        """Waits for the end."""
        self._thread.join()

    def may_become(self, later: Self) -> bool:
        """Whether the next start may go on with what `later` has found.

        Each change adds the second model or removes it. The last one may have been kept and not
        yet answered.
        """
        ahead = later.generation - self.generation
        return (ahead, later.has_other) in ((0, self.has_other), (1, not self.has_other))

    def _note(self, configuration: Any) -> None:
        self.generation = int(configuration["generation"])
        self.has_other = '"other"' in configuration["model_server_config"]

    def _run(self) -> None:
        # Which of the two is right depends on where the last server was killed.
        changes = [("RemoveModel", {"name": "other"}), ("AddModel", {"model_config": self._config})]
        while True:
            for method, body in changes:
                try:
                    answer = requests.post(f"{self._url}/{method}", json=body, timeout=10)
                except requests.RequestException:
                    return
                if answer.ok:
                    self._note(answer.json())


def test_after_a_crash_the_newest_complete_version_is_served(mnist: Export, tmp_path: Path) -> None:
    chance = random.Random(SEED)  # noqa: S311  moments, not secrets
    base = tmp_path / "mnist"
    publish(mnist, base, 1)
    publish(mnist, tmp_path / "other", 1)
    state = tmp_path / "state"
    flags = [
        "--model_name=mnist",
        f"--model_base_path={base}",
        f"--config_state_file={state}",
        "--management_port=-1",
        "--file_system_poll_wait_seconds=0.02",
        "--settle_seconds=60",
        "--max_num_load_retries=0",
    ]
    following, newest, calls = 2, 1, 0
    operator: Operator | None = None
    for kill in range(KILLS):
        with ServerProcess(*flags) as server:
            with Client(server.port) as client:
                answer = client.predict(image_request())
                version = answer.model_spec.version.value
                assert version == newest, f"kill {kill}, seed {SEED}"
                values = tf.make_ndarray(answer.outputs["value"])
                assert (values == scores(version)).all()
            before, operator = operator, Operator(server, tmp_path / "other")
            assert before is None or before.may_become(operator), (
                f"kill {kill}, seed {SEED}: from generation {before.generation}, "
                f"other: {before.has_other}, to {operator.generation}, {operator.has_other}"
            )

            publisher = Publisher(mnist, base, following, chance)
            operator.begin()
            with Load(server.port, threads=2, stop_on_error=True) as load:
                time.sleep(chance.uniform(0, MOST_SECONDS))
                server.kill()
            operator.join()
            following = publisher.stop()
            newest = max(newest, publisher.complete)
            wrong = [c for c in load.failed() if c.code != grpc.StatusCode.UNAVAILABLE]
            assert wrong == [], f"kill {kill}, seed {SEED}"
            calls += len(load.calls)
    assert operator is not None
    print(
        f"{KILLS} kills by seed {SEED}; {newest} versions published, {calls} calls; "
        f"the configuration came to generation {operator.generation}"
    )
