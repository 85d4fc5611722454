"""What the pages list of the server is what the server has.

A row of a page is what the server says of itself, and a failing test prints the rows to write.
"""

import itertools
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import tensorflow as tf
from tensorflow_serving.apis import classification_pb2, prediction_log_pb2

from e2e.certificates import HOST, Authority, write_config
from e2e.client import Client
from e2e.programs import runfile
from e2e.server_process import ServerProcess, run_to_end
from e2e.waiting import PATIENCE_SECONDS, wait_for

# Of cpp_server/testing/make_models.py.
CENSUS = "cpp_server/testing/models/census_like/1"
# Flags whose default is another one on another machine.
MACHINE_DEFAULTS = {"num_tflite_pools": "the number of CPUs"}


def rows(page: str) -> dict[str, list[str]]:
    """The rows of the tables of a page whose first cell is code, by the title above them."""
    below: dict[str, list[str]] = {}
    title = ""
    for line in runfile(page).read_text("utf-8").splitlines():
        if line.startswith("#"):
            title = line.lstrip("# ")
        elif line.startswith("| `"):
            below.setdefault(title, []).append(line)
    return below


def code(text: str) -> str:
    """A text as it stands in a cell."""
    return f"`{text}`"


def flag_rows() -> dict[str, list[str]]:
    """What --help says, as rows, by its groups."""
    groups: dict[str, list[str]] = {}
    usage = run_to_end("--help").out
    for group in re.finditer(r"^(\w[\w ]*):\n((?:  .*\n)+)", usage, re.MULTILINE):
        groups[group[1]] = []
        for flag in re.finditer(r"^  --(\w+)=(.*)\n((?: {6}.*\n)+)", group[2], re.MULTILINE):
            default = MACHINE_DEFAULTS.get(flag[1]) or (code(flag[2]) if flag[2] else "empty")
            meaning = re.sub(r"--\w+", r"`\g<0>`", " ".join(flag[3].split()))
            groups[group[1]].append(f"| `--{flag[1]}` | {default} | {meaning} |")
    return groups


def test_the_page_of_flags_is_what_help_says() -> None:
    said = flag_rows()
    assert sum(map(len, said.values())) > 50
    assert rows("docs/flags.md") == said, "\n".join(itertools.chain(*said.values()))


def example(x: float) -> tf.train.Example:
    """Of the one feature that the model has."""
    return tf.train.Example(
        features=tf.train.Features(
            feature={"x": tf.train.Feature(float_list=tf.train.FloatList(value=[x]))}
        )
    )


def classification() -> classification_pb2.ClassificationRequest:
    """A request that the model answers."""
    request = classification_pb2.ClassificationRequest()
    request.model_spec.name = "census"
    request.model_spec.signature_name = "classify"
    request.input.example_list.examples.append(example(0.5))
    return request


@pytest.fixture
def page_of_metrics(tmp_path: Path) -> Iterator[str]:
    """Of a server on which everything is on, and everything has happened."""
    base = tmp_path / "census"
    # The runfiles are links.
    shutil.copytree(runfile(CENSUS), base / "1")
    (base / "1" / "assets.extra").mkdir()
    record = prediction_log_pb2.PredictionLog()
    record.classify_log.request.CopyFrom(classification())
    with tf.io.TFRecordWriter(str(base / "1/assets.extra/tf_serving_warmup_requests")) as warmup:
        warmup.write(record.SerializeToString())
    (base / "1" / "_SUCCESS").touch()
    config = tmp_path / "models.config"
    config.write_text(
        f"""model_config_list {{ config {{
          name: "census" base_path: "{base}" model_platform: "tensorflow"
          logging_config {{
            log_collector_config {{ filename_prefix: "{tmp_path}/requests" }}
            sampling_config {{ sampling_rate: 1 }}
          }}
        }} }}""",
        encoding="utf-8",
    )
    authority, certificates = Authority(tmp_path / "authority"), tmp_path / "ssl.config"
    write_config(certificates, authority.sign("server", 1))
    with (
        ServerProcess(
            f"--model_config_file={config}",
            "--management_port=-1",
            f"--management_ssl_config_file={certificates}",
            "--enable_batching",
            f"--access_log={tmp_path}/access.log",
        ) as server,
        Client(server.port) as client,
    ):
        client.prediction.Classify(classification(), timeout=PATIENCE_SECONDS)
        url = f"https://{HOST}:{server.management_port()}/metrics"

        def page() -> str | None:
            verify = str(authority.certificate)
            text = requests.get(url, verify=verify, timeout=PATIENCE_SECONDS).text
            # An inference is counted, and logged, a little after it is answered.
            return text if ":tensorflow:serving:request_log_count{" in text else None

        yield wait_for("the request to be logged", page)


def metric_rows(page: str) -> list[str]:
    """The families of a scrape, as rows."""
    families = []
    for family in re.finditer(
        r"^# HELP (\S+) (.*)\n# TYPE \S+ (\w+)\n((?:[^#].*\n)+)", page, re.MULTILINE
    ):
        name, meaning, kind, samples = family.groups()
        labels = re.findall(r'(\w+)="', samples.splitlines()[0])
        cell = ", ".join(code(label) for label in labels if label != "le") or "none"
        families.append(f"| `{name}` | {kind} | {cell} | {meaning} |")
    return families


def test_the_page_of_metrics_is_what_a_scrape_has(page_of_metrics: str) -> None:
    listed = rows("docs/metrics.md")
    del listed["Labels"]
    had = sorted(metric_rows(page_of_metrics))
    assert sorted(itertools.chain(*listed.values())) == had, "\n".join(had)
    assert all("tensorflow" in row for row in listed["TF Serving's"])


def test_every_label_is_explained(page_of_metrics: str) -> None:
    labels = set(re.findall(r'(\w+)="', page_of_metrics)) - {"le"}
    explained = re.findall(
        r"`(\w+)`", " ".join(row.split("|")[1] for row in rows("docs/metrics.md")["Labels"])
    )
    assert set(explained) == labels
    assert len(explained) == len(labels)
