from __future__ import annotations

import csv
from pathlib import Path

import pytest

from kerastune_ft.comparison.match_examples import explain_nothing_common, match_examples
from kerastune_ft.comparison.runs import ComparedRun, open_runs
from kerastune_ft.errors import DataError
from tests.support import run_files
from tests.support.compared_runs import write_model


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def name(run: ComparedRun, places: list[int]) -> list[str]:
    return [run.results["test"][place]["input"] for place in places]


def test_examples_in_another_order_are_the_same(tmp_path: Path) -> None:
    order = list(range(27))[::-1]
    one, other = open_runs([write_model(tmp_path / "a", 1), write_model(tmp_path / "b", 2, test=order)])
    common = match_examples(one, other, "test")
    assert len(common) == 27 and common.is_sure and common.sizes == (27, 27)
    assert name(one, common.places[0]) == name(other, common.places[1])
    assert common.places[1] == order


def test_partly_overlapping_sets_have_the_common_ones(tmp_path: Path) -> None:
    runs = [write_model(tmp_path / "a", 1, test=range(20)), write_model(tmp_path / "b", 2, test=range(15, 27))]
    common = match_examples(*open_runs(runs), "test")
    assert (common.places, common.sizes) == (([15, 16, 17, 18, 19], [0, 1, 2, 3, 4]), (20, 12))


def test_without_a_common_example_it_is_said_why(tmp_path: Path) -> None:
    runs = [write_model(tmp_path / "a", 1, test=range(5)), write_model(tmp_path / "b", 2, test=range(5, 9))]
    one, other = open_runs(runs)
    assert len(match_examples(one, other, "test")) == 0
    error = explain_nothing_common(one, other, "test")
    assert isinstance(error, DataError) and "divide the same data otherwise (seeds 7 and 7" in str(error)


def test_names_of_places_tell_nothing_of_other_data(tmp_path: Path) -> None:
    runs = [
        write_model(tmp_path / which, number, fingerprint=which * 64, input_name="row {number}")
        for number, which in enumerate("ab")
    ]
    one, other = open_runs(runs)
    assert len(match_examples(one, other, "test")) == 0, "row 3 of another table is another example"
    assert "named by their place" in str(explain_nothing_common(one, other, "test"))


def test_files_of_other_data_are_the_same_by_name_and_label_and_that_is_not_sure(tmp_path: Path) -> None:
    runs = [write_model(tmp_path / which, number, fingerprint=which * 64) for number, which in enumerate("ab")]
    common = match_examples(*open_runs(runs), "test")
    assert len(common) == 27 and not common.is_sure


def test_of_equal_examples_the_first_is_paired_with_the_first(tmp_path: Path) -> None:
    runs = [write_model(tmp_path / which, number, input_name="{label}.png") for number, which in enumerate("ab")]
    assert match_examples(*open_runs(runs), "test").places == (list(range(27)), list(range(27)))
    fewer = write_model(tmp_path / "c", 2, input_name="{label}.png", test=range(2, 27))
    one, other = open_runs([runs[0], fewer])
    common = match_examples(one, other, "test")
    assert len(common) == 25 and len(set(common.places[0])) == len(set(common.places[1])) == 25, "none counts twice"
    labels = [
        [run.splits["test"][place]["label"] for place in places]
        for run, places in zip((one, other), common.places, strict=True)
    ]
    assert labels[0] == labels[1]


def test_groups_of_one_run_hold_for_both(tmp_path: Path) -> None:
    grouped, plain = write_model(tmp_path / "a", 1, group_size=3), write_model(tmp_path / "b", 2)
    rows = read_csv(plain / "splits.csv")
    run_files.write_csv(
        plain / "splits.csv", [{key: cell for key, cell in row.items() if key != "group"} for row in rows]
    )
    for runs in ([grouped, plain], [plain, grouped]):
        groups = match_examples(*open_runs(runs), "test").groups
        assert groups is not None and len(set(groups)) == 9


def test_groups_are_those_of_the_first_run(tmp_path: Path) -> None:
    runs = [write_model(tmp_path / "a", 1, group_size=3), write_model(tmp_path / "b", 2)]
    groups = match_examples(*open_runs(runs), "test").groups
    assert groups is not None and len(set(groups)) == 9


def test_results_that_are_not_of_the_recorded_examples_are_damage(tmp_path: Path) -> None:
    one, other = write_model(tmp_path / "a", 1), write_model(tmp_path / "b", 2)
    lines = (other / "splits.csv").read_text().splitlines()
    (other / "splits.csv").write_text("\n".join(lines[:-1]) + "\n")
    with pytest.raises(DataError, match=r"results of 27 test examples, and 26 in splits\.csv"):
        match_examples(*open_runs([one, other]), "test")
