from __future__ import annotations

from types import SimpleNamespace

import pytest
import tensorflow as tf

from kerastune_ft.exporting.scripts.boxes import saved_model_boxes as script
from tests.support.tiny_servings import photo


@pytest.mark.parametrize("intensity", [None, (0, 4095)])
def test_boxes_are_those_of_the_signature_that_takes_what_was_read(intensity: tuple[int, int] | None) -> None:
    rows = tf.constant([[[1, 2, 3, 4, 0, 0.75], [-1] * 6]])

    def refuse(**given: tf.Tensor) -> None:
        raise AssertionError("the other signature is meant")

    wanted, other = ("files", "any_size") if intensity is None else ("any_size", "files")
    signatures = {wanted: lambda **given: {"detections": rows}, other: refuse}
    saved = SimpleNamespace(signatures=signatures)
    model = SimpleNamespace(saved=saved, names=["a"], thresholds=[0.5], intensity=intensity)
    found = script.predict(model, [b"a file" if intensity is None else photo(5, 4)])
    assert found == [{"boxes": [{"label": "a", "score": 0.75, "box": [1, 2, 3, 4]}]}]
