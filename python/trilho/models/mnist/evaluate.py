"""MNIST's test images as calls to a server."""

from pathlib import Path

import numpy as np

from trilho.data import mnist
from trilho.evaluation import figures
from trilho.evaluation.evaluation import Answers, Evaluation, in_batches
from trilho.export.provenance import digest
from trilho.training.config import TrainingConfig

__all__ = ["evaluation"]


def evaluation(config: TrainingConfig, source: str, *, rows: int) -> Evaluation:
    """Makes calls of serving_default.

    Args:
        config: The options the model was trained with; the test split is the same for all.
        source: Where the IDX files are.
        rows: Images a call.

    Returns:
        The calls; the figures are test_accuracy and test_loss.

    Raises:
        DataError: The files cannot be read.
    """
    del config
    images, labels = mnist.load_test(Path(source))

    def measure(answers: Answers) -> dict[str, float]:
        scores = np.concatenate([answer["value"] for answer in answers])
        return {
            "test_accuracy": figures.accuracy(labels, scores),
            "test_loss": figures.cross_entropy(labels, scores),
        }

    return Evaluation(
        questions=in_batches({"image_data": mnist.pixels(images)}, rows=rows),
        figures=measure,
        test=digest((images, labels)),
    )
