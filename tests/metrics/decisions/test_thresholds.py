from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.metrics.decisions.curves import trace
from kerastune_ft.metrics.decisions.scored import Scored
from kerastune_ft.metrics.decisions.thresholds import Aim, choose_threshold, describe_aims, place_threshold, read_aim
from kerastune_ft.metrics.intervals.wilson import share_interval

RANDOM = np.random.default_rng(7)


def make_scored(examples: int = 80, digits: int = 2) -> Scored:
    positive = RANDOM.random(examples) < 0.3
    return Scored("ill", positive, np.round(np.clip(RANDOM.normal(0.4 + 0.3 * positive, 0.25), 0, 1), digits))


def rates(scored: Scored, threshold: float) -> tuple[float, float]:
    """Sensitivity and specificity, counted one by one."""
    hits = sum(bool(own) and score >= threshold for own, score in zip(scored.is_positive, scored.scores, strict=True))
    right = sum(not own and score < threshold for own, score in zip(scored.is_positive, scored.scores, strict=True))
    positives = int(scored.is_positive.sum())
    return hits / positives, right / (len(scored.scores) - positives)


@pytest.mark.parametrize("value", [0.05, 0.5, 0.9, 0.95, 1.0])
@pytest.mark.parametrize("digits", [1, 3])
def test_the_best_threshold_that_reaches_the_aim_is_chosen(value: float, digits: int) -> None:
    scored = make_scored(digits=digits)
    tried = [rates(scored, threshold) for threshold in [*np.unique(scored.scores), 1.5]]
    threshold = choose_threshold(scored, Aim("specificity", value))
    sensitivity, specificity = rates(scored, threshold)
    assert specificity >= value - 1e-9
    assert sensitivity == max(found[0] for found in tried if found[1] >= value - 1e-9)
    sensitivity, specificity = rates(scored, choose_threshold(scored, Aim("sensitivity", value)))
    assert sensitivity >= value - 1e-9
    assert specificity == max(found[1] for found in tried if found[0] >= value - 1e-9)


def test_figures_are_of_other_examples_than_the_threshold() -> None:
    chosen, measured = make_scored(), make_scored()
    (row,) = describe_aims([chosen], [measured], [Aim("specificity", 0.9)])
    assert row["threshold"] == choose_threshold(chosen, Aim("specificity", 0.9))
    sensitivity, specificity = rates(measured, row["threshold"])
    assert (row["figures"]["sensitivity"], row["figures"]["specificity"]) == pytest.approx((sensitivity, specificity))
    assert row["chosen_figures"]["specificity"] == pytest.approx(rates(chosen, row["threshold"])[1])
    counts = row["counts"]
    assert sum(counts.values()) == 80
    assert row["figures"]["precision"] == pytest.approx(counts["hits"] / (counts["hits"] + counts["false_alarms"]))
    negative = counts["rejections"] / (counts["rejections"] + counts["misses"])
    assert row["figures"]["negative_precision"] == pytest.approx(negative)
    positives = counts["hits"] + counts["misses"]
    assert row["intervals"]["sensitivity"] == share_interval(counts["hits"], positives)


def test_whole_groups_are_drawn() -> None:
    chosen, measured = make_scored(), make_scored()
    groups = [str(number // 8) for number in range(80)]
    alone, grouped = (describe_aims([chosen], [measured], [Aim("sensitivity", 0.8)], own)[0] for own in (None, groups))
    assert alone["figures"] == grouped["figures"]
    assert alone["intervals"] != grouped["intervals"]


def test_corner_cases() -> None:
    scores = np.array([0.2, 0.5, 0.5, 1.0])
    ill, healthy = Scored("ill", np.ones(4, bool), scores), Scored("ill", np.zeros(4, bool), scores)
    assert choose_threshold(ill, Aim("specificity", 0.9)) is None
    assert choose_threshold(healthy, Aim("sensitivity", 0.9)) is None
    rows = describe_aims([healthy], [ill], [Aim("sensitivity", 0.9), Aim("specificity", 1.0)])
    assert rows[0] == {"class": "ill", "aim": "sensitivity=0.9", "threshold": None}
    # Above 1, so that nothing is taken.
    assert rows[1]["threshold"] > 1
    assert rows[1]["figures"]["sensitivity"] == 0
    assert np.isnan(rows[1]["figures"]["precision"])
    assert "precision" not in rows[1]["intervals"]
    assert describe_aims([], [], [Aim("sensitivity", 0.9)]) == []


def test_thresholds_lie_between_scores() -> None:
    found = trace(Scored("ill", np.array([True, False, True]), np.array([0.2, 0.6, 0.8])))
    assert [place_threshold(found, taken) for taken in range(4)] == pytest.approx([0.9, 0.7, 0.4, 0.1])
    neighbours = np.array([0.5, np.nextafter(0.5, 1)])
    found = trace(Scored("ill", np.array([True, False]), neighbours))
    assert place_threshold(found, 1) == neighbours[1]
    found = trace(Scored("ill", np.array([True, False]), np.zeros(2)))
    assert place_threshold(found, 1) == 0


@pytest.mark.parametrize("text", ["specificity=0.9", " sensitivity =1"])
def test_aims_are_read(text: str) -> None:
    assert str(read_aim(text)) == text.replace(" ", "")


@pytest.mark.parametrize(
    "text", ["accuracy=0.9", "specificity", "specificity=90", "specificity=0", "sensitivity=x", "sensitivity=nan"]
)
def test_other_aims_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no aim"):
        read_aim(text)
