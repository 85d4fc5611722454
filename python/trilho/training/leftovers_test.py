from pathlib import Path

import pytest

from trilho.training.leftovers import TrainError, check_not_interrupted, has_checkpoint


def test_a_folder_without_a_checkpoint_has_nothing_to_lose(tmp_path: Path) -> None:
    check_not_interrupted(tmp_path / "missing")
    # As a run leaves it that was ended before its first checkpoint.
    (tmp_path / "checkpoints" / "mnist").mkdir(parents=True)
    (tmp_path / "options.json").touch()
    assert not has_checkpoint(tmp_path)
    check_not_interrupted(tmp_path)


def test_checkpoints_are_lost_only_if_their_run_came_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "checkpoints" / "mnist").mkdir(parents=True)
    (tmp_path / "checkpoints" / "mnist" / "checkpoint").touch()
    assert has_checkpoint(tmp_path)
    with pytest.raises(TrainError, match=r"interrupted run: --resume goes on .* --restart begins"):
        check_not_interrupted(tmp_path)

    (tmp_path / "metrics.json").touch()
    check_not_interrupted(tmp_path)
