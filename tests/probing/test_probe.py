"""Linear probes against scikit-learn, and what is measured of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError
from kerastune_ft.metrics.intervals.wilson import share_interval
from kerastune_ft.probing.probe import STRENGTHS, fit_probe, headline
from kerastune_ft.training.session.session import Session
from tests.support.probe_sessions import image_document, open_session

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
    rows = {split: scaler.transform(values) for split, values in features.items()}
    losses, held_out = {}, {}
    for l2 in STRENGTHS:
        losses[l2] = -np.log(_fit(l2, rows["train"], targets["train"], rows["validation"], targets["validation"]))
        folds = np.arange(len(rows["train"])) % 5
        held_out[l2] = np.concatenate(
            [losses[l2]]
            + [
                -np.log(
                    _fit(
                        l2, rows["train"][folds != fold], targets["train"][folds != fold],
                        rows["train"][folds == fold], targets["train"][folds == fold],
                    )
                )
                for fold in range(5)
            ]
        ).mean()  # fmt: skip
    assert found.metrics["loss"] == pytest.approx(losses[found.l2].mean(), abs=1e-3)
    assert found.losses == pytest.approx(losses[found.l2], abs=3e-3)
    weaker = STRENGTHS[STRENGTHS.index(found.l2) + 1 :][:1]
    assert all(held_out[found.l2] <= held_out[l2] + 1e-4 for l2 in weaker)


def _fit(l2: float, rows: np.ndarray, labels: np.ndarray, others: np.ndarray, their: np.ndarray) -> np.ndarray:
    """The probability of the right class by scikit-learn, which keeps one row of weights for two classes."""
    model = LogisticRegression(C=2 / (l2 * len(rows)), tol=1e-8, max_iter=10_000).fit(rows, labels)
    return np.asarray(model.predict_proba(others)[np.arange(len(their)), their])


def test_a_probe_of_values_is_ridge_regression(folder: Path) -> None:
    session, features, targets = _open_other(folder, {"kind": "image_regression"}, lambda wanted: wanted[:, :1])
    found = fit_probe(session, features, targets, (0.1,))
    mean, deviation = (getattr(features["train"], name)(axis=0, dtype=np.float64) for name in ("mean", "std"))
    rows = {split: (values - mean) / deviation for split, values in features.items()}
    model = Ridge(alpha=0.1 * len(rows["train"]) / 2).fit(rows["train"], targets["train"])
    outputs = model.predict(rows["validation"]).reshape(-1, 1)
    assert found.losses == pytest.approx(np.square(outputs - targets["validation"]).mean(axis=1), abs=2e-2)
    assert found.metrics["loss"] == pytest.approx(found.losses.mean(), abs=1e-6)


def test_a_probe_of_several_labels_is_a_logistic_regression_of_each(folder: Path) -> None:
    task = {"kind": "image_classification", "multi_label": True}
    session, features, targets = _open_other(folder, task, lambda wanted: (wanted > 0).astype(np.float32))
    found = fit_probe(session, features, targets, (0.1,))
    scaler = StandardScaler().fit(features["train"])
    rows = {split: scaler.transform(values) for split, values in features.items()}
    right = [
        _fit(0.2 / 2 * 2 * 2, rows["train"], targets["train"][:, label].astype(int), rows["validation"],
             targets["validation"][:, label].astype(int))
        for label in range(2)
    ]  # fmt: skip
    assert found.losses == pytest.approx(-np.log(np.stack(right)).mean(axis=0), abs=2e-2)


def _open_other(
    folder: Path, task: dict[str, Any], label: Callable[[np.ndarray], np.ndarray]
) -> tuple[Session, Arrays, Arrays]:
    """A session of another task, and features and targets of its splits that a linear model fits in part."""
    made = image_document(folder)
    random = np.random.default_rng(0)
    wanted = random.normal(size=(70, 2))
    np.savez(folder / "other.npz", x=np.zeros((70, 8, 8, 3), np.uint8), y=label(wanted))
    made["data"]["path"], made["task"] = str(folder / "other.npz"), task
    session = open_session(made)
    rows = (wanted @ random.normal(size=(2, 4)) + random.normal(size=(70, 4))).astype(np.float32)
    splits = {split: session.source.splits[split] for split in ("train", "validation")}
    return (
        session,
        {split: rows[places] for split, places in splits.items()},
        {split: label(wanted)[places].astype(np.float32) for split, places in splits.items()},
    )


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
