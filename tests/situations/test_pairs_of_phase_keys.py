"""Keys of a phase beside each other: each pair holds, or is an error that says why; none has no effect in silence."""

from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.config.read import read
from tests.support.config_cases import problems_of

_FOLDER = {"kind": "folder", "path": "examples"}
_ARRAYS = {"kind": "arrays", "path": "examples.npz"}
_TABLE = {"kind": "table", "path": "t.csv", "input": "text", "label": "label"}
TASKS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "image": ({"kind": "image_classification"}, _FOLDER),
    "labels": ({"kind": "image_classification", "multi_label": True}, _ARRAYS),
    "values": ({"kind": "image_regression"}, _ARRAYS),
    "masks": ({"kind": "image_segmentation"}, _FOLDER),
    "sound": ({"kind": "audio_classification"}, _FOLDER),
    "text": ({"kind": "text_classification"}, _TABLE),
}
SOLVED: dict[str, Any] = {
    "unfreeze": "none",
    "optimizer": {"name": "lbfgs", "l2": 0.01},
    "learning_rate": None,
}
# (what is learned from, keys of the phase, the key that is refused and words of why; None where they hold).
PAIRS: tuple[tuple[str, dict[str, Any], tuple[str, str] | None], ...] = (
    ("labels", {"mixup": 0.2, "cutmix": 1.0, "loss": "focal", "class_weights": "balanced"}, None),
    ("values", {"mixup": 0.2, "loss": "huber"}, None),
    ("masks", {"mixup": 0.2, "cutmix": 1.0, "loss": "cross_entropy_dice", "label_smoothing": 0.1}, None),
    ("sound", {"mixup": 0.2, "augment": {"noise": "street"}}, None),
    ("sound", {"augment": {"noise": "street", "views": 2}}, None),
    ("image", {"mixup": 0.2, "augment": {"views": 2}}, None),
    ("image", {"ema": 0.9, "batch_norm": "train", "early_stopping": {"patience": 1}}, None),
    ("image", {"ema": 0.9, "lora": {"rank": 2}, "keep_if_better": True, "on_divergence": {"retry": 1}}, None),
    ("image", {"l2_sp": 0.1, "weight_decay": 0.1, "ema": 0.9}, None),
    ("image", {**SOLVED, "keep_if_better": True, "class_weights": "balanced", "label_smoothing": 0.1}, None),
    ("text", {"mixup": 0.2}, ("mixup", "nothing between two words")),
    ("text", {"cutmix": 1.0}, ("cutmix", "nothing between two words")),
    ("text", {"augment": "light"}, ("augment", "no effect")),
    ("sound", {"cutmix": 1.0}, ("cutmix", "sounds have none; write mixup")),
    ("sound", {"augment": {"views": 2}}, ("augment.views", "no effect without augmentation")),
    ("sound", {"augment": {"rotate": 0.1}}, ("augment.rotate", "it changes images")),
    ("image", {"augment": {"noise": "street"}}, ("augment.noise", "it changes sounds")),
    ("image", {"loss": "focal", "label_smoothing": 0.1}, ("label_smoothing", "focal goes by the probability")),
    ("image", {"loss": "huber"}, ("loss", "is no loss for")),
    ("values", {"loss": "focal"}, ("loss", "is no loss for")),
    ("values", {"loss": "mae", "label_smoothing": 0.1}, ("label_smoothing", "no classes")),
    ("values", {"class_weights": "balanced"}, ("class_weights", "no classes")),
    ("values", {"sampling": "balanced"}, ("sampling", "no classes")),
    ("masks", {"sampling": "balanced"}, ("sampling", "no effect")),
    ("masks", {"loss": "dice", "class_weights": "balanced"}, ("class_weights", "counts every class")),
    ("masks", {"loss": "dice", "label_smoothing": 0.1}, ("label_smoothing", "no smoothed target")),
    ("image", {"class_weights": "balanced", "sampling": "balanced"}, ("sampling", "count twice")),
    ("image", {"l2_sp": 0.1, "lora": {"rank": 2}}, ("l2_sp", "the pretrained weights stay as they are")),
    ("image", {"l2_sp": 0.1, "unfreeze": "none"}, ("l2_sp", "no effect")),
    ("image", {"lora": {"rank": 2}, "batch_norm": "train"}, ("batch_norm", "only adapters and head train")),
    ("image", {"keep_if_better": True, "monitor": "train_loss"}, ("monitor", "is not a choice")),
    ("image", {"keep_if_better": True, "start_from": "pretrained"}, ("keep_if_better", "any training improves")),
    ("image", {"ema": 0}, ("ema", "averages nothing")),
    ("image", {"on_divergence": {"retry": 0}}, ("on_divergence.retry", "too small")),
    ("image", {"on_divergence": {"factor": 1.0}}, ("on_divergence.factor", "too large")),
    ("image", {**SOLVED, "ema": 0.9}, ("ema", "no effect with a solver")),
    ("image", {**SOLVED, "on_divergence": {"retry": 1}}, ("on_divergence", "no effect with a solver")),
    ("image", {**SOLVED, "mixup": 0.2}, ("mixup", "no effect with a solver")),
    ("image", {**SOLVED, "early_stopping": {"patience": 2}}, ("early_stopping", "ends with the optimum")),
    ("image", {**SOLVED, "dropout": 0.2}, ("dropout", "no effect with a solver")),
    ("image", {**SOLVED, "augment": "light"}, ("augment", "drawn anew in every epoch")),
)


@pytest.mark.parametrize(("task", "keys", "refused"), PAIRS, ids=[f"{task} {[*keys]}" for task, keys, _ in PAIRS])
def test_a_pair_holds_or_is_an_error_that_says_why(
    task: str, keys: dict[str, Any], refused: tuple[str, str] | None
) -> None:
    about, data = TASKS[task]
    phase = {"name": "top", "unfreeze": {"last": 2}, "epochs": 3, "learning_rate": 0.001, **keys}
    document = {
        "task": about,
        "data": data,
        "backbone": {"kind": "keras_hub", "preset": "bert"} if task == "text" else {
            "kind": "applications",
            "name": "MobileNetV2",
        },
        "phases": [
            {"name": "head", "unfreeze": "none", "epochs": 1, "learning_rate": 0.01},
            {key: value for key, value in phase.items() if value is not None},
        ],
    }  # fmt: skip
    if refused is None:
        assert read(document).phases[1].name == "top"
        return
    key, words = refused
    found = {problem.to_json()["place"]: problem.message for problem in problems_of(document)}
    assert [*found] == [f"phases[1].{key}"]
    assert words in found[f"phases[1].{key}"]
