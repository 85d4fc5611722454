"""Going on with a run only if its rows are still the same ones, wherever they are."""

import json
from pathlib import Path

from google.protobuf import json_format

from trilho.export.provenance import Splits, differing
from trilho.manifest_pb2 import Manifest
from trilho.training.leftovers import CHECKPOINTS, TrainError

__all__ = ["check_data", "keep_data"]

# Beside the checkpoints, as it goes with them.
_NAME = "data.json"


def keep_data(logs_dir: Path, splits: Splits) -> None:
    """Writes down what a run's rows are.

    Args:
        logs_dir: The run's folder; the file is in that of the checkpoints.
        splits: The rows, by the split.
    """
    path = logs_dir / CHECKPOINTS / _NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".tmp")
    text = json_format.MessageToDict(Manifest(splits=splits)).get("splits", {})
    aside.write_text(json.dumps(text, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    aside.rename(path)


def check_data(logs_dir: Path, splits: Splits) -> None:
    """Makes sure that a run goes on with the rows that it began with.

    Args:
        logs_dir: The run's folder.
        splits: The rows that are there now, by the split.

    Raises:
        TrainError: They are other ones than the run's; or what these are cannot be read.
    """
    path = logs_dir / CHECKPOINTS / _NAME
    if not path.is_file():
        return
    try:
        kept = json_format.ParseDict({"splits": json.loads(path.read_text("utf-8"))}, Manifest())
    except (ValueError, json_format.ParseError) as error:
        raise TrainError(f"{path} cannot be read: {error}; --restart begins anew") from error
    if difference := differing(kept.splits, splits):
        raise TrainError(
            f"{logs_dir} has a run of other data, which was and is: {difference}; --restart begins "
            "anew with these"
        )
