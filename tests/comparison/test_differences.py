from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.comparison.differences import compare_with_first
from kerastune_ft.comparison.runs import open_runs
from kerastune_ft.errors import DataError
from tests.support.compared_runs import read_rows, write_model


def test_metrics_differ_on_the_same_examples(tmp_path: Path) -> None:
    paths = [write_model(tmp_path / "a", 1), write_model(tmp_path / "b", 2)]
    first, other = open_runs(paths)
    found = compare_with_first(first, [other])[other.name]
    assert list(found) == ["test", "validation"]
    right = [[row["label"] == row["prediction"] for row in read_rows(path)] for path in paths]
    test = found["test"]
    assert test["metrics"]["accuracy"]["first"] == pytest.approx(sum(right[0]) / 27)
    assert test["metrics"]["accuracy"]["difference"] == pytest.approx((sum(right[1]) - sum(right[0])) / 27)
    pairs = list(zip(*right, strict=True))
    assert test["mcnemar"]["only_first"] == pairs.count((True, False))
    assert test["mcnemar"]["only_other"] == pairs.count((False, True))
    assert test["mcnemar"]["p_adjusted"] == test["mcnemar"]["p"]


def test_a_verdict_needs_an_interval_without_0_and_knows_which_way_is_better(tmp_path: Path) -> None:
    one, other = write_model(tmp_path / "a", 1), write_model(tmp_path / "b", 2)
    path = other / "evaluation/predictions.csv"
    head, *lines = path.read_text().splitlines()
    parts = [line.rpartition(",") for line in lines]
    # All losses ten times as large, nothing else.
    path.write_text("\n".join([head, *(f"{start},{10 * float(loss)}" for start, _, loss in parts)]))
    first, worse = open_runs([one, other])
    assert compare_with_first(first, [worse])[worse.name]["test"]["metrics"]["loss"]["verdict"] == "worse"
    assert compare_with_first(worse, [first])[first.name]["test"]["metrics"]["loss"]["verdict"] == "better"
    assert compare_with_first(first, [worse])[worse.name]["test"]["metrics"]["accuracy"]["verdict"] == "unclear"


def test_of_several_runs_p_is_adjusted(tmp_path: Path) -> None:
    first, *others = open_runs([write_model(tmp_path / f"r{draw}", draw) for draw in range(4)])
    found = compare_with_first(first, others)
    plain = sorted(own["test"]["mcnemar"]["p"] for own in found.values())
    adjusted = sorted(own["test"]["mcnemar"]["p_adjusted"] for own in found.values())
    assert adjusted[0] == pytest.approx(min(1.0, 3 * plain[0]))
    assert all(after >= before for before, after in zip(plain, adjusted, strict=True))


def test_examples_that_belong_together_have_no_test_of_independent_ones(tmp_path: Path) -> None:
    paths = [write_model(tmp_path / which, draw, group_size=3) for draw, which in enumerate("ab")]
    first, other = open_runs(paths)
    test = compare_with_first(first, [other])[other.name]["test"]
    assert test["mcnemar"] is None and test["groups"] == 9


def test_without_a_common_test_example_it_is_refused(tmp_path: Path) -> None:
    runs = [write_model(tmp_path / "a", 1, test=range(9)), write_model(tmp_path / "b", 2, test=range(9, 27))]
    first, other = open_runs(runs)
    with pytest.raises(DataError, match="have no test example in common"):
        compare_with_first(first, [other])
