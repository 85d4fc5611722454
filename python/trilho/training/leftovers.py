"""What an earlier run has left in a run's folder, told without TensorFlow."""

from pathlib import Path

from trilho.errors import TrilhoError

__all__ = [
    "CHECKPOINTS",
    "METRICS_NAME",
    "TrainError",
    "check_not_interrupted",
    "has_checkpoint",
]

CHECKPOINTS = "checkpoints"
METRICS_NAME = "metrics.json"


class TrainError(TrilhoError):
    """A run cannot begin, or cannot go on."""


def has_checkpoint(logs_dir: Path) -> bool:
    """Tells whether `run.train` would find something to resume in a run's folder."""
    return any((logs_dir / CHECKPOINTS).glob("*/checkpoint"))


def check_not_interrupted(logs_dir: Path) -> None:
    """Makes sure that nobody's work is lost when a run begins anew.

    Args:
        logs_dir: The run's folder; may be missing.

    Raises:
        TrainError: It has the checkpoints of a run that has not come to its end.
    """
    if has_checkpoint(logs_dir) and not (logs_dir / METRICS_NAME).exists():
        raise TrainError(
            f"{logs_dir} has checkpoints of an interrupted run: --resume goes on with it, "
            "--restart begins anew and removes them"
        )
