from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.config.checks.kinds import kind_inconsistencies


def problems(kind: str, *phases: dict[str, Any], **task: Any) -> dict[str, str]:
    found = kind_inconsistencies({"task": {"kind": kind, **task}, "data": {}, "backbone": {}, "phases": list(phases)})
    return {".".join(map(str, path)): message for path, message in found}


@pytest.mark.parametrize(
    ("kind", "loss"),
    [
        ("image_classification", "focal"),
        ("text_classification", {"name": "focal", "gamma": 1}),
        ("audio_classification", "cross_entropy"),
        ("image_regression", {"name": "huber", "delta": 0.5}),
        ("text_regression", "mae"),
        ("image_segmentation", {"name": "cross_entropy_dice", "dice": 2}),
        ("image_segmentation", {"name": "focal_dice", "dice": 2, "gamma": 1}),
        ("image_segmentation", "focal"),
        ("image_classification", None),
        ("image_classification", "no such loss"),
        ("image_classification", ["focal"]),
    ],
)
def test_what_can_be_meant_is_taken(kind: str, loss: Any) -> None:
    assert problems(kind, {"loss": loss}) == {}


def test_the_loss_of_another_task_is_named_with_those_that_fit() -> None:
    assert problems("image_regression", {}, {"loss": "focal"}) == {
        "phases.1.loss": '"focal" is no loss for task.kind image_regression; write "mse", "mae" or "huber"'
    }
    assert problems("image_classification", {"loss": {"name": "dice"}}, multi_label=True) == {
        "phases.0.loss.name": '"dice" is no loss for task.kind image_classification; write "cross_entropy" or "focal"'
    }


def test_an_option_of_another_loss_has_no_effect() -> None:
    assert problems("image_segmentation", {"loss": {"name": "focal", "gamma": 1, "dice": 2}}) == {
        "phases.0.loss.dice": "it is an option of cross_entropy_dice and focal_dice, and the loss is focal; remove it"
    }


@pytest.mark.parametrize(
    ("kind", "phase", "places"),
    [
        ("image_classification", {"loss": "focal", "label_smoothing": 0.1}, ["label_smoothing"]),
        ("image_classification", {"loss": "focal", "class_weights": "balanced"}, []),
        ("image_segmentation", {"loss": "focal", "class_weights": "balanced"}, []),
        ("image_segmentation", {"loss": "dice", "class_weights": "balanced", "label_smoothing": 0.1},
         ["label_smoothing", "class_weights"]),
        ("image_segmentation", {"loss": "cross_entropy_dice", "class_weights": "balanced", "label_smoothing": 0.1}, []),
    ],
)  # fmt: skip
def test_keys_that_a_loss_excludes(kind: str, phase: dict[str, Any], places: list[str]) -> None:
    assert list(problems(kind, phase)) == [f"phases.0.{key}" for key in places]


@pytest.mark.parametrize("kind", ["image_classification", "image_regression", "image_segmentation"])
def test_images_are_mixed_in_both_ways(kind: str) -> None:
    assert problems(kind, {"mixup": 0.2}, {"cutmix": 1.0}, {"mixup": 0.2, "cutmix": 1}) == {}


def test_sounds_are_blended_and_have_no_rectangles() -> None:
    assert problems("audio_classification", {"mixup": 0.2}) == {}
    found = problems("audio_classification", {"mixup": 0.2}, {"cutmix": 1.0})
    assert found == {
        "phases.1.cutmix": "it pastes a rectangle of one image into another, and sounds have none; write mixup"
    }


@pytest.mark.parametrize("kind", ["text_classification", "text_regression"])
def test_texts_are_not_mixed_and_the_reason_is_given(kind: str) -> None:
    found = problems(kind, {"mixup": 0.2, "cutmix": 0}, {"cutmix": 1.0})
    assert list(found) == ["phases.0.mixup", "phases.1.cutmix"]
    assert found["phases.0.mixup"].startswith("texts are words, and there is nothing between two words")
