from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow_datasets as tfds

from kerastune_ft.config.options.task_facts import TaskFacts, facts
from kerastune_ft.data.kinds.tfds_labels import label_feature, value_text
from kerastune_ft.data.labels.raw import BoxLists
from kerastune_ft.errors import DataError

NAMES = tfds.features.ClassLabel(names=["disc", "star"])
ONE = {"bbox": tfds.features.BBoxFeature(), "label": NAMES, "is_crowd": np.bool_}
FEATURES = tfds.features.FeaturesDict(
    {
        "objects": tfds.features.Sequence(ONE),
        "label": NAMES,
        "tags": tfds.features.Sequence(NAMES),
        "said": tfds.features.Text(),
        "scalar": tfds.features.Scalar(np.str_),
    }
)
BUILDER: Any = SimpleNamespace(info=SimpleNamespace(features=FEATURES, full_name="set"))


def test_objects_become_boxes_in_fractions() -> None:
    labels = label_feature(TaskFacts("boxes", {}, ("image",)))
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
        label_feature(TaskFacts(kind, {}, ("image",))).check(BUILDER, name)


def test_plain_labels_are_texts() -> None:
    labels = label_feature(TaskFacts("several", {}, ("image",)))
    labels.check(BUILDER, "tags")
    assert labels.choose(BUILDER, None, "label") == "label"
    assert labels.write(np.int64([1, 0]), FEATURES["tags"], "x") == ["star", "disc"]
    assert labels.write(np.int64(1), NAMES, "x") == "star"
    assert value_text(b"a", None, "x") == "a"


@pytest.mark.parametrize("kind", ["speech_recognition", "summarization"])
def test_texts_to_write_are_needed_and_are_texts(kind: str) -> None:
    labels = label_feature(facts({"kind": kind}))
    assert labels.is_needed
    assert labels.choose(BUILDER, None, "said") == labels.choose(BUILDER, "said", "label") == "said"
    assert labels.choose(BUILDER, None, "label") is labels.choose(BUILDER, None, None) is None
    for name in ("said", "scalar"):
        labels.check(BUILDER, name)
    for name in ("label", "tags", "objects"):
        with pytest.raises(DataError, match=f'(?s)the feature "{name}" of set is .*no text to write'):
            labels.check(BUILDER, name)
    assert labels.write(b"one two", FEATURES["said"], "x") == "one two"
    with pytest.raises(DataError, match=r"said of train\[3\] is empty"):
        labels.write(b" ", FEATURES["said"], "said of train[3]")


def test_dialogues_need_no_text_to_write() -> None:
    labels = label_feature(facts({"kind": "causal_lm"}))
    assert not labels.is_needed and labels.choose(BUILDER, None, "said") is None
