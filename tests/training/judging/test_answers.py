from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.tasks import ImageClassification, ImageRegression
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.errors import ConfigError
from kerastune_ft.metrics.decisions.thresholds import choose_threshold, read_aim
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.saved_model.calibration import PREDICTIONS
from kerastune_ft.tasks.classification import Classification
from kerastune_ft.tasks.regression import Regression
from kerastune_ft.training.judging.answers import Judged, answer, check_questions, count_judged_groups
from kerastune_ft.training.judging.questions import NOTHING, read_questions
from kerastune_ft.training.phase.evaluate import Evaluated
from kerastune_ft.training.watch import Watcher

RANDOM = np.random.default_rng(2)
TARGETS = RANDOM.integers(0, 2, 50)
LOGITS = (RANDOM.normal(size=(50, 2)) + 2 * np.eye(2)[TARGETS]).astype(np.float32)
MEASURED = {"targets": TARGETS, "outputs": LOGITS}
PAIR = {"missed": 10, "false_alarm": 1}


def make_judged(folder: Path, groups: list[str] | None = None, with_predictions: bool = True) -> Judged:
    """A run of two classes whose validation split has the first 30 of the examples that are evaluated."""
    task: Any = Classification(ImageClassification(), Head(), LabelScheme("one", ("healthy", "ill")), 0)
    source = SimpleNamespace(groups=groups, labels=TARGETS, columns=(), info=SimpleNamespace(classes=task.classes))
    config = SimpleNamespace(output=SimpleNamespace(examples=True))
    run = RunDirectory(folder)
    if with_predictions:
        columns = task.predictions(TARGETS[:30], LOGITS[:30])
        rows = [{"split": "validation", **{name: values[row] for name, values in columns.items()}} for row in range(30)]
        run.commit_csv(PREDICTIONS, list(rows[0]), rows)
    session: Any = SimpleNamespace(task=task, source=source, config=config)
    plan: Any = None
    return Judged(run, session, plan, "test", Evaluated(np.arange(50), MEASURED), "test")


def test_calibration_is_said_unasked_and_everything_else_where_asked(tmp_path: Path) -> None:
    judged = make_judged(tmp_path)
    found = answer(NOTHING, judged, Watcher())
    assert list(found) == ["choice", "calibration"]
    assert found["choice"]["chosen_examples"] == 30
    temperature = judged.session.task.outcomes({name: each[:30] for name, each in MEASURED.items()}).fit_temperature()
    assert found["calibration"]["temperature"] == pytest.approx(temperature, rel=1e-4)
    asked = read_questions(["sensitivity=0.9"], PAIR, 0.8, ["class"], save=tmp_path / "new")
    found = answer(asked, judged, Watcher())
    assert list(found) == ["choice", "calibration", "at", "costs", "coverage", "by", "curves"]
    validation = judged.session.task.outcomes({name: each[:30] for name, each in MEASURED.items()}).list_scored()[0]
    assert found["at"][0]["threshold"] == pytest.approx(choose_threshold(validation, read_aim("sensitivity=0.9")))
    assert [row["subgroup"] for row in found["by"]["class"]] == ["healthy", "ill"]
    assert found["coverage"]["chosen_examples"] == 30
    assert len(found["costs"]) == 4


def test_groups_are_counted_and_drawn(tmp_path: Path) -> None:
    groups = [f"p{number // 5}" for number in range(50)]
    judged, alone = make_judged(tmp_path, groups), make_judged(tmp_path)
    assert (count_judged_groups(judged), count_judged_groups(alone)) == (10, None)
    ends, others = (answer(NOTHING, each, Watcher())["calibration"]["raw"]["intervals"] for each in (judged, alone))
    assert ends != others


def test_a_run_without_validation_predictions_says_so_where_they_are_needed(tmp_path: Path) -> None:
    judged = make_judged(tmp_path, with_predictions=False)
    assert answer(NOTHING, judged, Watcher()) == {}
    with pytest.raises(ConfigError, match="no predictions of a validation split"):
        answer(read_questions(coverage=0.9), judged, Watcher())


def test_costs_that_do_not_fit_the_classes(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--costs: costs: there is no class 'sick'"):
        answer(read_questions(costs={"sick": {"healthy": 1}}), make_judged(tmp_path), Watcher())


def test_what_a_kind_of_labels_has_not_is_refused_before_anything_is_computed() -> None:
    scheme = LabelScheme("values", ("age",), (0.0,), (1.0,))
    task = Regression(ImageRegression(kind="image_regression"), Head(), scheme, 0)
    session: Any = SimpleNamespace(task=task, source=SimpleNamespace(groups=None, columns=()))
    for asked, says in (
        (read_questions(["sensitivity=0.9"]), "--at: values have no probabilities"),
        (read_questions(costs=PAIR), "--costs: values have no probabilities"),
        (read_questions(by=["age"]), "--by age: there is no such column"),
    ):
        with pytest.raises(ConfigError, match=says):
            check_questions(asked, session, np.arange(3))
    check_questions(read_questions(coverage=0.9), session, np.arange(3))
