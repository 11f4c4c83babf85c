from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from kerastune_ft.metrics.intervals.base import Sample, find_intervals
from kerastune_ft.metrics.intervals.draws import draw_counts
from kerastune_ft.metrics.intervals.ranking import Ranking
from kerastune_ft.metrics.subgroups import EMPTY, compare_subgroups, name_subgroups, part_by_text

RANDOM = np.random.default_rng(13)
HITS, LOSSES = (RANDOM.random(60) < 0.7).astype(float), RANDOM.random(60)
POSITIVE, SCORES = RANDOM.random(60) < 0.5, RANDOM.random(60)
SEX = ["F" if number % 3 else "M" for number in range(60)]


def take(rows: np.ndarray) -> tuple[Mapping[str, float], Sample]:
    ranking = Ranking(SCORES[rows], POSITIVE[rows])
    sample = Sample(
        len(rows),
        proportions={"accuracy": HITS[rows]},
        means={"loss": LOSSES[rows]},
        rank=lambda counts: ranking.compute(counts, ["auc"]),
    )
    auc = float(ranking.compute(np.ones((len(rows), 1)), ["auc"])["auc"][0])
    return {"accuracy": HITS[rows].mean(), "loss": LOSSES[rows].mean(), "auc": auc}, sample


@pytest.mark.parametrize("groups", [None, [str(number // 4) for number in range(60)]])
def test_parts_and_their_difference_to_the_rest(groups: list[str] | None) -> None:
    rows = compare_subgroups(part_by_text(SEX), take, groups)
    assert [row["subgroup"] for row in rows] == ["F", "M"]
    inside = np.array([sex == "M" for sex in SEX])
    found, places = rows[1], np.flatnonzero(inside)
    assert (found["examples"], found["few"]) == (20, True)
    assert found["metrics"]["accuracy"] == HITS[inside].mean()
    own = None if groups is None else [groups[place] for place in places]
    ends = find_intervals(take(places)[1], own)
    assert found["intervals"]["accuracy"] == ends["accuracy"]
    counts = np.concatenate(list(draw_counts(60, groups)), axis=1)
    for metric, values in (("accuracy", HITS), ("loss", LOSSES)):
        drawn = [
            (values[inside] @ own[inside]) / own[inside].sum() - (values[~inside] @ own[~inside]) / own[~inside].sum()
            for own in counts.T
        ]
        difference = found["differences"][metric]
        assert difference["value"] == pytest.approx(values[inside].mean() - values[~inside].mean())
        assert list(difference["interval"]) == pytest.approx(list(np.quantile(drawn, [0.025, 0.975])), rel=1e-4)
    assert found["differences"]["auc"]["interval"] is not None
    # The same the other way round.
    assert rows[0]["differences"]["loss"]["value"] == pytest.approx(-found["differences"]["loss"]["value"])


def test_one_subgroup_alone_has_no_rest() -> None:
    (row,) = compare_subgroups(part_by_text(["all"] * 60), take)
    assert row["differences"] == {}
    assert row["metrics"]["loss"] == LOSSES.mean()


def test_a_metric_that_is_undefined_in_a_part_has_neither_interval_nor_difference() -> None:
    labels = ["ill" if flag else "healthy" for flag in POSITIVE]
    for row in compare_subgroups(part_by_text(labels), take):
        assert np.isnan(row["metrics"]["auc"])
        assert "auc" not in row["intervals"] and "auc" not in row["differences"]


def test_subgroups_may_overlap_and_be_empty() -> None:
    parts = {"ill": POSITIVE, "right": HITS > 0, "none": np.zeros(60, bool)}
    rows = compare_subgroups(parts, take)
    assert [(row["subgroup"], row["examples"]) for row in rows] == [
        ("ill", POSITIVE.sum()),
        ("right", (HITS > 0).sum()),
    ]


def test_nothing_is_drawn_of_few_examples() -> None:
    few = np.arange(60) < 9
    row, _ = compare_subgroups({"few": few, "others": ~few}, take)
    assert list(row["intervals"]) == ["accuracy"]
    assert all(each["interval"] is None for each in row["differences"].values())
    groups = [str(number // 15) for number in range(60)]
    row, _ = compare_subgroups(part_by_text(SEX), take, groups)
    assert row["differences"]["loss"]["interval"] is None


def test_texts_are_subgroups_and_many_numbers_are_ranges() -> None:
    assert name_subgroups(["a", " b ", "", "a"]) == ["a", "b", EMPTY, "a"]
    assert name_subgroups(["1", "2", "10"]) == ["1", "2", "10"]
    ages = [str(age) for age in range(20, 100)]
    found = name_subgroups([*ages, ""])
    assert found[-1] == EMPTY
    assert list(dict.fromkeys(found[:-1])) == ["20 to 39", "40 to 59", "60 to 79", "80 to 99"]
    days = [str(20240100 + day) for day in range(1, 29)]
    assert list(dict.fromkeys(name_subgroups(days)))[:2] == ["20240101 to 20240107", "20240108 to 20240114"]
    skewed = name_subgroups([*["0"] * 90, *[str(number / 2) for number in range(1, 20)]])
    assert skewed[0] == "0"
    assert len(set(skewed)) == 2
    assert name_subgroups([]) == []


def test_too_many_subgroups_are_refused() -> None:
    with pytest.raises(ValueError, match="41 different values"):
        name_subgroups([f"p{number}" for number in range(41)])
