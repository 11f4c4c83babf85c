from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from sklearn import metrics

from kerastune_ft.reporting.page import document
from kerastune_ft.reporting.results import scatter, values
from tests.support import label_run_files as files

TWO = {"age": (40.0, 12.0), "dose": (0.003, 0.0008)}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    run = tmp_path_factory.mktemp("runs") / "faces-1"
    return run, files.of_test(files.write_regression(run, TWO))


@pytest.fixture(scope="module")
def page(made: tuple[Path, list[dict[str, Any]]]) -> str:
    return document.render(made[0])


def target(true: list[float], predicted: list[float]) -> scatter.Target:
    return scatter.Target("age", true, predicted, 2.0)


def test_figures_by_target_equal_those_of_scikit_learn(made: tuple[Path, list[dict[str, Any]]]) -> None:
    run, rows = made
    found = {row["target"]: row for row in document.summarise(run)["targets"]}
    assert list(found) == list(TWO)
    for name, (mean, _) in TWO.items():
        true = [row[f"label_{name}"] for row in rows]
        answers = [row[f"value_{name}"] for row in rows]
        always = [mean] * len(rows)
        assert found[name]["mae"] == pytest.approx(metrics.mean_absolute_error(true, answers))
        assert found[name]["rmse"] == pytest.approx(metrics.root_mean_squared_error(true, answers))
        assert found[name]["r2"] == pytest.approx(metrics.r2_score(true, answers))
        assert found[name]["constant_mae"] == pytest.approx(metrics.mean_absolute_error(true, always))
        assert found[name]["constant_rmse"] == pytest.approx(metrics.root_mean_squared_error(true, always))


def test_fifths_part_the_examples_by_their_true_value() -> None:
    draw = random.Random(4)
    true = [draw.uniform(-5, 5) for _ in range(103)]
    rows = values.score_by_size(target(true, [value + 1 for value in true]))
    assert [row["examples"] for row in rows] == [20, 21, 20, 21, 21]
    assert [row["largest"] for row in rows[:-1]] < [row["smallest"] for row in rows[1:]]
    assert (rows[0]["smallest"], rows[-1]["largest"]) == (min(true), max(true))
    assert [row["bias"] for row in rows] == pytest.approx([1.0] * 5)


def test_equal_values_are_never_parted() -> None:
    true = [0.0] * 80 + [float(number) for number in range(1, 21)]
    rows = values.score_by_size(target(true, true))
    assert sum(row["examples"] for row in rows) == 100
    assert rows[0]["examples"] == 80 and rows[0]["largest"] == 0


def test_few_values_have_a_row_each() -> None:
    rows = values.score_by_size(target([2.0, 1.0, 1.0, 4.0], [2.5, 1.0, 2.0, 1.0]))
    assert [(row["smallest"], row["largest"], row["examples"]) for row in rows] == [(1, 1, 2), (2, 2, 1), (4, 4, 1)]
    assert [row["mae"] for row in rows] == [0.5, 0.5, 3.0]
    assert [row["bias"] for row in rows] == [0.5, 0.5, -3.0]


def test_the_same_value_throughout_has_no_r2() -> None:
    (row,) = values.score_targets([target([2.0, 2.0], [2.0, 2.5])])
    assert row["r2"] is None and row["mae"] == 0.25


def test_examples_without_a_finite_pair_are_left_out() -> None:
    rows = [{"split": "test", "label": "1", "value": text} for text in ("2", "nan", "", "inf")]
    (found,) = values.read_targets(rows, "test", ["age"], {})
    assert found.predicted == [2.0] and found.pick_typical is None


def test_the_page_shows_every_target_in_its_units(page: str) -> None:
    for told in ("age: predicted against true values", "dose: predicted against true values", "true value", ">R2<"):
        assert told in page
    assert page.count("residual: predicted") == 4, "for wide and for narrow screens"
    assert "Confusion matrix" not in page and "Class by class" not in page
    assert "MAE and RMSE are in the units of the values" in page
    assert "Values by split" in page


def test_mistakes_tell_the_true_and_the_predicted_values(made: tuple[Path, list[dict[str, Any]]], page: str) -> None:
    (mistake, *_) = json.loads((made[0] / "evaluation/mistakes.json").read_text())
    for name in TWO:
        assert f"{name}: true <b>{mistake[f'label_{name}']:.4g}</b>" in page
        assert f'predicted <b class="down">{mistake[f"value_{name}"]:.4g}</b>' in page


def test_one_target_has_plain_columns(tmp_path: Path) -> None:
    rows = files.of_test(files.write_regression(tmp_path / "r"))
    page = document.render(tmp_path / "r")
    assert f"true <b>{rows[0]['label']:.4g}</b>" in page
    assert "age: predicted against true values" in page


def test_without_examples_nothing_of_a_patient_is_on_the_page(tmp_path: Path) -> None:
    files.write_regression(tmp_path / "r", examples=False)
    told = document.render(tmp_path / "r") + json.dumps(document.summarise(tmp_path / "r"))
    assert "predicted against true values" in told
    for private in ("faces", ".png", "P-0", "<img", "ward"):
        assert private not in told, private
