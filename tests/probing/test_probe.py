"""Linear probes against scikit-learn, and what is measured of them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError
from kerastune_ft.metrics.intervals.wilson import share_interval
from kerastune_ft.probing.probe import STRENGTHS, fit_probe, headline
from kerastune_ft.training.session.session import Session

Arrays = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def data(session: Session) -> tuple[Arrays, Arrays]:
    """Features of two noisy classes, of very different scales, one of them constant."""
    random = np.random.default_rng(0)
    features, targets = {}, {}
    for split in ("train", "validation"):
        labels = session.source.labels[session.source.splits[split]]
        rows = random.normal(size=(len(labels), 5)) * [1, 100, 0.01, 3, 0] + [0, 7, 0, -5, 2]
        rows[:, 1] += 80 * labels
        features[split], targets[split] = rows.astype(np.float32), labels
    return features, targets


def test_a_probe_is_the_logistic_regression_of_its_strength(session: Session, data: tuple[Arrays, Arrays]) -> None:
    features, targets = data
    found = fit_probe(session, features, targets)
    scaler = StandardScaler().fit(features["train"])
    losses = {}
    for l2 in STRENGTHS:
        # scikit-learn keeps one row of weights for two classes.
        model = LogisticRegression(C=2 / (l2 * len(targets["train"])), tol=1e-8, max_iter=10_000)
        model.fit(scaler.transform(features["train"]), targets["train"])
        losses[l2] = log_loss(targets["validation"], model.predict_proba(scaler.transform(features["validation"])))
    assert found.metrics["loss"] == pytest.approx(losses[found.l2], abs=1e-3)
    weaker = STRENGTHS[STRENGTHS.index(found.l2) + 1 :][:1]
    assert all(losses[found.l2] <= losses[l2] + 1e-4 for l2 in weaker)


def test_kernel_and_bias_are_for_features_as_they_are(session: Session, data: tuple[Arrays, Arrays]) -> None:
    features, targets = data
    found = fit_probe(session, features, targets)
    outputs = features["validation"].astype(np.float64) @ found.kernel + found.bias
    hits = int(np.sum(outputs.argmax(axis=1) == targets["validation"]))
    count = len(targets["validation"])
    assert found.metrics["accuracy"] == hits / count
    assert found.interval == share_interval(hits, count)


def test_tasks_with_masks_have_no_probe(session: Session) -> None:
    assert headline(session.config.task) == ("accuracy", True)
    config = read(
        {
            "task": {"kind": "image_segmentation", "classes": ["a", "b"]},
            "data": {"kind": "folder", "path": "photos"},
            "backbone": {"kind": "applications", "name": "MobileNetV2", "weights": "embedded"},
            "phases": "head",
        }
    )
    with pytest.raises(ConfigError, match=r"image_segmentation has no linear probe.*short runs"):
        headline(config.task)
