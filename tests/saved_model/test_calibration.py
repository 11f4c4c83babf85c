from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.tasks import ImageClassification, ImageRegression
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.errors import ConfigError
from kerastune_ft.metrics.calibration.temperature import FILE, describe_temperature
from kerastune_ft.metrics.one_class import softmax
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.saved_model.calibration import (
    PREDICTIONS,
    adjust_answers,
    describe_gaps,
    read_calibration,
    read_chosen_on,
    use_temperature,
)
from kerastune_ft.tasks.classification import Classification
from kerastune_ft.tasks.regression import Regression

RANDOM = np.random.default_rng(2)
NAMES = ("a", "b")
TARGETS, LOGITS = RANDOM.integers(0, 2, 60), (3 * RANDOM.normal(size=(60, 2))).astype(np.float32)


def make_task() -> Classification:
    return Classification(ImageClassification(), Head(), LabelScheme("one", NAMES), 0)


def write_predictions(run: RunDirectory, split: str) -> None:
    columns = make_task().predictions(TARGETS, LOGITS)
    rows = [{"split": split, **{name: values[row] for name, values in columns.items()}} for row in range(60)]
    run.commit_csv(PREDICTIONS, list(rows[0]), [*rows, {**rows[0], "split": "test"}])


def test_a_run_of_an_earlier_version_is_calibrated_by_its_stored_predictions(tmp_path: Path) -> None:
    run, task = RunDirectory(tmp_path), make_task()
    write_predictions(run, "validation")
    found = task.outcomes({"targets": TARGETS, "outputs": LOGITS}).fit_temperature()
    read = read_calibration(run, task)
    assert read == {**describe_temperature(read["temperature"], "validation", 60)}
    assert read["temperature"] == pytest.approx(found, rel=1e-5)
    # What the run wrote itself goes first.
    run.commit_json(FILE, describe_temperature(2.0, "validation", 60))
    assert use_temperature(run, task)["temperature"] == 2.0
    assert task.predictions(None, LOGITS)["probability_b"] == pytest.approx(softmax(LOGITS / 2)[:, 1])


def test_a_cross_validation_has_its_examples_out_of_fold(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    write_predictions(run, "out_of_fold")
    assert read_chosen_on(run, make_task())[0] == "out_of_fold"
    assert read_calibration(run, make_task())["chosen_by"] == "the members of the cross-validation"
    (note,) = adjust_answers(run, make_task(), coverage=0.8)
    assert note.startswith("answers of the members of the cross-validation, and not of the model that answers, chose")


def test_after_a_refit_the_model_before_has_chosen(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    write_predictions(run, "validation")
    assert "chosen_by" not in read_calibration(run, make_task())
    assert adjust_answers(run, make_task(), True, 0.8) == []
    run.commit_json("refit/plan.json", {"phases": []})
    assert read_calibration(run, make_task())["chosen_by"] == "the model before the refit"
    notes = adjust_answers(run, make_task(), True, 0.8)
    assert [note.split(", ")[-1].split(":")[0] for note in notes] == ["chose the temperature", "chose the limits"]
    assert all("answers of the model before the refit" in note for note in notes)


def test_what_could_not_be_fitted_is_said(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    run.commit_json(FILE, describe_temperature(None, "validation", 12, "the model before the refit"))
    assert adjust_answers(run, make_task(), is_calibrated=True) == [
        "the 12 examples of validation tell no temperature, so these probabilities are not calibrated but stay as they "
        "are"
    ]
    several = describe_temperature({"a": 1.5, "b": None}, "out_of_fold", 12)
    assert "12 examples out of fold tell no temperature of b, so" in str(describe_gaps(several))
    assert describe_gaps(describe_temperature({"a": 1.5}, "validation", 12)) is None


def test_runs_that_cannot_be_calibrated(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    with pytest.raises(ConfigError, match="no predictions of a validation split"):
        read_calibration(run, make_task())
    write_predictions(run, "test")
    with pytest.raises(ConfigError, match="no predictions of a validation split"):
        read_calibration(run, make_task())
    run.commit_csv(PREDICTIONS, ["split", "label", "value"], [{"split": "validation", "label": 1, "value": 2}])
    task = Regression(
        ImageRegression(kind="image_regression"), Head(), LabelScheme("values", ("size",), (0.0,), (1.0,)), 0
    )
    with pytest.raises(ConfigError, match="values have no probabilities"):
        read_calibration(run, task)
    with pytest.raises(ValueError, match="no probabilities"):
        task.set_temperature(2.0)


def test_sets_are_chosen_on_the_stored_predictions(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    write_predictions(run, "validation")
    outcomes = make_task().outcomes({"targets": TARGETS, "outputs": LOGITS})
    for is_calibrated in (False, True):
        task = make_task()
        adjust_answers(run, task, is_calibrated, 0.8)
        known = outcomes.calibrate(outcomes.fit_temperature() or 1.0) if is_calibrated else outcomes
        limit = np.sort(1 - known.probabilities[np.arange(60), TARGETS])[int(np.ceil(61 * 0.8)) - 1]
        covered = [
            NAMES[target] in each.cells["set"].split("|")
            for target, each in zip(TARGETS, task.decode(LOGITS, [None] * 60), strict=True)
        ]
        assert np.mean(covered) >= 0.8
        assert np.mean(covered) == np.mean(1 - known.probabilities[np.arange(60), TARGETS] <= limit + 1e-9)
    plain = make_task()
    adjust_answers(run, plain)
    assert plain.output_columns == make_task().output_columns
    with pytest.raises(ConfigError, match=r"0\.99 needs 99 examples to choose by, and .* has 60 of validation"):
        adjust_answers(run, make_task(), coverage=0.99)
