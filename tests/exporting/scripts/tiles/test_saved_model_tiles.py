from __future__ import annotations

import tensorflow as tf

from kerastune_ft.exporting.scripts.tiles import saved_model_tiles as script
from tests.support.stitched import check_stitching


def test_pictures_are_put_together_of_their_tiles() -> None:
    check_stitching(script, lambda answer: {"run": lambda image: {"probabilities": tf.constant(answer(image.numpy()))}})
