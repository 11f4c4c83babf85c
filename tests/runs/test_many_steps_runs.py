"""Runs whose head makes many steps to a compiled call: killed anywhere, they end like runs of one step to a call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

import kerastune_ft as kt
from kerastune_ft.training.phase import prepare
from kerastune_ft.training.updates.step import PhaseStep
from tests.support import tiny_run, tiny_text
from tests.support.trained_runs import small_backbone


class _Killed(BaseException):
    """The end of a process, as far as a run can tell."""


def _images(folder: Path) -> dict[str, Any]:
    """Three micro-batches to an update, the last of which has padding; stored mixtures, balanced classes, averages."""
    return {
        **tiny_run.document(tiny_run.write_data(folder / "data.npz")),
        "backbone": small_backbone(folder),
        "head": {"dropout": 0.3, "hidden": [8]},
        "phases": [
            {
                "name": "head",
                "unfreeze": "none",
                "epochs": 4,
                "batch_size": 7,
                "accumulate": 3,
                "learning_rate": {"peak": 0.02, "shape": "one_cycle"},
                "label_smoothing": 0.1,
                "sampling": "balanced",
                "augment": {"preset": "light", "views": 2},
                "mixup": 0.3,
                "cutmix": 1.0,
                "ema": 0.8,
            }
        ],
        "output": {"checkpoint": {"every": {"steps": 5}}, "examples": False, "gradient_norms": True},
    }


def _pulled(folder: Path) -> dict[str, Any]:
    """The last unit trains too, near to its pretrained values."""
    document = _images(folder)
    (head,) = document["phases"]
    return {**document, "phases": [{**head, "unfreeze": {"last": 1}, "l2_sp": 0.5, "cache": "required"}]}


def _texts(folder: Path) -> dict[str, Any]:
    """Texts of several padded lengths, whose pooled features have one shape."""
    document = tiny_text.text_document(tiny_text.write_texts(folder / "texts.csv"))
    head = {**document["phases"][0], "epochs": 3, "class_weights": "balanced"}
    return {**document, "phases": [head], "output": {"checkpoint": {"every": {"steps": 5}}, "examples": False}}


@pytest.mark.parametrize("make", [_images, *(pytest.param(make, marks=pytest.mark.slow) for make in (_pulled, _texts))])
def test_killed_and_resumed_it_is_step_by_step_to_the_last_bit(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERASTUNE_CACHE", str(tmp_path / "cache"))
    document = make(tmp_path)
    one_by_one = tiny_run.results(kt.run(document, run_dir=tmp_path / "one").path)

    monkeypatch.setattr(prepare, "FEWEST_STEPS", 0)
    train_many = PhaseStep.train_many
    counts: list[int] = []

    def count_and_die(step: PhaseStep, stack: tuple, first: int, count: int, epoch: tf.Tensor) -> tf.Tensor:
        if sum(counts) >= 7 and len(counts) < 100:
            counts.extend([0] * 100)
            raise _Killed
        counts.append(count)
        return train_many(step, stack, first, count, epoch)

    monkeypatch.setattr(PhaseStep, "train_many", count_and_die)
    with pytest.raises(_Killed):
        kt.run(document, run_dir=tmp_path / "many")
    counts.clear()
    counts.extend([0] * 100)
    many = tiny_run.results(kt.run(document, run_dir=tmp_path / "many").path)
    assert sum(counts) > 0
    assert many == one_by_one
