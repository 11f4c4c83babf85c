from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pytest
from sklearn import metrics

from kerastune_ft.metrics import one_class
from kerastune_ft.metrics.intervals.base import Sample, average, find_intervals
from kerastune_ft.metrics.intervals.draws import draw_counts
from kerastune_ft.metrics.intervals.one_class import Answers, make_sample
from kerastune_ft.rules import FIRST, NEWEST

NAMES = ("loss", "accuracy", "macro_f1", "auc", "balanced_accuracy", "kappa", "log_loss", "average_precision")
RANDOM = np.random.default_rng(4)
COUNTS = np.concatenate(list(draw_counts(60, resamples=10)), axis=1)


def make_answers(classes: int, positive: int, examples: int = 60) -> Answers:
    """Answers that are right more often than not, with a class that is rare."""
    shares = np.array([0.1] + [0.9 / (classes - 1)] * (classes - 1))
    targets = RANDOM.choice(classes, examples, p=shares)
    targets[:classes] = np.arange(classes)
    logits = RANDOM.normal(size=(examples, classes)) + np.eye(classes)[targets]
    probabilities = one_class.softmax(logits)
    losses = one_class.losses(targets, logits)
    return Answers(targets, probabilities.argmax(axis=1), probabilities, losses, positive)


def evaluate(sample: Sample, counts: np.ndarray) -> dict[str, np.ndarray]:
    """All metrics of a sample, each [resamples]."""
    plain = {name: average(values, counts) for name, values in {**sample.means, **sample.proportions}.items()}
    assert sample.rank is not None
    return plain | dict(sample.compute(counts)) | dict(sample.rank(counts))


def score_rows(answers: Answers, rows: Sequence[int]) -> dict[str, float]:
    """The metrics of some rows, by scikit-learn; of what a class is missing for, over the other classes."""
    wanted, predicted, scores = answers.targets[rows], answers.predicted[rows], answers.probabilities[rows]
    classes = np.unique(wanted)
    own = [answers.positive] if scores.shape[1] == 2 else classes
    return {
        "loss": metrics.log_loss(wanted, scores, labels=np.arange(scores.shape[1])),
        "log_loss": metrics.log_loss(wanted, scores, labels=np.arange(scores.shape[1])),
        "accuracy": metrics.accuracy_score(wanted, predicted),
        "macro_f1": metrics.f1_score(wanted, predicted, labels=classes, average="macro", zero_division=0),
        "balanced_accuracy": metrics.balanced_accuracy_score(wanted, predicted),
        "kappa": metrics.cohen_kappa_score(wanted, predicted),
        "auc": np.mean([metrics.roc_auc_score(wanted == one, scores[:, one]) for one in own]),
        "average_precision": np.mean(
            [metrics.average_precision_score(wanted == one, scores[:, one]) if one in wanted else np.nan for one in own]
        ),
    }


@pytest.mark.parametrize(("classes", "positive"), [(2, 0), (2, 1), (4, 3)])
def test_metrics_are_those_of_scikit_learn_on_the_drawn_rows(classes: int, positive: int) -> None:
    answers = make_answers(classes, positive)
    found = evaluate(make_sample(answers, NAMES), COUNTS)
    with warnings.catch_warnings():
        # Of predicted classes that were not drawn.
        warnings.simplefilter("ignore", UserWarning)
        expected = [score_rows(answers, np.repeat(np.arange(60), counts.astype(int))) for counts in COUNTS.T]
    for name in NAMES:
        assert found[name] == pytest.approx([each[name] for each in expected], rel=1e-9, nan_ok=True), name


def test_metrics_of_all_examples_are_those_of_the_run() -> None:
    for classes in (2, 5):
        answers = make_answers(classes, 1)
        found = evaluate(make_sample(answers, NAMES), np.ones((60, 1)))
        own = one_class.score_probabilities(answers.targets, answers.predicted, answers.probabilities, 1)
        assert {name: found[name][0] for name in own} == pytest.approx(own)


def test_macro_f1_is_over_predicted_classes_too_by_the_first_rules() -> None:
    answers = make_answers(4, 3)
    counts = COUNTS * (answers.targets != 0)[:, np.newaxis]
    first, newest = (make_sample(answers, ["macro_f1"], rules).compute(counts)["macro_f1"] for rules in (FIRST, NEWEST))
    for resample, drawn in enumerate(counts.T.astype(int)):
        wanted, predicted = np.repeat(answers.targets, drawn), np.repeat(answers.predicted, drawn)
        assert first[resample] == pytest.approx(metrics.f1_score(wanted, predicted, average="macro", zero_division=0))
    assert (first < newest).any()


def test_sensitivity_and_specificity_are_shares_of_their_class() -> None:
    answers = make_answers(2, 0)
    found = find_intervals(make_sample(answers, ["accuracy", "sensitivity", "specificity"]))
    right = answers.targets == answers.predicted
    for name, chosen in (("sensitivity", answers.targets == 0), ("specificity", answers.targets == 1)):
        share = right[chosen].mean()
        low, high = found[name]
        assert low < share < high
        # The ends solve a quadratic equation, see `share_interval`; the fewer examples, the farther they are apart.
        assert (low - share) ** 2 == pytest.approx(1.959964**2 * low * (1 - low) / chosen.sum(), rel=1e-4)
    assert list(found) == ["accuracy", "sensitivity", "specificity"]


def test_five_best_classes_are_the_first_of_equal_ones() -> None:
    targets = np.array([5, 4, 0, 6])
    probabilities = np.full((4, 7), 1 / 7)
    probabilities[3] = [0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.3]
    answers = Answers(targets, probabilities.argmax(axis=1), probabilities, np.zeros(4), 6)
    hits = make_sample(answers, ["top_5_accuracy"]).proportions["top_5_accuracy"]
    # By hand: classes 0 to 4 are the best of seven equal ones.
    assert hits.tolist() == [0, 1, 1, 1]
    random = make_answers(8, 7)
    hits = make_sample(random, ["top_5_accuracy"]).proportions["top_5_accuracy"]
    expected = metrics.top_k_accuracy_score(random.targets, random.probabilities, k=5, labels=np.arange(8))
    assert hits.mean() == pytest.approx(expected)


def test_constant_predictions() -> None:
    targets = np.array([0, 1, 1, 1])
    probabilities = np.tile([0.25, 0.75], (4, 1))
    answers = Answers(targets, np.ones(4, int), probabilities, -np.log(probabilities[np.arange(4), targets]), 1)
    found = evaluate(make_sample(answers, NAMES), np.ones((4, 1)))
    assert found["balanced_accuracy"] == pytest.approx(0.5)
    assert found["kappa"] == pytest.approx(0)
    assert found["auc"] == pytest.approx(0.5)
    assert found["average_precision"] == pytest.approx(0.75)


def test_one_class_alone() -> None:
    probabilities = np.tile([0.2, 0.8], (3, 1))
    answers = Answers(np.ones(3, int), np.ones(3, int), probabilities, np.array([0.2, 0.3, 0.1]), 1)
    found = evaluate(make_sample(answers, NAMES), np.ones((3, 1)))
    assert np.isnan(found["kappa"]).all()
    assert np.isnan(found["auc"]).all()
    assert found["balanced_accuracy"] == pytest.approx(1)
    assert set(find_intervals(make_sample(answers, NAMES))) == {"loss", "log_loss", "accuracy"}
