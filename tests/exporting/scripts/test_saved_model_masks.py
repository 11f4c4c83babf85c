from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from kerastune_ft.exporting.scripts import saved_model_masks as script
from tests.support.tiny_servings import photo


def test_masks_are_those_of_the_signature() -> None:
    signatures = {"any_size": lambda image: {"mask": image[..., 0] // 100}}
    image = photo(5, 4)
    (found,) = script.predict(SimpleNamespace(saved=SimpleNamespace(signatures=signatures)), [image])
    assert np.array_equal(found["mask"], image[..., 0] // 100)
