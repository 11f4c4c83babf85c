from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.metrics.intervals.draws import draw_counts
from kerastune_ft.metrics.intervals.one_class import Answers, make_sample
from kerastune_ft.metrics.intervals.paired import find_differences

NAMES = ["loss", "accuracy", "macro_f1", "auc"]
COUNT = 60


def answers(seed: int, targets: np.ndarray) -> Answers:
    draw = np.random.default_rng(seed)
    scores = draw.dirichlet(np.ones(3), len(targets)) + 0.3 * np.eye(3)[targets]
    scores /= scores.sum(axis=1, keepdims=True)
    losses = -np.log(scores[np.arange(len(targets)), targets])
    return Answers(targets, scores.argmax(axis=1), scores, losses, 2)


@pytest.fixture(scope="module")
def pair() -> tuple[Answers, Answers]:
    targets = np.arange(COUNT) % 3
    return answers(1, targets), answers(2, targets)


def by_hand(one: Answers, counts: np.ndarray) -> tuple[float, float, float]:
    """Loss, accuracy and macro F1 of drawn examples, each repeated as often as it was drawn."""
    rows = np.repeat(np.arange(COUNT), counts.astype(int))
    wanted, found = one.targets[rows], one.predicted[rows]
    return (
        float(np.mean(one.losses[rows])),
        float(np.mean(wanted == found)),
        float(np.mean([score_class(wanted == each, found == each) for each in np.unique(wanted)])),
    )


def score_class(wanted: np.ndarray, found: np.ndarray) -> float:
    """F1 of one class: 2 TP / (2 TP + FP + FN)."""
    hits, false, missed = np.sum(wanted & found), np.sum(~wanted & found), np.sum(wanted & ~found)
    return float(2 * hits / (2 * hits + false + missed))


@pytest.mark.parametrize("grouped", [False, True])
def test_the_same_examples_are_drawn_for_both(pair: tuple[Answers, Answers], grouped: bool) -> None:
    groups = [f"g{number // 4}" for number in range(COUNT)] if grouped else None
    found = find_differences(*(make_sample(one, NAMES) for one in pair), groups=groups)
    changes = []
    for columns in draw_counts(COUNT, groups):
        for counts in columns.T:
            first, other = (by_hand(one, counts) for one in pair)
            changes.append([b - a for a, b in zip(first, other, strict=True)])
    ends = np.quantile(np.array(changes), [0.025, 0.975], axis=0)
    once = np.ones(COUNT)
    whole = [b - a for a, b in zip(by_hand(pair[0], once), by_hand(pair[1], once), strict=True)]
    for place, name in enumerate(("loss", "accuracy", "macro_f1")):
        assert found[name].value == pytest.approx(whole[place], rel=1e-9)
        assert found[name].interval == pytest.approx(tuple(ends[:, place]), abs=1e-5), name
    assert found["auc"].interval is not None


def test_pairs_are_narrower_than_models_on_their_own(pair: tuple[Answers, Answers]) -> None:
    """A model and the same with two other answers: what is hard for both cancels out."""
    predicted = pair[0].predicted.copy()
    wrong = np.flatnonzero(predicted != pair[0].targets)[:2]
    predicted[wrong] = pair[0].targets[wrong]
    better = pair[0].__class__(pair[0].targets, predicted, pair[0].probabilities, pair[0].losses, 2)
    found = find_differences(make_sample(pair[0], NAMES), make_sample(better, NAMES))["accuracy"]
    assert found.interval is not None and found.interval[1] - found.interval[0] < 0.1
    assert found.value == pytest.approx(2 / COUNT)


def test_the_same_answers_differ_by_exactly_0(pair: tuple[Answers, Answers]) -> None:
    found = find_differences(make_sample(pair[0], NAMES), make_sample(pair[0], NAMES))
    assert all(one.value == 0 and one.interval == (0.0, 0.0) for one in found.values())


def test_of_a_difference_that_is_the_same_in_all_resamples_nothing_is_said() -> None:
    targets = np.zeros(10, int)
    scores = np.tile([[0.7, 0.2, 0.1]], (10, 1))
    right = Answers(targets, targets, scores, np.full(10, 0.5), 2)
    wrong = Answers(targets, targets + 1, scores, np.full(10, 0.5), 2)
    found = find_differences(make_sample(wrong, ["accuracy", "loss"]), make_sample(right, ["accuracy", "loss"]))
    assert found["accuracy"].value == 1 and found["accuracy"].interval is None
    assert found["loss"].interval == (0.0, 0.0)


def test_other_numbers_of_examples_are_no_pairs(pair: tuple[Answers, Answers]) -> None:
    few = answers(3, np.arange(7) % 3)
    with pytest.raises(ValueError, match="60 and 7 examples are no pairs"):
        find_differences(make_sample(pair[0], NAMES), make_sample(few, NAMES))
