from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tests.support.tiny_servings import photo

pytest.importorskip("ai_edge_litert")
from kerastune_ft.exporting.scripts import litert_image as script


def test_images_are_given_to_the_signature_one_by_one() -> None:
    def runner(image: np.ndarray) -> dict[str, np.ndarray]:
        (one,) = image
        return {"values": np.float32([one.shape[:2]])}

    model = SimpleNamespace(runner=runner, names=["h", "w"], are_numbers=True, thresholds=None, outputs=["values"])
    assert script.predict(model, [photo(2, 3), photo(5, 4)]) == [
        {"values": {"h": 2.0, "w": 3.0}}, {"values": {"h": 5.0, "w": 4.0}}
    ]  # fmt: skip
