from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from kerastune_ft.preview.choose_examples import choose_examples


def source_of(labels: list[Any], classes: tuple[str, ...] = ("a", "b", "c")) -> Any:
    return SimpleNamespace(
        splits={"train": np.arange(len(labels))},
        labels=np.array(labels),
        label_texts=[str(label) for label in labels],
        info=SimpleNamespace(classes=classes),
    )


def test_examples_are_spread_over_classes_and_values() -> None:
    rare = [0] * 50 + [1, 2]
    assert choose_examples(source_of(rare), 6).tolist() == [0, 1, 2, 3, 50, 51]
    assert choose_examples(source_of(list(range(100))), 6).tolist() == [0, 20, 40, 59, 79, 99]
    assert choose_examples(source_of([1, 0]), 6).tolist() == [1, 0]
    values = [[3.0], [1.0], [2.0], [9.0], [5.0]]
    assert choose_examples(source_of(values, classes=()), 3).tolist() == [1, 0, 3]
    several = [[1, 0], [0, 1], [1, 1], [1, 0]]
    assert sorted(choose_examples(source_of(several), 4).tolist()) == [0, 1, 2, 3]
