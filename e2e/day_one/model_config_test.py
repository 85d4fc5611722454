"""Two models by --model_config_file, versions and labels, as the page on configuration has them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tensorflow_serving.apis import model_management_pb2

from e2e.client import AVAILABLE, Client
from e2e.day_one.calls import get, post, predict_request
from e2e.day_one.documented_models import VERSION, export_half_plus
from e2e.server_process import ServerProcess, run_to_end
from e2e.waiting import PATIENCE_SECONDS

# What version 42 and version 43 of half_plus_two answer to 2.
STABLE, CANARY = 3.0, 13.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("models")
    export_half_plus(made / "half_plus_two" / "42", 2.0)
    export_half_plus(made / "half_plus_two" / "43", 12.0)
    export_half_plus(
        made / "half_plus_three" / f"{VERSION:08}", 3.0, regress="tensorflow/serving/regress"
    )
    return made


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[ServerProcess]:
    (folder / "models.config").write_text(
        f"""
        model_config_list {{
          config {{
            name: 'half_plus_two'
            base_path: '{folder}/half_plus_two/'
            model_platform: 'tensorflow'
            model_version_policy {{ specific {{ versions: 42 versions: 43 }} }}
            version_labels {{ key: 'stable' value: 42 }}
            version_labels {{ key: 'canary' value: 43 }}
          }}
          config {{
            name: 'half_plus_three'
            base_path: '{folder}/half_plus_three/'
            model_platform: 'tensorflow'
          }}
        }}
        """
    )
    with (
        ServerProcess(
            f"--model_config_file={folder}/models.config",
            # As that page says, for labels from the start.
            "--allow_version_labels_for_unavailable_models=true",
            "--rest_api_port=-1",
        ) as running,
        Client(running.port) as client,
    ):
        for version in (42, 43):
            client.wait_until("half_plus_two", version, AVAILABLE)
        client.wait_until("half_plus_three", VERSION, AVAILABLE)
        yield running


def test_half_plus_three_beside_half_plus_two(server: ServerProcess) -> None:
    body = {"instances": [1.0, 2.0, 5.0]}
    assert post(server, "half_plus_three:predict", body) == {"predictions": [3.5, 4.0, 5.5]}
    assert post(server, "half_plus_two/versions/42:predict", body) == {
        "predictions": [2.5, 3.0, 4.5]
    }
    regress = {"signature_name": "tensorflow/serving/regress", "examples": [{"x": 1.0}, {"x": 2.0}]}
    assert post(server, "half_plus_three:regress", regress) == {"results": [3.5, 4.0]}


def test_versions_and_their_labels(server: ServerProcess) -> None:
    body = {"inputs": 2.0}
    for choice, answer in {
        "": CANARY,
        "/versions/42": STABLE,
        "/versions/43": CANARY,
        "/labels/stable": STABLE,
        "/labels/canary": CANARY,
    }.items():
        assert post(server, f"half_plus_two{choice}:predict", body) == {"outputs": answer}
    versions = [
        (version["version"], version["state"])
        for version in get(server, "half_plus_two")["model_version_status"]
    ]
    assert versions == [("43", "AVAILABLE"), ("42", "AVAILABLE")]


def test_a_canary_is_promoted_and_rolled_back_by_a_reload(
    server: ServerProcess, folder: Path
) -> None:
    def set_stable(client: Client, version: int) -> None:
        request = model_management_pb2.ReloadConfigRequest()
        two = request.config.model_config_list.config.add(
            name="half_plus_two",
            base_path=f"{folder}/half_plus_two/",
            model_platform="tensorflow",
        )
        two.model_version_policy.specific.versions.extend([42, 43])
        two.version_labels["stable"] = version
        two.version_labels["canary"] = 43
        request.config.model_config_list.config.add(
            name="half_plus_three",
            base_path=f"{folder}/half_plus_three/",
            model_platform="tensorflow",
        )
        answer = client.model.HandleReloadConfigRequest(request, timeout=PATIENCE_SECONDS)
        assert answer.status.error_code == 0, answer

    def ask_stable(client: Client) -> float:
        request = predict_request("half_plus_two", [2.0], [1])
        request.model_spec.version_label = "stable"
        return float(client.predict(request).outputs["y"].float_val[0])

    with Client(server.port) as client:
        assert ask_stable(client) == STABLE
        set_stable(client, 43)
        assert ask_stable(client) == CANARY
        set_stable(client, 42)
        assert ask_stable(client) == STABLE


def test_a_badly_formatted_file_ends_the_start_with_the_words_that_scripts_look_for(
    tmp_path: Path,
) -> None:
    file = tmp_path / "bad_model_config.txt"
    file.write_text("improperly formatted file\n")
    ended = run_to_end(f"--model_config_file={file}", "--port=0")
    assert ended.code != 0
    assert f"Invalid protobuf file: '{file}'" in ended.err
    assert "Error parsing text-format tensorflow.serving.ModelServerConfig: 1:12: " in ended.err


def test_a_relative_base_path_ends_the_start_too(tmp_path: Path) -> None:
    file = tmp_path / "models.config"
    file.write_text("model_config_list { config { name: 'm' base_path: 'models/m' } }\n")
    ended = run_to_end(f"--model_config_file={file}", "--port=0")
    assert ended.code != 0
    assert "Expected model m to have an absolute path or URI; got base_path()=models/m" in ended.err
