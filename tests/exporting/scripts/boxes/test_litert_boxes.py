from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tests.support.tiny_servings import photo

pytest.importorskip("ai_edge_litert")
from kerastune_ft.exporting.scripts.boxes import litert_boxes as script


def test_boxes_are_those_of_the_signature() -> None:
    rows = np.float32([[[1, 2, 3, 4, 0, 0.75], [-1] * 6]])
    model = SimpleNamespace(runner=lambda image: {"detections": rows}, names=["a"], thresholds=[0.5])
    assert script.predict(model, [photo(5, 4)]) == [{"boxes": [{"label": "a", "score": 0.75, "box": [1, 2, 3, 4]}]}]
