from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from kerastune_ft.data.kinds.embedded_labels import read_labels
from kerastune_ft.data.labels.raw import BoxLists, SingleLabels
from kerastune_ft.errors import ConfigError

CLASSES = SimpleNamespace(EXAMPLES=2, CLASSES=("cat", "dog"), label=lambda index: index)
NUMBERS = SimpleNamespace(EXAMPLES=2, CLASSES=("count",), label=lambda index: index + 0.5)
OBJECTS = SimpleNamespace(
    EXAMPLES=2,
    CLASSES=("disc", "star"),
    IMAGE_SIZE=9,
    boxes=lambda index: np.array([[1, 2, 3, 4, 1]] * index, np.int64).reshape(-1, 5),
)


def test_sets_have_classes_numbers_or_boxes() -> None:
    assert read_labels("digits", CLASSES, "one", "x") == (SingleLabels(["cat", "dog"]), ["cat", "dog"])
    assert read_labels("digits", NUMBERS, "values", "x")[1] == ["0.5", "1.5"]
    found, texts = read_labels("shapes", OBJECTS, "boxes", "x")
    assert isinstance(found, BoxLists)
    assert [(one.classes, one.sides.tolist()) for one in found.lists] == [((), []), (("star",), [[1, 2, 3, 4]])]
    assert len(set(texts)) == 2


@pytest.mark.parametrize(("name", "kind"), [("digits", "boxes"), ("shapes", "one")])
def test_labels_of_another_kind_are_refused(name, kind) -> None:
    with pytest.raises(ConfigError, match=f"{name} has no labels for task.kind telling; shapes has boxes"):
        read_labels(name, CLASSES, kind, "telling")
