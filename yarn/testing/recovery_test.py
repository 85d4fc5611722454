"""Losses that a job on a real cluster survives: of commands, containers, masters and nodes."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.hadoop.cluster import Cluster
from deploy.testing.runfile import runfile
from yarn.testing.program import Job, Program, wait_for

SMALL = ("--container-memory", "256m", "--master-memory", "384m", "--set", "stop_grace=1s")
QUICK = ("--set", "restarts.back_off=200ms", "--set", "restarts.max_back_off=1s")
# Each start of the command leaves a file; the tasks of a generation end when the test says so.
TASK = """#!/bin/sh
touch $OUT/$TRILHO_ROLE-$TRILHO_INDEX-$TRILHO_GENERATION-$$
while [ ! -e $OUT/done ]; do sleep 0.2; done
"""
MASTER = "io.trilho.yarn.applicationmaster.MasterMain"
LAUNCHER = "io.trilho.yarn.task.TaskMain"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of two nodes."""
    with Cluster(tmp_path_factory.mktemp("hadoop") / "cluster", nodes=2) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def yarn(cluster: Cluster) -> Program:
    """The command line, told of the cluster."""
    return Program(runfile("yarn/trilho_yarn"), cluster.client_environment())


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder for what tasks leave."""
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "task.sh").write_text(TASK)
    return out


def submit(yarn: Program, out: Path, *words: str) -> Job:
    """Submits a job of two workers."""
    return yarn.submit(
        *("--script", str(out.parent / "task.sh"), "--env", f"OUT={out}"),
        *("--num-containers", "2", *SMALL, *QUICK, *words),
    )


def finish(job: Job, out: Path) -> dict[str, Any]:
    """Lets the commands end and returns what was known of the job."""
    (out / "done").touch()
    status = job.wait()
    assert status["outcome"] == "SUCCEEDED", status
    wait_for("the end of its processes", lambda: not job.processes(""))
    found: dict[str, Any] = status["job"]
    return found


def starts(out: Path) -> list[str]:
    """Returns role, index and generation of each start of a command."""
    return sorted(path.name.rsplit("-", 1)[0] for path in out.glob("worker-*"))


def kill(pids: list[int]) -> None:
    """Kills processes with SIGKILL."""
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


BOTH_TWICE = ["worker-0-1", "worker-0-2", "worker-1-1", "worker-1-2"]


def test_a_killed_command_restarts_all_in_their_containers(yarn: Program, out: Path) -> None:
    job = submit(yarn, out)
    job.wait_for_master()
    kill(job.commands("worker", 1))
    wait_for("a second start", lambda: len(starts(out)) == 4)
    state = finish(job, out)
    assert starts(out) == BOTH_TWICE
    assert state["restarts"] == 1
    assert [task["containers"] for task in state["tasks"]] == [1, 1]
    assert state["failures"][0]["reason"] == "its command was ended by signal 9"


def test_a_killed_container_is_replaced(yarn: Program, out: Path) -> None:
    job = submit(yarn, out)
    job.wait_for_master()
    launchers = job.javas(LAUNCHER)
    assert len(launchers) == 2
    old = job.commands("worker", 0) + job.commands("worker", 1)
    kill(launchers[:1])
    wait_for("a second start", lambda: len(starts(out)) == 4)
    assert not set(old) & set(job.processes("TRILHO_RUN=")), "no command of the first start runs on"
    state = finish(job, out)
    assert starts(out) == BOTH_TWICE
    assert state["restarts"] == 1
    assert sorted(task["containers"] for task in state["tasks"]) == [1, 2]


def test_a_killed_master_is_followed_and_the_commands_go_on(yarn: Program, out: Path) -> None:
    job = submit(yarn, out)
    job.wait_for_master()
    commands = job.processes("TRILHO_RUN=")
    kill(job.javas(MASTER))
    job.wait_for_master(attempt=2)
    left = set(job.processes("TRILHO_RUN="))
    assert left & set(commands), "the same processes"
    state = finish(job, out)
    assert starts(out) == ["worker-0-1", "worker-1-1"]
    assert state["attempt"] == 2
    assert state["restarts"] == state["cluster_restarts"] == 0


def test_a_master_that_is_followed_still_restarts_tasks(yarn: Program, out: Path) -> None:
    job = submit(yarn, out)
    job.wait_for_master()
    kill(job.javas(MASTER))
    job.wait_for_master(attempt=2)
    kill(job.commands("worker", 0))
    wait_for("a second start", lambda: len(starts(out)) == 4)
    state = finish(job, out)
    assert starts(out) == BOTH_TWICE
    assert state["restarts"] == 1


def test_without_kept_containers_a_next_master_starts_anew(yarn: Program, out: Path) -> None:
    job = submit(yarn, out, "--keep-containers", "false")
    job.wait_for_master()
    kill(job.javas(MASTER))
    job.wait_for_master(attempt=2)
    state = finish(job, out)
    assert starts(out) == BOTH_TWICE
    assert state["restarts"] == 0


def test_a_master_that_is_always_lost_ends_the_job(yarn: Program, out: Path) -> None:
    job = submit(yarn, out, "--set", "attempts=1")
    job.wait_for_master()
    kill(job.javas(MASTER))
    assert job.wait()["outcome"] == "MASTER_LOST"
    wait_for("the end of its processes", lambda: not job.processes(""))


def test_a_hung_launcher_is_replaced(yarn: Program, out: Path) -> None:
    job = submit(yarn, out, "--set", "heartbeat={interval: 500ms, timeout: 10s}")
    job.wait_for_master()
    (launcher, _) = job.javas(LAUNCHER)
    os.kill(launcher, signal.SIGSTOP)
    wait_for("a second start", lambda: len(starts(out)) == 4)
    state = finish(job, out)
    assert state["failures"][0]["kind"] == "SILENT"


def test_a_lost_node_s_tasks_go_elsewhere(yarn: Program, cluster: Cluster, out: Path) -> None:
    # The cluster finds out before the ApplicationMaster would.
    job = submit(yarn, out, "--set", "heartbeat.timeout=90s")
    lost = job.wait_for_master()["tasks"][0]["node"]
    ports = cluster.plan.ports
    (name,) = (
        name
        for name, port in ports.items()
        if name.startswith("nodemanager") and lost.endswith(f":{port}")
    )
    # The ApplicationMaster may be there, too: then its next attempt finds the task gone.
    cluster.kill(name, containers=True)
    wait_for("a second start", lambda: {"worker-0-2", "worker-1-2"} <= set(starts(out)), 240)
    state = job.wait_for_master()
    assert state["tasks"][0]["node"] != lost
    state = finish(job, out)
    assert state["restarts"] == 0
    cluster.start()


def test_a_gang_that_is_too_large_keeps_nobody_waiting(yarn: Program, out: Path) -> None:
    large = submit(
        yarn,
        out,
        *("--num-containers", "9", "--container-memory", "1200m"),
        *("--set", "gang={timeout: 5s, back_off: 10m}"),
    )

    def given_back() -> bool:
        return bool((large.status().get("job") or {}).get("given_back"))

    wait_for("the containers given back", given_back)
    wait_for("the end of their launchers", lambda: not large.javas(LAUNCHER))
    assert starts(out) == []
    small = submit(yarn, out)
    small.wait_for_master()
    finish(small, out)
    assert yarn.run("kill", large.application).code == 0


def test_two_jobs_on_too_small_a_cluster_both_end(yarn: Program, tmp_path: Path) -> None:
    jobs = []
    for name in "ab":
        folder = tmp_path / name
        folder.mkdir()
        (folder / "out").mkdir()
        (folder / "task.sh").write_text("#!/bin/sh\nsleep 3\n")
        jobs.append(
            submit(
                yarn,
                folder / "out",
                *("--num-containers", "5", "--container-memory", "1200m"),
                *("--set", "gang={timeout: 10s, back_off: 10s}"),
            )
        )
    for job in jobs:
        assert job.wait(400)["outcome"] == "SUCCEEDED"
