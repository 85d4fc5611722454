"""Beginning a run, or going on with one only if it is the same."""

import json
from pathlib import Path

from trilho.training.checkpoints import Checkpoints
from trilho.training.config import TrainingConfig
from trilho.training.leftovers import (
    CHECKPOINTS,
    METRICS_NAME,
    TrainError,
    check_not_interrupted,
)
from trilho.training.metrics import clear_events

__all__ = ["begin", "check_options", "go_on"]

_OPTIONS_NAME = "options.json"
# Who goes on after a loss that was not finite must say so.
_STOP_ON_NAN = "stop_on_nan"
_STEPS = "steps"


def begin(logs_dir: Path, config: TrainingConfig, *, restart: bool) -> None:
    """Prepares the folder of a run that begins, in which nothing of another one stays.

    Args:
        logs_dir: The folder, made if missing.
        config: The run's options, which are written down.
        restart: Whether what an interrupted run has left is removed.

    Raises:
        TrainError: It has been left by an interrupted run, and `restart` is not set.
    """
    if not restart:
        check_not_interrupted(logs_dir)
    # The checkpoints first, as they are those of the options that are there.
    Checkpoints(logs_dir / CHECKPOINTS).clear()
    clear_events(logs_dir)
    go_on(logs_dir, config)


def go_on(logs_dir: Path, config: TrainingConfig) -> None:
    """Prepares the folder of a run that goes on.

    Args:
        logs_dir: The folder, made if missing.
        config: The run's options, which are written down, as there may be more steps.
    """
    # The figures would say that this run has come to its end.
    (logs_dir / METRICS_NAME).unlink(missing_ok=True)
    logs_dir.mkdir(parents=True, exist_ok=True)
    path = logs_dir / _OPTIONS_NAME
    # Renamed, as other workers may be reading it.
    aside = path.with_suffix(".tmp")
    aside.write_text(json.dumps(config.as_strings(), indent=2) + "\n", encoding="utf-8")
    aside.rename(path)


def check_options(logs_dir: Path, config: TrainingConfig) -> None:
    """Makes sure that a run goes on with the options that it began with, or with more steps.

    Args:
        logs_dir: The run's folder.
        config: The options of now.

    Raises:
        TrainError: There is no run, or it was one of other options.
    """
    path = logs_dir / _OPTIONS_NAME
    if not path.is_file():
        raise TrainError(f"{logs_dir} has no run to resume; give its folder by --logs")
    kept, options = json.loads(path.read_text(encoding="utf-8")), config.as_strings()
    steps = int(kept.pop(_STEPS, 0))
    kept.pop(_STOP_ON_NAN, None)
    for name in (_STOP_ON_NAN, _STEPS):
        options.pop(name)
    changed = [
        f"{name} was {kept.get(name, 'not there')}, not {options.get(name, 'there')}"
        for name in sorted(kept.keys() | options.keys())
        if kept.get(name) != options.get(name)
    ]
    if config.steps < steps:
        changed.append(f"steps was {steps}, not {config.steps}, and can only become more")
    if changed:
        raise TrainError(f"{logs_dir} has a run of other options: {'; '.join(changed)}")
