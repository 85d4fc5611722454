"""The page for people, in a real browser, and the OpenAPI document."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from e2e.browser import browser, complaints
from e2e.client import END, Client, image_request
from e2e.models import Export
from e2e.publishing import publish
from e2e.server_process import ServerProcess
from e2e.waiting import PATIENCE_SECONDS, wait_for


@pytest.fixture(scope="module")
def server(
    mnist: Export, half_plus_two: Export, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    """A server of two models; the second has a version that does not load, and a label."""
    folder = tmp_path_factory.mktemp("models")
    publish(mnist, folder / "mnist", 1)
    publish(half_plus_two, folder / "half", 1)
    (folder / "config").write_text(
        "model_config_list {"
        f' config {{ name: "mnist" base_path: "{folder}/mnist" model_platform: "tensorflow" }}'
        f' config {{ name: "half" base_path: "{folder}/half" model_platform: "tensorflow"'
        '   version_labels { key: "stable" value: 1 } }'
        f' config {{ name: "<i>gone</i>" base_path: "{folder}/gone" model_platform: "tensorflow" }}'
        "}",
        encoding="utf-8",
    )
    with ServerProcess(
        f"--model_config_file={folder}/config",
        "--rest_api_port=-1",
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


@pytest.fixture
def page(server: ServerProcess, tmp_path: Path) -> Iterator[Any]:
    """The page in a browser, once it shows the models."""
    with browser(tmp_path / "profile") as driver:
        driver.get(f"http://127.0.0.1:{server.http_port()}/")
        wait_for("rows", lambda: driver.find_elements(By.CSS_SELECTOR, "#versions tr"))
        yield driver
        assert complaints(driver) == []


def text(driver: Any, selector: str) -> str:
    return str(driver.find_element(By.CSS_SELECTOR, selector).text)


def choose(driver: Any, field: str, value: str) -> None:
    Select(driver.find_element(By.ID, field)).select_by_visible_text(value)


def answer_of(driver: Any) -> tuple[str, Any]:
    """Sends the form; the outcome's status and the body."""
    driver.execute_script("document.getElementById('outcome').textContent = ''")
    driver.find_element(By.ID, "send").click()
    outcome = wait_for(
        "an answer", lambda: (shown := text(driver, "#outcome")) not in ("", "…") and shown
    )
    return str(outcome).split()[0], json.loads(text(driver, "#answer"))


def test_shows_models_versions_states_and_reasons(page: Any) -> None:
    rows = text(page, "#versions")
    assert "mnist" in rows
    assert "AVAILABLE" in rows
    assert "stable" in rows
    # Of a version that does not load, and a folder that is not there; as text, not as markup.
    assert "END" in rows
    assert "<i>gone</i>" in rows
    assert "NONE" in rows
    assert not page.find_elements(By.CSS_SELECTOR, "#versions i")
    assert "not ready" in text(page, "#server")
    assert "configuration 1" in text(page, "#server")


def test_shows_latency_and_throughput(page: Any) -> None:
    chart = page.find_element(By.CSS_SELECTOR, "#versions svg")
    assert "mnist 1: 50 calls, p99 " in str(chart.get_attribute("aria-label"))
    assert page.find_elements(By.CSS_SELECTOR, "#versions svg .calls")


def test_shows_signatures(page: Any) -> None:
    choose(page, "model", "mnist")
    wait_for("the signature", lambda: "image_data" in text(page, "#tensors"))
    assert "[?, 784]" in text(page, "#tensors")
    assert text(page, "#method") == "method tensorflow/serving/predict"
    choose(page, "model", "half")
    wait_for("another signature", lambda: "image_data" not in text(page, "#tensors"))


def test_the_form_sends_what_it_shows(page: Any) -> None:
    choose(page, "model", "half")
    wait_for("its path", lambda: text(page, "#target") == "/v1/models/half:predict")
    # The example is one that the model takes.
    status, body = answer_of(page)
    assert status == "200"
    assert body["outputs"]["y"] == [2.25]
    choose(page, "version", "stable")
    wait_for("the label", lambda: "/labels/stable:predict" in text(page, "#target"))
    field = page.find_element(By.ID, "body")
    field.clear()
    field.send_keys('{"inputs": [4]}')
    status, body = answer_of(page)
    assert status == "200"
    assert body["outputs"]["y"] == [4]


def test_an_error_is_shown(page: Any, server: ServerProcess) -> None:
    choose(page, "model", "half")
    wait_for("its path", lambda: text(page, "#target") == "/v1/models/half:predict")
    field = page.find_element(By.ID, "body")
    field.clear()
    field.send_keys('{"inputs": "text"}')
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
            driver.get(f"http://127.0.0.1:{port}/")
            wait_for("version 1", lambda: "AVAILABLE" in text(driver, "#versions"))
            publish(half_plus_two, base, 2)
            wait_for(
                "version 2", lambda: "2\nAVAILABLE" in text(driver, "#versions").replace(" ", "\n")
            )
        wait_for("the end", lambda: "does not answer" in text(driver, "#server"))
        with ServerProcess(*flags, f"--rest_api_port={port}"):
            wait_for("it again", lambda: text(driver, "#server").startswith("ready"))


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
        url = f"http://127.0.0.1:{server.http_port()}"
        assert requests.get(f"{url}/statusz", timeout=PATIENCE_SECONDS).status_code == 401
        driver.get(f"{url}/")
        field = driver.find_element(By.ID, "token")
        wait_for("the question", field.is_displayed)
        field.send_keys("secret")
        field.submit()
        wait_for("the models", lambda: "AVAILABLE" in text(driver, "#versions"))
        assert not driver.find_element(By.ID, "token").is_displayed()
        wait_for("its path", lambda: text(driver, "#target") == "/v1/models/m:predict")
        assert answer_of(driver)[0] == "200"


@pytest.mark.parametrize("dark", [False, True])
def test_fits_a_phone_and_the_dark(server: ServerProcess, tmp_path: Path, dark: bool) -> None:
    with browser(tmp_path / "profile", dark=dark, width=500) as driver:
        driver.get(f"http://127.0.0.1:{server.http_port()}/")
        wait_for("rows", lambda: driver.find_elements(By.CSS_SELECTOR, "#versions tr"))
        inside = "return document.documentElement.scrollWidth <= window.innerWidth"
        assert driver.execute_script(inside)
        color = driver.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert color == ("rgb(20, 23, 27)" if dark else "rgb(255, 255, 255)")


def test_only_the_page_itself_may_run(server: ServerProcess) -> None:
    answer = requests.get(f"http://127.0.0.1:{server.http_port()}/", timeout=PATIENCE_SECONDS)
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
    url = f"http://127.0.0.1:{server.http_port()}"
    document = requests.get(f"{url}/openapi.json", timeout=PATIENCE_SECONDS).json()
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
                # Not ready, since a model of the fixture is not.
                status = requests.get(url + path, timeout=PATIENCE_SECONDS).status_code
                assert status in (200, 503), path
    assert "/v1/models/half:predict" in document["paths"]
    image = document["components"]["schemas"]["mnist.serving_default.request"]
    rows = image["properties"]["inputs"]
    assert rows["type"] == "array"
    assert rows["items"] == {
        "type": "array",
        "items": {"type": "number"},
        "minItems": 784,
        "maxItems": 784,
    }
