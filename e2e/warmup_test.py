"""What is run of a version before its first request, and what is not."""

from pathlib import Path

import tensorflow as tf

from e2e.client import AVAILABLE, Client, predict_request
from e2e.models import Export, export_counter, export_spin, own_version, save_signatures
from e2e.publishing import publish, publish_warmed, warm_up_file
from e2e.server_process import ServerProcess

# Hours of one thread.
ENDLESS_STEPS = 2**30


def counted(client: Client, version: int) -> float:
    """What a version that counts its runs answers."""
    answer = client.predict(predict_request("counter"))
    assert answer.model_spec.version.value == version
    return float(answer.outputs["count"].float_val[0])


def test_a_version_answers_first_as_if_nobody_had_run_it(tmp_path: Path) -> None:
    counter = export_counter(tmp_path / "export")
    base = tmp_path / "counter"
    publish(counter, base, 1)
    with (
        ServerProcess("--model_name=counter", f"--model_base_path={base}") as server,
        Client(server.port) as client,
    ):
        server.wait_for_log("warm-up: running peek with zeros, for 5 s at most")
        server.wait_for_log("left out: serving_default (AssignAddVariableOp may change something)")
        assert [counted(client, 1) for _ in range(3)] == [0.0, 1.0, 2.0]

        # Requests that it brings along are another matter.
        publish_warmed(counter, base, 2, warm_up_file(tmp_path, *[predict_request("counter")] * 2))
        client.wait_until("counter", 2, AVAILABLE)
        assert counted(client, 2) == 2.0


def test_recorded_requests_are_run_unless_all_warm_up_is_off(tmp_path: Path) -> None:
    counter = export_counter(tmp_path / "export")
    base = tmp_path / "counter"
    base.mkdir()
    publish_warmed(counter, base, 1, warm_up_file(tmp_path, predict_request("counter")))
    for flag, runs in [("--synthetic_warmup_seconds=0", 1.0), ("--noenable_model_warmup", 0.0)]:
        with (
            ServerProcess("--model_name=counter", f"--model_base_path={base}", flag) as server,
            Client(server.port) as client,
        ):
            assert counted(client, 1) == runs
            assert "with zeros" not in server.log()


def export_climb(folder: Path) -> Export:
    """Exports a model that goes up in steps until it has reached 10.

    Args:
        folder: Where to.

    Returns:
        The model: "climb" says where that was, which steps of 0 never reach; serving_default
        answers at once.
    """

    def climb(step: tf.Tensor) -> dict[str, tf.Tensor]:
        (reached,) = tf.while_loop(lambda i: i < 10, lambda i: (i + step,), (tf.constant(0),))
        return {"reached": reached}

    def look() -> dict[str, tf.Tensor]:
        return {"version": own_version()}

    return save_signatures(
        folder,
        tf.Module(),
        climb=tf.function(climb).get_concrete_function(step=tf.TensorSpec([], tf.int32)),
        serving_default=tf.function(look).get_concrete_function(),
    )


def test_a_loop_that_zeros_never_end_holds_up_its_version_for_the_time_of_the_warm_up(
    tmp_path: Path,
) -> None:
    base = tmp_path / "climb"
    publish(export_climb(tmp_path / "export"), base, 1)
    with (
        ServerProcess(
            "--model_name=climb", f"--model_base_path={base}", "--synthetic_warmup_seconds=1"
        ) as server,
        Client(server.port) as client,
    ):
        client.wait_until("climb", 1, AVAILABLE)
        lines = server.log()
        begun = lines.index("warm-up: running climb, serving_default with zeros, for 1 s at most")
        ended = lines.index(
            'signature "climb" did not finish within the 1 s of the warm-up, and was ended'
        )
        assert begun < ended < lines.index("version 1: AVAILABLE")
        request = predict_request("climb", step=3)
        request.model_spec.signature_name = "climb"
        assert client.predict(request).outputs["reached"].int_val == [12]
        assert client.predict(predict_request("climb")).outputs["version"].float_val == [1.0]


def test_a_run_of_zeros_that_does_not_end_is_ended(spin: Export, tmp_path: Path) -> None:
    base = tmp_path / "spin"
    publish(export_spin(tmp_path / "export", least_steps=ENDLESS_STEPS), base, 1)
    with (
        ServerProcess(
            "--model_name=spin",
            f"--model_base_path={base}",
            "--synthetic_warmup_seconds=0.3",
            "--file_system_poll_wait_seconds=0.05",
        ) as server,
        Client(server.port) as client,
    ):
        client.wait_until("spin", 1, AVAILABLE)
        server.wait_for_log(
            'signature "serving_default" did not finish within the 0.3 s of the warm-up, and was '
            "ended"
        )
        # The next version is none the worse for it.
        publish(spin, base, 2)
        client.wait_until("spin", 2, AVAILABLE)
        assert client.predict(predict_request("spin", steps=3)).outputs["steps"].int_val == [3]
