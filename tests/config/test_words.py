from __future__ import annotations

import pytest

from kerastune_ft.config.facts.applications import APPLICATIONS
from kerastune_ft.config.words import (
    right_value,
    unknown_message,
)
from tests.support.config_cases import messages, with_change


@pytest.mark.parametrize(
    ("path", "written", "expected"),
    [
        ("phases.0.lr", 1, 'unknown key; did you mean "learning_rate"?'),
        ("phases.0.learningRate", 1, 'unknown key; did you mean "learning_rate"?'),
        ("phases.0.num_train_epochs", 1, 'unknown key; did you mean "epochs"?'),
        ("phases.0.bs", 1, 'unknown key; did you mean "batch_size"?'),
        ("phases.0.wd", 1, 'unknown key; did you mean "weight_decay"?'),
        ("phases.0.patience", 1, 'unknown key; did you mean "early_stopping"? ("early_stopping": {"patience": 4})'),
        ("lr", 1, 'unknown key; write "learning_rate", which belongs elsewhere: in a phase, or in defaults'),
        ("phases.0.gpus", 1, 'unknown key; write in runtime: "replicas": 2'),
        ("head.dropout_rate", 1, 'unknown key; did you mean "dropout"?'),
        ("dataset", 1, 'unknown key; did you mean "data"?'),
        ("model", 1, 'unknown key; did you mean "backbone"?'),
        ("output.checkpoint.steps", 3, 'unknown key here; to say how often, write "every": {"steps": 3}'),
        ("phases.0.class_weight", 1, 'unknown key; did you mean "class_weights"?'),
        ("phases.0.cut_mix", 1, 'unknown key; did you mean "cutmix"?'),
        ("phases.0.monitor", "val_loss", '"val_loss" is unknown; did you mean "validation_loss"?'),
        ("phases.0.monitor", "auc", '"auc" is unknown; did you mean "validation_auc"?'),
        ("phases.0.optimizer", "Adam", '"Adam" is unknown; did you mean "adam"?'),
        ("backbone.name", "resnet50", '"resnet50" is unknown; did you mean "ResNet50"?'),
        ("backbone.name", "efficientnet-b0", '"efficientnet-b0" is unknown; did you mean "EfficientNetB0"?'),
        ("backbone.name", "gpt", '"gpt" is not a choice; to see all: python -m kerastune_ft backbones'),
        ("head.pooling", "avg", '"avg" is unknown; did you mean "mean"?'),
        ("data.kind", "directory", '"directory" is unknown; did you mean "folder"?'),
        # A word for something that is not there yet would only lead to the next error.
        ("backbone.kind", "huggingface", '"huggingface" is unknown; did you mean "keras_hub"?'),
        ("runtime.precision", "fp16", '"fp16" is unknown; did you mean "mixed_float16"?'),
        ("data.kind", "csv", '"csv" is unknown; did you mean "table"?'),
    ],
)
def test_foreign_words_in_a_configuration(path: str, written: object, expected: str) -> None:
    place = path.replace(".0.", "[0].")
    assert messages(with_change(path, written))[place] == expected


def test_val_in_splits() -> None:
    found = messages(with_change("data.splits", {"train": 0.7, "val": 0.15, "test": 0.15}))
    assert found == {"data.splits.val": 'unknown key; did you mean "validation"?'}


@pytest.mark.parametrize("name", APPLICATIONS)
def test_names_of_applications_in_lower_case(name: str) -> None:
    assert right_value(name.lower(), APPLICATIONS) == name


@pytest.mark.parametrize(
    ("path", "place"),
    [("checkpoint", "in output"), ("runtime.checkpoint", "in output"), ("data.keep", "in output.checkpoint"),
     ("epochs", "in a phase, or in defaults"), ("head.thresholds", "in task"), ("metrics", "in task"),
     ("head.unknown", "in task"), ("runtime.long_texts", "in data")],
)  # fmt: skip
def test_a_key_at_a_wrong_place_is_told_its_own(path: str, place: str) -> None:
    assert messages(with_change(path, 1)) == {path: f"unknown key here; it belongs elsewhere: {place}"}


@pytest.mark.parametrize("monitor", ["validation_accuracy", "validation_acc", "val_accuracy", "validation_auc"])
def test_a_metric_of_another_task_has_no_nearest_word(monitor: str) -> None:
    document = with_change("phases.0.monitor", monitor)
    document["task"]["kind"] = "image_regression"
    listed = '"validation_loss", "validation_mae", "validation_rmse" or "validation_r2"'
    found = messages(document)["phases[0].monitor"]
    assert found.startswith(f'"{monitor}" is not a choice; write {listed}; one of your own is known to kt.run(')


def test_a_misspelt_metric_has_its_nearest_word() -> None:
    assert unknown_message("validation_los", ["validation_loss", "validation_mae"], beginning="validation_")[1] == (
        "validation_loss"
    )
