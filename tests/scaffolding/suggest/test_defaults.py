"""What the phases that `init` writes share: lengths by number of examples, batches, early stopping, monitor."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from kerastune_ft.scaffolding.findings import DataFindings
from kerastune_ft.scaffolding.suggest.defaults import HEAD_ALONE, about, defaults, head_phase, length_for


def find(train: int, counts: dict[str, int], **task: Any) -> DataFindings:
    return DataFindings({"kind": "image_classification", **task}, {}, train, train, counts)


def test_more_examples_need_fewer_epochs_and_larger_batches() -> None:
    lengths = [length_for(train) for train in (HEAD_ALONE - 1, HEAD_ALONE, 999, 1_000, 19_999, 20_000)]
    assert [length.batch_size for length in lengths] == [8, 16, 16, 32, 32, 64]
    for less, more in itertools.pairwise(lengths):
        assert less.head_epochs >= more.head_epochs and less.later_patience >= more.later_patience


@pytest.mark.parametrize("train", [10, 500, 5_000, 100_000])
def test_early_stopping_can_end_every_head_phase(train: int) -> None:
    head = {**defaults(find(train, {"a": 5, "b": 5})), **head_phase(train)}
    assert head["unfreeze"] == "none"
    assert head["early_stopping"]["patience"] == length_for(train).head_patience < head["epochs"]


def test_unequal_classes_are_weighted_and_their_loss_is_watched() -> None:
    assert "class_weights" not in defaults(find(500, {"a": 250, "b": 250}))
    for counts in ({"a": 400, "b": 100}, {"a": 300, "b": 100, "c": 100}):
        found = defaults(find(500, counts))
        assert (found["class_weights"], "monitor" in found) == ("balanced", False)
        assert f"{max(counts.values()) // 100} times" in found["// class_weights"]
    several = defaults(find(500, {"a": 400, "b": 10}, multi_label=True))
    assert several["monitor"] == "validation_mean_average_precision"
    assert "class_weights" not in several


def test_numbers_are_spelled() -> None:
    assert about(12_345) == "about 12,345 training examples"
