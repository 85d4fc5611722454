"""Jobs on a real cluster: what they get, how they end, and what is refused."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.hadoop.cluster import Cluster
from deploy.testing.runfile import runfile
from yarn.testing.program import Program, fetch, wait_for

SMALL = ("--container-memory", "256m", "--master-memory", "384m")
QUICK = ("--set", "restarts.back_off=200ms", "--set", "stop_grace=1s")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of two nodes."""
    with Cluster(tmp_path_factory.mktemp("hadoop") / "cluster", nodes=2) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def yarn(cluster: Cluster) -> Program:
    """The command line, told of the cluster."""
    return Program(runfile("yarn/trilho_yarn"), cluster.client_environment())


def script(folder: Path, text: str, name: str = "task.sh") -> Path:
    """Writes a script."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    return path


def test_workers_get_tf_config_files_arguments_and_variables(yarn: Program, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("1,2\n")
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "lib.py").write_text("x = 1\n")
    subprocess.run(["tar", "-C", tmp_path, "-czf", tmp_path / "env.tar.gz", "inside"], check=True)
    out = tmp_path / "out"
    out.mkdir()
    task = script(
        tmp_path,
        'd=$OUT/$TRILHO_INDEX; mkdir $d; echo "$TF_CONFIG" > $d/tf; printf "%s|" "$@" > $d/words\n'
        "cat rows.csv env.tar.gz/inside/lib.py > $d/files; ls > $d/ls",
    )
    words = ["--steps", "10", "$HOME `id` \"quoted\" 'too'", ""]
    done = yarn.run(
        *("submit", "--appname", "census", "--script", str(task), "--num-containers", "2"),
        *(*SMALL, "--env", f"OUT={out}", "--file", f"{tmp_path}/data.csv#rows.csv"),
        *("--archive", f"{tmp_path}/env.tar.gz", "--", *words),
    )
    assert done.code == 0, done
    assert done.out.splitlines()[-1] == "SUCCEEDED: the training is done"
    configs = [json.loads((out / index / "tf").read_text()) for index in "01"]
    assert configs[0]["cluster"] == configs[1]["cluster"]
    addresses = configs[0]["cluster"]["worker"]
    assert len(set(addresses)) == 2
    assert [config["task"] for config in configs] == [
        {"type": "worker", "index": 0},
        {"type": "worker", "index": 1},
    ]
    for index in "01":
        assert (out / index / "words").read_text() == "".join(f"{word}|" for word in words)
        assert (out / index / "files").read_text() == "1,2\nx = 1\n"
    listed = yarn.run("list")
    assert any(
        done.application in line and "SUCCEEDED" in line and "census" in line
        for line in listed.out.splitlines()
    )


def test_the_chief_ends_the_job_and_the_others(
    yarn: Program, cluster: Cluster, tmp_path: Path
) -> None:
    job_file = tmp_path / "job.yaml"
    job_file.write_text(
        f"""
name: roles
container: {{memory: 256m}}
master: {{memory: 384m}}
stop_grace: 1s
command: sleep 1000
roles:
  chief: {{command: 'test "$(ls {tmp_path}/*.here | wc -l)" = 1'}}
  worker: {{command: 'touch {tmp_path}/worker.here; sleep 1000'}}
  ps: {{}}
restarts: {{max: 20, back_off: 100ms, max_back_off: 100ms}}
"""
    )
    done = yarn.run("submit", str(job_file))
    assert done.code == 0, done
    status = json.loads(yarn.run("status", "--json", done.application).out)
    stages = {task["role"]: task["stage"] for task in status["job"]["tasks"]}
    assert stages == {"chief": "SUCCEEDED", "worker": "STOPPED", "ps": "STOPPED"}
    left = cluster.run("hdfs", "dfs", "-ls", "-C", ".trilho/jobs").stdout
    assert done.application not in left


def test_a_worker_that_always_fails_ends_the_job(yarn: Program, tmp_path: Path) -> None:
    task = script(
        tmp_path, 'echo "no such table" >&2; test $TRILHO_INDEX = 0 && sleep 1000; exit 3'
    )
    done = yarn.run(
        *("submit", "--script", str(task), "--num-containers", "2", *SMALL, *QUICK),
        *("--set", "restarts.max=1"),
    )
    assert done.code == 1, done
    last = done.out.splitlines()[-1]
    assert last.startswith("JOB_FAILED: worker:1 on ")
    assert "its command failed with exit code 3, after 1 restart; log: trilho-yarn logs" in last
    words = last.split("log: trilho-yarn ")[1].split()

    def logs() -> str | None:
        said = yarn.run(*words).out
        return said if "no such table" in said else None

    said = wait_for("the gathered logs", logs)
    assert "the command has ended with 3" in said
    assert "TRILHO_INDEX" not in said


def test_the_page_is_seen_through_the_resourcemanager(yarn: Program, tmp_path: Path) -> None:
    job = yarn.submit("--script", str(script(tmp_path, "sleep 1000")), *SMALL, *QUICK)
    job.wait_for_master()
    status = job.status()
    page = fetch(status["tracking_url"])
    assert "worker:0" in page
    assert "RUNNING" in page
    assert f"/proxy/{job.application}" in status["tracking_url"]
    seen = json.loads(fetch(status["tracking_url"] + "status.json"))
    assert seen["application"] == job.application
    killed = yarn.run("kill", job.application)
    assert killed.code == 0, killed
    assert job.wait()["outcome"] == "KILLED"
    wait_for("the end of its processes", lambda: not job.processes(""))


def test_a_job_that_is_killed_or_too_late_says_so(yarn: Program, tmp_path: Path) -> None:
    task = str(script(tmp_path, "sleep 1000"))
    late = yarn.run("submit", "--script", task, *SMALL, *QUICK, "--timeout", "10s")
    assert late.code == 5, late
    assert late.out.splitlines()[-1] == "TIMED_OUT: the job took longer than its timeout of 10 s"


REFUSED = [
    (
        ["submit", "--queue", "default"],
        "command: expected a command here or for the whole job, or a script",
    ),
    (["submit", "--num-container", "2"], "did you mean --num-containers?"),
    (["submit", "--script", "none.sh"], "script: there is no file none.sh here"),
    (["submit", "--set", "files=[hdfs:///none]", "--script", "s"], "there is no hdfs:///none"),
    (["submit", "--script", "s", "--queue", "x"], "queue: there is no x; there are default"),
    (
        ["submit", "--script", "s", "--container-memory", "64g"],
        "memory of the role worker: expected at most 4096m (yarn.scheduler.maximum-allocation-mb)",
    ),
    (["submit", "--script", "s", "--master-vcores", "9"], "vcores of master: expected at most 4"),
    (["status", "application_1_0001"], "the cluster knows no application_1_0001"),
    (
        ["kill", "job7"],
        "expected an application such as application_1700000000000_0001, found job7",
    ),
    (["submit", "none.yaml"], "there is no job file none.yaml"),
]


@pytest.mark.parametrize(("words", "reason"), REFUSED, ids=[r[1][:20] for r in REFUSED])
def test_what_is_wrong_is_refused(
    yarn: Program, tmp_path: Path, words: list[str], reason: str
) -> None:
    script(tmp_path, "exit 0", "s")
    done = yarn.run(*words, cwd=tmp_path)
    assert done.code == 2, done
    assert reason in done.err


def test_a_dry_run_submits_nothing(yarn: Program, tmp_path: Path) -> None:
    before = yarn.run("list").out
    done = yarn.run("submit", "--script", str(script(tmp_path, "exit 0", "new.sh")), "--dry-run")
    assert done.code == 0, done
    assert "new.sh, 0.0 MB: is uploaded" in done.out
    assert yarn.run("list").out == before


def test_a_cluster_that_is_not_there_is_told(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "core-site.xml").write_text(
        f"<configuration><property><name>fs.defaultFS</name><value>hdfs://127.0.0.1:{port}"
        "</value></property></configuration>"
    )
    (tmp_path / "yarn-site.xml").write_text(
        "<configuration><property><name>yarn.resourcemanager.address</name><value>127.0.0.1:"
        f"{port}</value></property></configuration>"
    )
    program = Program(runfile("yarn/trilho_yarn"), {"HADOOP_CONF_DIR": str(tmp_path)})
    done = program.run("list")
    assert done.code == 3, done
    assert "Connection refused" in done.err
    nowhere = program.run("list", "--conf", str(tmp_path / "none"))
    assert nowhere.code == 2, nowhere
    assert "there is no yarn-site.xml in" in nowhere.err


def test_ctrl_c_detaches_or_kills(yarn: Program, tmp_path: Path) -> None:
    task = str(script(tmp_path, "sleep 1000"))
    for choice, outcome in (("detach", None), ("kill", "KILLED")):
        waiting = yarn.start("submit", "--script", task, *SMALL, *QUICK, "--on-interrupt", choice)
        job = yarn.job(waiting)
        job.wait_for_master()
        waiting.send_signal(signal.SIGINT)
        _, err = waiting.communicate(timeout=60)
        assert waiting.returncode == 130, err
        assert ("goes on" if outcome is None else "was killed") in err
        assert job.status().get("outcome") == outcome
        yarn.run("kill", job.application)
