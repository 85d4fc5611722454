import dataclasses
from pathlib import Path

import pytest

from trilho.training.config import TrainingConfig
from trilho.training.overrides import (
    OptionError,
    describe,
    parse_assignments,
    read_file,
    resolve,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Config(TrainingConfig):
    """Options.

    Attributes:
        hidden: Units of each
            layer.
        wide: Whether there is a wide part.
        dropout: By default as the layers want it.
    """

    steps: int = 7
    hidden: tuple[int, ...] = (64, 32)
    wide: bool = True
    optimizer: str = "adam"
    dropout: float | None = None


def _set(*assignments: str) -> _Config:
    config = resolve(_Config, parse_assignments(assignments))
    assert isinstance(config, _Config)
    return config


def test_values_have_the_types_of_the_options() -> None:
    config = _set("hidden=8,4", "wide=false", "learning-rate=1e-2", "optimizer=1", "steps=3")
    assert config.hidden == (8, 4)
    assert config.wide is False
    assert config.learning_rate == 0.01
    assert config.optimizer == "1"
    assert config.steps == 3
    assert config.dropout is None
    assert _set("dropout=0.5").dropout == 0.5
    assert _set("dropout=null").dropout is None
    assert _set("hidden=8").hidden == (8,)
    assert _set("hidden=[8, 4]").hidden == (8, 4)


def test_later_layers_win(tmp_path: Path) -> None:
    file = tmp_path / "options.yaml"
    file.write_text("steps: 3\nseed: 5\nhidden: [16]\n")
    config = resolve(_Config, read_file(file), {"steps": 4}, parse_assignments(["steps=5"]))
    assert (config.steps, config.seed, config.batch_size) == (5, 5, 128)


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("hiden=3", 'no option "hiden"; did you mean "hidden"?'),
        ("steps=2.5", "steps is 2.5: input should be a valid integer"),
        ("steps=true", "steps cannot be true"),
        ("wide=maybe", "wide is maybe: input should be a valid boolean"),
        ("hidden=8,x", "hidden is x: input should be a valid integer"),
        ("learning_rate=fast", "learning_rate is fast: input should be a valid number"),
        ("steps=0", "steps must be more than 0, not 0"),
        ("steps", '"steps" is no assignment; expected key=value'),
        ("steps=[", "is no YAML"),
    ],
)
def test_what_does_not_suit_is_told(assignment: str, message: str) -> None:
    with pytest.raises(OptionError) as failed:
        _set(assignment)
    assert message in str(failed.value)


def test_all_that_does_not_suit_is_told_at_once() -> None:
    with pytest.raises(OptionError, match=r"steps is x: .*; There is no option \"hiden\""):
        _set("steps=x", "hiden=3")


@pytest.mark.parametrize("text", ["- 1\n", "a: [\n"])
def test_a_file_of_something_else_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "options.yaml"
    file.write_text(text)
    with pytest.raises(OptionError, match=r"options\.yaml"):
        read_file(file)


def test_options_are_described_by_the_docstrings() -> None:
    described = {name: (default, text) for name, default, text in describe(_Config)}
    assert list(described)[:3] == ["hidden", "wide", "optimizer"]
    assert described["hidden"] == ("64,32", "Units of each layer.")
    assert described["wide"][0] == "true"
    assert described["dropout"][0] == "null"
    assert described["steps"] == ("7", "How many batches to train with at most.")
