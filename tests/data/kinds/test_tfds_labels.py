from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow_datasets as tfds

from kerastune_ft.data.kinds.tfds_labels import label_feature, value_text
from kerastune_ft.data.labels.raw import BoxLists
from kerastune_ft.errors import DataError

NAMES = tfds.features.ClassLabel(names=["disc", "star"])
ONE = {"bbox": tfds.features.BBoxFeature(), "label": NAMES, "is_crowd": np.bool_}
FEATURES = tfds.features.FeaturesDict(
    {"objects": tfds.features.Sequence(ONE), "label": NAMES, "tags": tfds.features.Sequence(NAMES)}
)
BUILDER: Any = SimpleNamespace(info=SimpleNamespace(features=FEATURES, full_name="set"))


def test_objects_become_boxes_in_fractions() -> None:
    labels = label_feature("boxes")
    assert labels.choose(BUILDER, None, "label") == "objects"
    assert labels.choose(BUILDER, "things", "label") == "things"
    labels.check(BUILDER, "objects")
    value = {
        "bbox": np.float32([[0.25, 0.5, 0.75, 1], [0, 0, 1, 1]]),
        "label": np.int64([1, 0]),
        "is_crowd": np.array([0, 1], bool),
    }
    stored = [labels.write(value, FEATURES["objects"], "x"), labels.write(
        {"bbox": np.zeros((0, 4)), "label": np.int64([])}, FEATURES["objects"], "x"
    )]  # fmt: skip
    found = labels.read(FEATURES["objects"], "objects", stored)
    assert isinstance(found, BoxLists) and found.are_fractions and found.named == ("disc", "star")
    assert found.lists[0].sides.tolist() == [[0.5, 0.25, 1, 0.75], [0, 0, 1, 1]]
    assert (found.lists[0].classes, found.lists[0].crowd.tolist()) == (("star", "disc"), [False, True])
    assert found.lists[1].classes == ()


@pytest.mark.parametrize(("kind", "name"), [("boxes", "label"), ("boxes", "tags"), ("one", "objects")])
def test_features_of_another_form_are_refused(kind: Any, name: str) -> None:
    with pytest.raises(DataError, match=f'the feature "{name}" of set is '):
        label_feature(kind).check(BUILDER, name)


def test_plain_labels_are_texts() -> None:
    labels = label_feature("several")
    labels.check(BUILDER, "tags")
    assert labels.choose(BUILDER, None, "label") == "label"
    assert labels.write(np.int64([1, 0]), FEATURES["tags"], "x") == ["star", "disc"]
    assert labels.write(np.int64(1), NAMES, "x") == "star"
    assert value_text(b"a", None, "x") == "a"
