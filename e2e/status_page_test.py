"""The page for people, in a real browser, and the OpenAPI document."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import tensorflow as tf
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select
from tensorflow.core.protobuf import saved_model_pb2

from e2e.browser import browser, complaints, screenshot
from e2e.client import END, Client, image_request
from e2e.mnist_service import CONTRACT_FLAG
from e2e.models import Export
from e2e.publishing import publish
from e2e.server_process import ServerProcess
from e2e.waiting import PATIENCE_SECONDS, wait_for

_ROWS = "#versions tr.version"


def export_classifier(folder: Path) -> None:
    """Exports scores [x, 1 - x] of Examples, x being 0 where they have none."""

    def classify(inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        features = {"x": tf.io.FixedLenFeature([], tf.float32, 0.0)}
        x = tf.io.parse_example(inputs, features)["x"]
        return {"scores": tf.stack([x, 1.0 - x], axis=1)}

    served = tf.function(classify).get_concrete_function(inputs=tf.TensorSpec([None], tf.string))
    tf.saved_model.save(tf.Module(), str(folder), signatures={"classify": served})
    graph = folder / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(graph.read_bytes())
    signatures = model.meta_graphs[0].signature_def
    signatures["classify"].method_name = tf.saved_model.CLASSIFY_METHOD_NAME
    graph.write_bytes(model.SerializeToString())


@pytest.fixture(scope="module")
def server(
    mnist: Export, half_plus_two: Export, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    """A server of models; one has a version that does not load, one has none."""
    folder = tmp_path_factory.mktemp("models")
    publish(mnist, folder / "mnist", 1)
    publish(half_plus_two, folder / "half", 1)
    export_classifier(folder / "sorter" / "1")
    (folder / "config").write_text(
        "model_config_list {"
        f' config {{ name: "mnist" base_path: "{folder}/mnist" model_platform: "tensorflow" }}'
        f' config {{ name: "half" base_path: "{folder}/half" model_platform: "tensorflow"'
        '   version_labels { key: "stable" value: 1 } }'
        f' config {{ name: "sorter" base_path: "{folder}/sorter" model_platform: "tensorflow" }}'
        f' config {{ name: "<i>gone</i>" base_path: "{folder}/gone" model_platform: "tensorflow" }}'
        "}",
        encoding="utf-8",
    )
    with ServerProcess(
        f"--model_config_file={folder}/config",
        "--rest_api_port=-1",
        CONTRACT_FLAG,
        "--max_num_load_retries=0",
        "--settle_seconds=0.1",
        "--file_system_poll_wait_seconds=0.1",
    ) as server:
        with Client(server.port) as client:
            for _ in range(50):
                client.predict(image_request())
            broken = folder / "half" / "2"
            broken.mkdir()
            (broken / "saved_model.pb").write_bytes(b"<b>no graph</b>")
            client.wait_until("half", 2, END)
        yield server


def url(server: ServerProcess, path: str = "/") -> str:
    """Where a path is."""
    return f"http://127.0.0.1:{server.http_port()}{path}"


@pytest.fixture
def page(server: ServerProcess, tmp_path: Path) -> Iterator[Any]:
    """The page in a browser, once it shows the models."""
    with browser(tmp_path / "profile") as driver:
        driver.get(url(server))
        wait_for("rows", lambda: driver.find_elements(By.CSS_SELECTOR, _ROWS) or None)
        yield driver
        # Nothing failed that was not looked at; what the policy forbids would be here.
        assert complaints(driver) == []


def text(driver: Any, selector: str) -> str:
    return str(driver.find_element(By.CSS_SELECTOR, selector).text)


def choose(driver: Any, field: str, value: str) -> None:
    Select(driver.find_element(By.ID, field)).select_by_visible_text(value)


def choose_model(driver: Any, model: str, verb: str = "predict") -> None:
    """Returns once the form is for that model."""
    choose(driver, "model", model)
    wait_for("its path", lambda: text(driver, "#target") == f"/v1/models/{model}:{verb}")


def write_body(driver: Any, body: str) -> Any:
    """Writes over what the form holds, and returns the field."""
    field = driver.find_element(By.ID, "body")
    field.clear()
    field.send_keys(body)
    return field


def body_of(driver: Any) -> str:
    return str(driver.find_element(By.ID, "body").get_attribute("value"))


def answer_of(driver: Any, send: Any = None) -> tuple[str, Any]:
    """Sends the form, by its button unless told how; the outcome's status and the body."""
    driver.execute_script("document.getElementById('outcome').textContent = ''")
    send = send or driver.find_element(By.ID, "send").click
    send()
    outcome = wait_for(
        "an answer", lambda: (shown := text(driver, "#outcome")) not in ("", "waiting …") and shown
    )
    assert " in " in str(outcome)
    return str(outcome).split()[0], json.loads(text(driver, "#answer"))


def test_what_waits_is_shown_as_waiting(half_plus_two: Export, tmp_path: Path) -> None:
    publish(half_plus_two, tmp_path / "half", 1)
    (tmp_path / "config").write_text(
        "model_config_list { config {"
        f' name: "half" base_path: "{tmp_path}/half" model_platform: "tensorflow"'
        " model_version_policy { all {} }"
        ' version_labels { key: "next" value: 2 } version_labels { key: "later" value: 9 } } }',
        encoding="utf-8",
    )
    flags = ["--settle_seconds=600", "--file_system_poll_wait_seconds=0.1", "--rest_api_port=-1"]
    with (
        ServerProcess(f"--model_config_file={tmp_path}/config", *flags) as server,
        browser(tmp_path / "profile") as driver,
    ):
        # As if somebody had begun to copy it.
        (tmp_path / "half" / "2").mkdir()
        driver.get(url(server))

        def row() -> str:
            rows = driver.find_elements(By.CSS_SELECTOR, _ROWS)
            return next((str(one.text) for one in rows if one.text.startswith("2")), "")

        wait_for("the version that waits", lambda: "WAITING" in row())
        assert "next (waits)" in row()
        assert "FAILED" not in row()
        assert not driver.find_elements(By.CSS_SELECTOR, f"{_ROWS}.unwell")
        group = text(driver, "#versions tbody")
        assert "label later waits for version 9" in group
        status = requests.get(url(server, "/statusz"), timeout=PATIENCE_SECONDS).json()
        assert status["models"][0]["waiting_labels"] == {"next": "0", "later": "0"}
        (tmp_path / "half" / "2").rmdir()
        publish(half_plus_two, tmp_path / "half", 2)
        wait_for("it to be there", lambda: "AVAILABLE" in row())
        wait_for("its label", lambda: "next" in row() and "waits" not in row())
        assert complaints(driver) == []


def test_shows_models_versions_states_and_reasons(page: Any, server: ServerProcess) -> None:
    groups = [group.text for group in page.find_elements(By.CSS_SELECTOR, "#versions tbody")]
    mnist, half, sorter, gone = groups
    assert mnist.startswith("mnist")
    assert "AVAILABLE" in mnist
    assert "1stable" in half.replace(" ", "").replace("\n", "")
    assert "AVAILABLE" in sorter
    # A version that does not load, with the reason.
    listed = requests.get(url(server, "/v1/models/half/versions/2"), timeout=PATIENCE_SECONDS)
    (status,) = listed.json()["model_version_status"]
    assert "FAILED" in half
    assert status["status"]["error_message"] in half
    # A folder that is not there, whose name is shown as text, not as markup.
    assert gone.startswith("<i>gone</i>")
    assert "No such file or directory" in gone
    assert "NONE" in gone
    assert not page.find_elements(By.CSS_SELECTOR, "#versions i")


def test_shows_how_the_server_is(page: Any) -> None:
    assert text(page, "#state") == "not ready"
    assert text(page, "#available") == "3 of 4"
    assert text(page, "#memory").endswith(" MiB")
    assert text(page, "#generation") == "1"
    assert text(page, "#uptime")
    assert text(page, "#release")[0].isdigit()


def test_shows_latency_and_throughput(page: Any) -> None:
    # A chart shows steps that are over: some seconds after the calls.
    wait_for("bars", lambda: page.find_elements(By.CSS_SELECTOR, "#versions svg .calls") or None)
    row = page.find_element(By.CSS_SELECTOR, _ROWS)
    calls, latency = row.find_elements(By.CSS_SELECTOR, "svg")
    assert str(calls.get_attribute("aria-label")).startswith("calls a second, at most ")
    assert latency.find_elements(By.CSS_SELECTOR, ".p50")
    assert latency.find_elements(By.CSS_SELECTOR, ".p99")
    told = [title.get_attribute("textContent") for title in row.find_elements(By.TAG_NAME, "title")]
    assert any("0 errors, p50 " in line for line in told)
    numbers = [cell.text for cell in row.find_elements(By.CSS_SELECTOR, ".number")]
    assert int(numbers[1]) >= 50
    assert numbers[2] == "0"
    assert all(number.endswith("s") for number in numbers[3:5])


def test_what_does_not_change_is_left_alone(page: Any) -> None:
    page.execute_script(f"document.querySelector('{_ROWS}').known = true")
    before = text(page, "#uptime")
    wait_for("another look", lambda: text(page, "#uptime") != before)
    assert page.execute_script(f"return document.querySelector('{_ROWS}').known")


def test_shows_signatures(page: Any) -> None:
    choose_model(page, "mnist")
    wait_for("the signature", lambda: "image_data" in text(page, "#tensors"))
    assert "[?, 784]" in text(page, "#tensors")
    assert text(page, "#method") == "tensorflow/serving/predict"
    choose_model(page, "half")
    wait_for("another signature", lambda: "image_data" not in text(page, "#tensors"))


def test_examples_are_such_that_models_take(page: Any) -> None:
    choose_model(page, "half")
    status, body = answer_of(page)
    assert status == "200"
    assert body["outputs"]["y"] == [2.25]
    choose_model(page, "mnist")
    status, body = answer_of(page)
    assert status == "200"
    assert body["outputs"][0][0] == 10.5
    choose_model(page, "sorter", "classify")
    assert "names of features" in text(page, "#hint")
    status, body = answer_of(page)
    assert status == "200"
    assert [score for _, score in body["results"][0]] == [0, 1]


def test_a_method_of_a_contract_is_asked_like_a_signature(page: Any) -> None:
    choose_model(page, "mnist")
    wait_for("the method", lambda: "MnistService" in text(page, "#signature"))
    choose(page, "signature", "Classify of trilho.mnist.MnistService")
    assert text(page, "#target") == "/v1/contracts/trilho.mnist.MnistService/Classify"
    assert len(json.loads(body_of(page))["imageData"]) == 784
    assert "image_data" in text(page, "#tensors")
    status, body = answer_of(page)
    assert status == "200"
    assert len(body["value"]) == 10
    write_body(page, '{"imageData": [1]}')
    status, body = answer_of(page)
    assert status == "400"
    assert "image_data" in body["error"]
    assert [line for line in complaints(page) if "400" not in line] == []
    choose_model(page, "half")
    assert "MnistService" not in text(page, "#signature")


def test_the_form_sends_what_it_shows(page: Any) -> None:
    choose_model(page, "half")
    choose(page, "version", "stable → 1")
    wait_for("the label", lambda: "/labels/stable:predict" in text(page, "#target"))
    field = write_body(page, '{"inputs": [4]}')
    # By the keyboard alone.
    status, body = answer_of(page, lambda: field.send_keys(Keys.CONTROL, Keys.ENTER))
    assert status == "200"
    assert body["outputs"]["y"] == [4]
    page.find_element(By.ID, "reset").click()
    assert json.loads(body_of(page)) == {"inputs": {"x": [0.5]}}


def test_an_error_is_shown(page: Any, server: ServerProcess) -> None:
    choose_model(page, "half")
    write_body(page, '{"inputs": "text"}')
    status, body = answer_of(page)
    assert status == "400"
    assert "is not of expected type: float" in body["error"]
    # The browser's own line about the 400.
    assert [line for line in complaints(page) if "400" not in line] == []
    assert server.is_running()


def test_what_happens_is_seen_without_a_reload(half_plus_two: Export, tmp_path: Path) -> None:
    base = tmp_path / "models" / "m"
    publish(half_plus_two, base, 1)
    flags = ["--model_name=m", f"--model_base_path={base}", "--file_system_poll_wait_seconds=0.1"]
    with browser(tmp_path / "profile") as driver:
        with ServerProcess(*flags, "--rest_api_port=-1") as server:
            port = server.http_port()
            driver.get(url(server))
            wait_for("version 1", lambda: text(driver, "#state") == "ready")
            wait_for("the form", lambda: "latest → 1" in text(driver, "#version"))
            write_body(driver, '{"inputs": [1, 2]}')
            publish(half_plus_two, base, 2)
            wait_for("version 2", lambda: "latest → 2" in text(driver, "#version"))
            assert body_of(driver) == '{"inputs": [1, 2]}'
        wait_for("the end", lambda: "no answer since" in text(driver, "#state"))
        # What was known is still shown.
        assert "AVAILABLE" in text(driver, "#versions")
        with ServerProcess(*flags, f"--rest_api_port={port}"):
            wait_for("it again", lambda: text(driver, "#state") == "ready")


def test_a_token_is_asked_for(half_plus_two: Export, tmp_path: Path) -> None:
    base = tmp_path / "models" / "m"
    publish(half_plus_two, base, 1)
    tokens = tmp_path / "tokens"
    tokens.write_text("secret\n")
    with (
        ServerProcess(
            "--model_name=m",
            f"--model_base_path={base}",
            "--rest_api_port=-1",
            f"--auth_token_file={tokens}",
        ) as server,
        browser(tmp_path / "profile") as driver,
    ):
        assert requests.get(url(server, "/statusz"), timeout=PATIENCE_SECONDS).status_code == 401
        driver.get(url(server))
        field = driver.find_element(By.ID, "token")
        wait_for("the question", field.is_displayed)
        assert text(driver, "#state") == "a token is needed"
        field.send_keys("wrong", Keys.ENTER)
        wait_for("the refusal", lambda: "does not take" in text(driver, "#token-note"))
        field.send_keys("secret", Keys.ENTER)
        wait_for("the models", lambda: text(driver, "#state") == "ready")
        assert not field.is_displayed()
        wait_for("its path", lambda: text(driver, "#target") == "/v1/models/m:predict")
        assert answer_of(driver)[0] == "200"
        driver.find_element(By.ID, "forget").click()
        wait_for("the question again", field.is_displayed)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("phone", [False, True])
def test_fits_every_screen(server: ServerProcess, tmp_path: Path, phone: bool, dark: bool) -> None:
    with browser(tmp_path / "profile", dark=dark, phone=phone) as driver:
        driver.get(url(server))
        wait_for("rows", lambda: driver.find_elements(By.CSS_SELECTOR, _ROWS) or None)
        wait_for("the form", lambda: text(driver, "#target"))
        if folder := os.environ.get("TEST_UNDECLARED_OUTPUTS_DIR"):
            name = f"{'phone' if phone else 'desk'}_{'dark' if dark else 'light'}.png"
            screenshot(driver, Path(folder) / name)
        width, inner = driver.execute_script(
            "return [document.documentElement.scrollWidth, innerWidth]"
        )
        assert width <= inner
        assert inner == (390 if phone else 1280)
        color = driver.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert color == ("rgb(20, 23, 27)" if dark else "rgb(255, 255, 255)")


def test_everything_has_a_name(page: Any) -> None:
    """For those who do not see the page."""
    fields = page.find_elements(By.CSS_SELECTOR, "input, select, textarea, button, svg[role=img]")
    assert len(fields) > 6
    for field in fields:
        if field.is_displayed():
            assert field.accessible_name, field.get_attribute("outerHTML")


def test_only_the_page_itself_may_run(server: ServerProcess) -> None:
    answer = requests.get(url(server), timeout=PATIENCE_SECONDS)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for outside in ("http://", "https://", "src="):
        assert outside not in answer.text.replace("http://www.w3.org/2000/svg", "")


def references(value: Any) -> Iterator[str]:
    """All "$ref" in it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "$ref":
                yield inner
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_the_openapi_document_has_every_route_and_signature(server: ServerProcess) -> None:
    document = requests.get(url(server, "/openapi.json"), timeout=PATIENCE_SECONDS).json()
    assert document["openapi"] == "3.0.3"
    assert document["info"]["version"]
    for reference in references(document):
        place = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert method in ("get", "post"), path
            assert {"summary", "responses"} <= operation.keys(), path
            if method == "get" and "{" not in path:
                # The server is not ready, since a model of the fixture is not.
                answer = requests.get(url(server, path), timeout=PATIENCE_SECONDS)
                described = operation["responses"][str(answer.status_code)]["content"]
                assert answer.headers["Content-Type"].split(";")[0] in described, path
    for path in ("/v1/models/half:predict", "/v1/models/half/versions/1:predict"):
        assert path in document["paths"]
    assert "/v1/models/sorter:classify" in document["paths"]
    image = document["components"]["schemas"]["mnist.serving_default.request"]
    rows, by_name = image["properties"]["inputs"]["anyOf"]
    assert rows["items"]["items"] == {"type": "number", "format": "float"}
    assert rows["items"]["maxItems"] == 784
    assert by_name["required"] == ["image_data"]
    method = document["paths"]["/v1/contracts/trilho.mnist.MnistService/Classify"]["post"]
    assert method["description"].startswith("Scores one image.")
    request = document["components"]["schemas"]["trilho.mnist.ClassifyRequest"]
    assert request["properties"]["imageData"]["maxItems"] == 784
