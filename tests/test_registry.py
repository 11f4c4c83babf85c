from __future__ import annotations

import pytest

from kerastune_ft import registry
from kerastune_ft.config.facts.applications import APPLICATIONS
from kerastune_ft.config.facts.hub_families import HUB_FAMILIES
from kerastune_ft.config.presets import PRESETS
from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError
from tests.support.config_cases import MINIMAL


def test_tasks_tell_their_metrics_and_those_of_several_labels_apart() -> None:
    rows = {row["kind"]: row for row in registry.tasks()}
    assert (
        rows["image_classification"]["metrics"]
        == "loss accuracy macro_f1 auc (multi_label: mean_average_precision too); by task.metrics: balanced_accuracy "
        "kappa log_loss average_precision top_5_accuracy sensitivity specificity"
    )
    assert rows["image_regression"]["metrics"] == "loss mae rmse r2; by task.metrics: pearson spearman"
    assert rows["image_segmentation"]["metrics"] == "loss mean_iou dice accuracy; by task.metrics: boundary_f1"
    assert (
        rows["speech_recognition"]["metrics"]
        == "loss perplexity token_accuracy word_error_rate character_error_rate; by task.metrics: rouge_1 rouge_2 "
        "rouge_l exact_match"
    )
    assert rows["masked_lm"]["metrics"] == "loss perplexity token_accuracy"
    assert all(row["for"] for row in rows.values())


def test_backbones_that_fit_come_first_in_their_order() -> None:
    assert [row["name"] for row in registry.backbones()] == [*APPLICATIONS, *HUB_FAMILIES]
    rows = registry.backbones(["ResNet50", "MobileNetV2"])
    assert [(row["name"], row["fits"]) for row in rows[:3]] == [
        ("ResNet50", 1),
        ("MobileNetV2", 2),
        (next(name for name in APPLICATIONS if name not in ("ResNet50", "MobileNetV2")), None),
    ]
    assert len(rows) == len(APPLICATIONS) + len(HUB_FAMILIES)


def test_every_data_set_names_tasks_that_there_are() -> None:
    kinds = {row["kind"] for row in registry.tasks()}
    assert {task for row in registry.datasets() for task in row["task"].split(", ")} <= kinds


def test_schedules_are_the_presets_with_phases_that_can_be_read() -> None:
    rows = registry.schedules()
    assert [row["name"] for row in rows] == list(PRESETS)
    for row in rows:
        assert [phase.name for phase in read({**MINIMAL, "phases": row["phases"]}).phases]
    (one,) = registry.schedules("linear_probe_then_finetune")
    assert one["options"] == {"l2": "a number above 0"} and "2022" in one["source"]
    # What stands in for phases that a run chooses is not shown as them.
    assert registry.schedules("auto")[0]["phases"] == "auto"
    with pytest.raises(ConfigError, match='did you mean "bitfit"'):
        registry.schedules("bitfitt")
