"""What scikit-learn makes of the same rows, to tell what the network is worth."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from trilho.data.census import NUMBERS, STRINGS, People
from trilho.evaluation import figures

__all__ = ["Compared", "compare"]

# Of gradient boosting: learning rate and number of trees, which go together.
_CANDIDATES = ((0.1, 100), (0.1, 200), (0.05, 200), (0.05, 400), (0.03, 500))
_ITERATIONS = 2000


@dataclass(frozen=True, kw_only=True)
class Compared:
    """How another model does on the test split.

    Attributes:
        name: Which.
        accuracy: The share of the people that are classified right, 0 to 1.
        auc: The area under the ROC curve, 0 to 1.
        loss: The cross-entropy.
        validation_auc: The AUC on the validation rows, by which options are chosen.
    """

    name: str
    accuracy: float
    auc: float
    loss: float
    validation_auc: float


def compare(train: People, validation: People, test: People, *, seed: int) -> list[Compared]:
    """Trains other models with the network's training rows.

    Args:
        train: Whom to train with.
        validation: Chooses learning rate and number of trees of the gradient boosting.
        test: Whom to measure with.
        seed: Of the gradient boosting.

    Returns:
        Logistic regression (numbers standardized, strings one-hot) and
        HistGradientBoostingClassifier (strings as categories).
    """
    linear = make_pipeline(
        make_column_transformer(
            (StandardScaler(), slice(len(NUMBERS))),
            (OneHotEncoder(handle_unknown="ignore"), slice(len(NUMBERS), None)),
        ),
        LogisticRegression(max_iter=_ITERATIONS),
    )
    linear.fit(_table(train), train.labels)
    boosted = max(_boosted(train, seed), key=lambda model: _auc(model, validation))
    return [
        _measured("logistic_regression", linear, validation, test),
        _measured("gradient_boosting", boosted, validation, test),
    ]


def _boosted(train: People, seed: int) -> Iterator[ClassifierMixin]:
    for learning_rate, trees in _CANDIDATES:
        encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
        model = make_pipeline(
            make_column_transformer(
                ("passthrough", slice(len(NUMBERS))), (encoder, slice(len(NUMBERS), None))
            ),
            HistGradientBoostingClassifier(
                learning_rate=learning_rate,
                max_iter=trees,
                categorical_features=range(len(NUMBERS), len(NUMBERS) + len(STRINGS)),
                early_stopping=False,
                random_state=seed,
            ),
        )
        yield model.fit(_table(train), train.labels)


def _table(people: People) -> np.ndarray:
    columns = [people.fields[name].astype(object) for name in (*NUMBERS, *STRINGS)]
    return np.stack(columns, axis=1)


def _auc(model: ClassifierMixin, people: People) -> float:
    scores = model.predict_proba(_table(people))[:, 1]
    return round(float(roc_auc_score(people.labels, scores)), 6)


def _measured(name: str, model: ClassifierMixin, validation: People, test: People) -> Compared:
    scores = model.predict_proba(_table(test))
    return Compared(
        name=name,
        accuracy=round(float(model.score(_table(test), test.labels)), 6),
        auc=_auc(model, test),
        loss=round(figures.cross_entropy(test.labels, scores), 6),
        validation_auc=_auc(model, validation),
    )
