"""The census's test split as calls to a server."""

import numpy as np

from trilho.evaluation import figures
from trilho.evaluation.evaluation import Answers, Evaluation, in_batches
from trilho.models.census.config import CensusConfig
from trilho.models.census.reading import digest_of, read

__all__ = ["evaluation"]


def evaluation(config: CensusConfig, source: str, *, rows: int) -> Evaluation:
    """Makes calls of serving_default.

    Args:
        config: The options the model was trained with.
        source: Where the rows are; see `reading.read`.
        rows: People a call.

    Returns:
        The calls; the figures are test_accuracy, test_auc and test_loss.

    Raises:
        TrilhoError: The rows cannot be read.
    """
    people = read(source, test_rows=config.test_rows, split_seed=config.split_seed).test

    def measure(answers: Answers) -> dict[str, float]:
        earns_more = np.concatenate([answer["probability"] for answer in answers])
        scores = np.stack([1 - earns_more, earns_more], axis=1)
        return {
            "test_accuracy": figures.accuracy(people.labels, scores),
            "test_auc": figures.auc(people.labels, earns_more),
            "test_loss": figures.cross_entropy(people.labels, scores),
        }

    return Evaluation(
        questions=in_batches(people.fields, rows=rows), figures=measure, test=digest_of(people)
    )
