"""Outputs: what an answer becomes in tensors."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kerastune_ft.data.annotations.palette import PALETTE
from kerastune_ft.serving.outputs import flatten, make_outputs

CLASSES = ("a", "b", "c")
SCORES = {"a": 0.1, "b": 0.7, "c": 0.2}


@pytest.mark.parametrize(
    ("answer", "described", "values"),
    [
        (
            {"label": "b", "probabilities": SCORES, "distance": 0.25, "unknown": np.True_},
            ["label BYTES -1", "probabilities FP32 -1,3", "distance FP32 -1", "unknown BOOL -1"],
            ["b", [0.1, 0.7, 0.2], 0.25, True],
        ),
        ({"labels": ["a", "b"], "probabilities": SCORES}, ["labels BYTES -1", "probabilities FP32 -1,3"],
         [["a", "b"], [0.1, 0.7, 0.2]]),
        ({"value": 3}, ["value FP64 -1"], [3.0]),
        ({"values": {"x": 1, "y": 2.5}}, ["values FP64 -1,2"], [[1.0, 2.5]]),
    ],
)  # fmt: skip
def test_each_answer_has_its_outputs(answer: dict[str, Any], described: list[str], values: list[Any]) -> None:
    outputs = make_outputs(answer, CLASSES)
    assert [f"{one.name} {one.datatype} {','.join(map(str, one.shape))}" for one in outputs] == described
    assert [one.pick(answer) for one in outputs] == values
    assert not any(one.is_file for one in outputs)


def test_a_mask_is_a_picture_of_class_numbers_and_the_share_of_each_class() -> None:
    mask = np.array([[0, 1, 1, 1], [0, 1, 255, 255]], np.uint8)
    image, shares = make_outputs({"mask": mask}, CLASSES)
    assert (image.name, image.is_file, shares.shape) == ("mask_bytes", True, (-1, 3))
    with Image.open(io.BytesIO(image.pick({"mask": mask}))) as found:
        np.testing.assert_array_equal(np.asarray(found), mask)
        assert tuple(np.asarray(found.convert("RGB"))[0, 1]) == tuple(PALETTE[1])
    assert shares.pick({"mask": mask}) == pytest.approx([2 / 6, 4 / 6, 0.0])


def test_several_texts_are_one_text_in_a_tensor() -> None:
    assert [flatten(value) for value in (["a", "b"], [], "a", 3.5, [0.5])] == ["a|b", "", "a", 3.5, [0.5]]


def test_boxes_are_objects_and_a_text_of_json_in_a_tensor() -> None:
    boxes = [{"label": "b", "score": 0.75, "box": [1.0, 2.5, 3.0, 4.0]}]
    (output,) = make_outputs({"boxes": boxes}, CLASSES)
    assert (output.name, output.datatype, output.shape) == ("boxes", "BYTES", (-1,))
    assert output.pick({"boxes": boxes}) == boxes
    assert json.loads(output.in_tensor(boxes)) == boxes
    # A picture without boxes is an answer too.
    assert output.in_tensor(output.pick({"boxes": []})) == "[]"
