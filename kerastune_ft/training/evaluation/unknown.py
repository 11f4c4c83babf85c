"""Fits the distance of `task.unknown` after the last phase, and measures it on splits."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.metrics.nearest_example import choose_threshold, fit_distance
from kerastune_ft.metrics.unknown_counts import describe_unknown
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.saved_model.head_features import ALONE, find_head_features
from kerastune_ft.saved_model.unknown import FIT, UnknownAnswers
from kerastune_ft.training.devices.devices import Devices
from kerastune_ft.training.features.feed import Feed, compute_supply
from kerastune_ft.training.features.prefix import as_float
from kerastune_ft.training.phase.evaluate import Evaluated, evaluate_split
from kerastune_ft.training.plan.phase_plan import EvaluationPlan
from kerastune_ft.training.plan.unknown import MOST_FITTED
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.watch import Watcher

COUNTS = "evaluation/unknown.json"


@dataclass(frozen=True)
class FoundUnknown:
    """Unknown answers of a run that has just been trained."""

    answers: UnknownAnswers
    distances: Mapping[str, np.ndarray]
    """The distance of every example, by split."""
    fitted: int
    """The number of training examples that the distance was fitted to."""
    chosen_on: str = "validation"
    """The split whose distances give the threshold."""

    def columns(self, split: str) -> dict[str, np.ndarray]:
        """Return the columns of a split for predictions.csv."""
        return self.answers.columns(self.distances[split])

    def to_json(self) -> dict[str, Any]:
        """Return what evaluation/unknown.json says."""
        return {
            "method": "distance of features of length 1 to the nearest training example" + self._describe_members(),
            "fitted_to": self.fitted,
            "kept": self.answers.size,
            "let_through": self.answers.let_through,
            "threshold": self.answers.threshold,
            "threshold_lies": f"half way from the last {self.chosen_on} example that is let through to the next",
            "splits": {
                split: {"examples": len(found), "unknown": int((found > self.answers.threshold).sum())}
                for split, found in self.distances.items()
            },
        }

    def _describe_members(self) -> str:
        members = len(self.answers.places)
        return f", the mean over {members} members" if members > 1 else ""


class FeatureStep:
    """The compiled call that gives the features entering the head, in the place of a phase's step."""

    def __init__(self, devices: Devices, tail: keras.Model, places: Sequence[str] = ALONE) -> None:
        """`tail` is what follows the features of the feed; the head is its end, or those of members at `places`."""
        self._devices = devices
        self._model = keras.Model(tail.input, find_head_features(tail, places))
        self._call = tf.function(self._run, autograph=False)

    def measure(self, features: Any, targets: Any) -> Any:
        """Return the `features` that enter the head, divided over the replicas as the batch is."""
        return self._call(features)

    def find_many(self, rows: int) -> None:
        """Return nothing: every batch is a call of its own."""

    def _run(self, features: Any) -> Any:
        return self._devices.strategy.run(self._run_replica, args=(features,))

    def _run_replica(self, features: Any) -> dict[str, tf.Tensor]:
        return {"features": self._model(tf.nest.map_structure(as_float, features), training=False)}


def find_unknown(
    session: Session,
    plan: EvaluationPlan,
    evaluated: Mapping[str, Evaluated],
    share: float,
    watch: Watcher,
    feed: Feed | None = None,
    threshold: float | None = None,
    chosen_on: str = "validation",
) -> FoundUnknown:
    """Return the distance fitted to the training examples, its threshold and the distances of the measured splits.

    `share` is that of the examples of the split `chosen_on` which are let through; `threshold` was chosen by it before,
    where the model has been trained on these examples since. `feed` is that of the last phase, whose stores
    are read where they hold the training examples as they are; else these are computed once.
    """
    plain = feed or make_feed(session, plan)
    # Stores of augmented training examples are other ones than those of validation and test.
    training = plain if plain.plain is plain.training else replace(plain, plain=plain.plain.without_stores())
    step = FeatureStep(session.devices, plan.partition.tail)
    indices = choose_training_examples(session.source.splits["train"], session.config.seed)
    features = _measure(session, plan, training, step, indices, "fitting the distance", watch)
    labels = np.asarray(session.source.labels)[indices]
    distance = fit_distance(features, labels, session.config.seed)
    distances = {
        split: distance.measure(_measure(session, plan, plain, step, each.indices, f"distances of {split}", watch))
        for split, each in evaluated.items()
    }
    threshold = choose_threshold(distances[chosen_on], share) if threshold is None else threshold
    return FoundUnknown(UnknownAnswers.of(distance, threshold, share), distances, len(indices), chosen_on)


def find_distances(
    session: Session, plan: EvaluationPlan, answers: UnknownAnswers, place: str, indices: np.ndarray, watch: Watcher
) -> np.ndarray:
    """Return the distances of examples that a finished run gives; `place` is what progress calls them."""
    step = FeatureStep(session.devices, plan.partition.tail, answers.places)
    feed, work = make_feed(session, plan), f"distances of {place}"
    return answers.measure(_measure(session, plan, feed, step, indices, work, watch))


def count_unknown(
    session: Session, plan: EvaluationPlan, answers: UnknownAnswers, place: str, indices: np.ndarray, watch: Watcher
) -> str:
    """Return a sentence on how many of these examples of a split or of other data are unknown to a finished run."""
    found = find_distances(session, plan, answers, place, indices, watch)
    return describe_unknown(place, len(indices), int((found > answers.threshold).sum()))


def choose_training_examples(indices: Sequence[int] | np.ndarray, seed: int) -> np.ndarray:
    """Return the training examples to fit to: all, or so many that memory holds them, drawn by the run's seed."""
    known = np.asarray(indices)
    if len(known) <= MOST_FITTED:
        return known
    return np.sort(np.random.default_rng(seed).choice(known, MOST_FITTED, replace=False))


def write_unknown(run: RunDirectory, found: FoundUnknown) -> None:
    """Write the fitted distance and how many examples of each split are unknown."""
    run.commit(FIT, found.answers.to_bytes())
    run.commit_json(COUNTS, found.to_json())


def make_feed(session: Session, plan: EvaluationPlan) -> Feed:
    """Return a feed that computes all features from inputs."""
    supply = compute_supply(session, plan.cut, plan.chunk)
    return Feed(session.devices, supply, supply)


def _measure(
    session: Session,
    plan: EvaluationPlan,
    feed: Feed,
    step: FeatureStep,
    indices: np.ndarray,
    work: str,
    watch: Watcher,
) -> np.ndarray:
    progress = functools.partial(watch.work, work)
    return evaluate_split(step, session.devices, feed, indices, plan.batch_size, progress).measured["features"]
