#!/usr/bin/env python
"""Measure distances that tell inputs of no class, on classes left out of training: the table of docs/benchmarks.md.

    scripts/measure_unknown.py FEATURES.npz ... [--groups N]

A file holds frozen features, as `x_train` and `x_test`, and the classes, as `y_train` and `y_test`. Each class in turn,
or with --groups each of N random groups of them, is unknown: the distance is fitted to 80 % of the other training
examples, its threshold lets .95 of the rest through, and the test examples of known and unknown classes are told apart.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from sklearn.covariance import ledoit_wolf
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import normalize

from kerastune_ft.metrics.nearest_example import choose_threshold, fit_distance

Score = Callable[[np.ndarray, np.ndarray, Sequence[np.ndarray]], list[np.ndarray]]
"""A function from training features, their classes and arrays of features to their scores, high where unknown."""
LET_THROUGH, HELD_BACK = 0.95, 5


def score_answer(features: np.ndarray, labels: np.ndarray, asked: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return how improbable the answer of a logistic regression is, which needs no distance at all."""
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    model = LogisticRegression(C=0.1, max_iter=100).fit((features - mean) / scale, labels)
    return [-model.predict_proba((each - mean) / scale).max(axis=1) for each in asked]


def score_mahalanobis(features: np.ndarray, labels: np.ndarray, asked: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return the squared distance to the nearest mean of a class by one covariance (Lee et al., 2018), at length 1."""
    known = normalize(features)
    classes, places = np.unique(labels, return_inverse=True)
    means = np.stack([known[places == place].mean(axis=0) for place in range(len(classes))])
    covariance, _ = ledoit_wolf(known - means[places], assume_centered=True)
    variances, directions = np.linalg.eigh(covariance)
    whitening = directions / np.sqrt(np.maximum(variances, variances[-1] * 1e-7))
    means = means @ whitening
    white = [normalize(each) @ whitening for each in asked]
    return [
        ((each**2).sum(axis=1)[:, None] - 2 * each @ means.T + (means**2).sum(axis=1)).min(axis=1) for each in white
    ]


def score_relative(features: np.ndarray, labels: np.ndarray, asked: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return the squared distance less that to the mean of all classes (Ren et al., 2021)."""
    own = score_mahalanobis(features, labels, asked)
    whole = score_mahalanobis(features, np.zeros(len(labels), int), asked)
    return [near - far for near, far in zip(own, whole, strict=True)]


def score_neighbour(features: np.ndarray, labels: np.ndarray, asked: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return the distance of `task.unknown`."""
    distance = fit_distance(features, labels, seed=0)
    return [distance.measure(each) for each in asked]


SCORES: Mapping[str, Score] = {
    "Mahalanobis, length 1": score_mahalanobis,
    "relative Mahalanobis": score_relative,
    "nearest example": score_neighbour,
    "probability of the answer": score_answer,
}


def measure(path: Path, groups: int | None) -> Iterator[tuple[str, np.ndarray]]:
    """Yield for each score AUROC, share of unknown examples caught and of known ones let through, a row per group."""
    with np.load(path) as file:
        train, known, test, wanted = (file[name] for name in ("x_train", "y_train", "x_test", "y_test"))
    train, test = train.astype(np.float64), test.astype(np.float64)
    names = np.random.default_rng(0).permutation(np.unique(known))
    parts = [names[place :: groups or len(names)] for place in range(groups or len(names))]
    for name, score in SCORES.items():
        rows = []
        for left_out in parts:
            is_known, is_old = ~np.isin(known, left_out), ~np.isin(wanted, left_out)
            order = np.random.default_rng(0).permutation(np.flatnonzero(is_known))
            held, fitted = np.split(order, [len(order) // HELD_BACK])
            validation, old, new = score(train[fitted], known[fitted], [train[held], test[is_old], test[~is_old]])
            threshold = choose_threshold(validation, LET_THROUGH)
            auroc = roc_auc_score(np.r_[np.zeros(len(old)), np.ones(len(new))], np.r_[old, new])
            rows.append((auroc, (new > threshold).mean(), (old <= threshold).mean()))
        yield name, np.array(rows)


def main() -> None:
    """Print a table for each file of features."""
    parser = argparse.ArgumentParser(description="measure distances on classes left out of training")
    parser.add_argument("features", nargs="+", type=Path)
    parser.add_argument("--groups", type=int, help="random groups of classes to leave out, by default each class")
    given = parser.parse_args()
    for path in given.features:
        print(f"\n{path.stem}: AUROC (worst group), unknown caught, known let through")
        for name, rows in measure(path, given.groups):
            auroc, caught, passed = rows.mean(axis=0)
            print(f"{name:28} {auroc:.3f} ({rows[:, 0].min():.3f})  {caught:.3f}  {passed:.3f}", flush=True)


if __name__ == "__main__":
    main()
