from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.config.run import config_hash
from kerastune_ft.errors import ConfigError

PHASE = {"name": "head", "unfreeze": "none", "epochs": 1, "learning_rate": 0.001}


def make_document(task: dict[str, Any], **phase: Any) -> dict[str, Any]:
    return {
        "task": {"kind": "image_classification", **task},
        "data": {"kind": "arrays", "path": "x.npz"},
        "backbone": {"kind": "applications", "name": "MobileNetV2"},
        "phases": [{**PHASE, **phase}],
    }


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ({"metrics": ["accuracy"]}, "task.metrics[0]"),
        ({"metrics": ["accuracy"]}, "it is measured always; remove it"),
        ({"metrics": ["kappa", "kappa"]}, "it is there already; remove it"),
        ({"metrics": ["sensitivty"]}, 'did you mean "sensitivity"?'),
        ({"metrics": ["sensitivity"], "classes": ["a", "b", "c"]}, "there are 3"),
        ({"metrics": ["sensitivity"], "classes": {"0": "a", "1": "b", "2": "c"}}, "there are 3"),
        ({"metrics": ["top_5_accuracy"], "classes": ["a", "b", "c", "d"]}, "of 4 classes"),
        ({"metrics": ["kappa"], "multi_label": True}, "with multi_label"),
        ({"metrics": []}, "task.metrics"),
        ({"kind": "image_segmentation", "metrics": ["kappa"]}, "task.metrics"),
        ({"kind": "image_regression", "metrics": ["kappa"]}, "task.metrics[0]"),
    ],
)
def test_what_does_not_fit_is_refused(task: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read(make_document(task))
    assert message in str(refused.value)


def test_a_chosen_metric_may_be_the_monitor() -> None:
    config = read(make_document({"metrics": ["log_loss"]}, monitor="validation_log_loss"))
    assert config.phases[0].monitor == "validation_log_loss"


def test_a_monitor_that_is_not_measured_names_the_key_that_adds_it() -> None:
    with pytest.raises(ConfigError, match=r'add "metrics": \["kappa"\] to task'):
        read(make_document({}, monitor="validation_kappa"))


def test_metrics_count_in_the_hash_only_where_they_are_given() -> None:
    bare, empty, chosen = (
        config_hash(read(make_document(task))) for task in ({}, {"metrics": None}, {"metrics": ["kappa"]})
    )
    assert bare == empty != chosen
