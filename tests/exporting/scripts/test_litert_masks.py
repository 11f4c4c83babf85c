from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tests.support.tiny_servings import photo

pytest.importorskip("ai_edge_litert")
from kerastune_ft.exporting.scripts import litert_masks as script


def test_masks_are_those_of_the_signature() -> None:
    model = SimpleNamespace(runner=lambda image: {"mask": image[..., 0] % 3})
    image = photo(5, 4)
    (found,) = script.predict(model, [image])
    assert np.array_equal(found["mask"], image[..., 0] % 3)
