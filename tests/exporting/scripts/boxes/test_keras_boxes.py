from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from kerastune_ft.exporting.scripts.boxes import keras_boxes as script
from tests.support.tiny_servings import photo


def test_boxes_are_those_of_the_model() -> None:
    rows = np.float32([[[1, 2, 3, 4, 0, 0.75], [-1] * 6]])
    model = SimpleNamespace(model=lambda image: rows, names=["a"], thresholds=[0.5])
    assert script.predict(model, [photo(5, 4)]) == [{"boxes": [{"label": "a", "score": 0.75, "box": [1, 2, 3, 4]}]}]
