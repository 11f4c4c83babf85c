from __future__ import annotations

from typing import Any

import numpy as np

from kerastune_ft.preview import image_pictures

SESSION: Any = None


def test_pixels_are_those_of_the_model_rounded_and_within_what_a_picture_holds() -> None:
    images = np.array([[[[-3.0, 0.6, 254.5]], [[255.4, 300.0, 12.4]]]])
    drawn = image_pictures.draw(SESSION, images, images)
    assert drawn.pictures.tolist() == [[[[0, 1, 254]], [[255, 255, 12]]]]
    assert drawn.sounds == ()
