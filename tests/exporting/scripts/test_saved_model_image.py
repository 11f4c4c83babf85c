"""The predict.py of a SavedModel of images: which files TensorFlow reads as they are."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kerastune_ft.data.images.reading import ImageReading, encode_upright
from kerastune_ft.exporting.graphs.images import ImageGraphs
from kerastune_ft.exporting.scripts import saved_model_image as script
from kerastune_ft.input.decode import decode_pixels
from tests.support.image_files import put_exif_behind
from tests.support.tiny_servings import classes_task, encode, make_serving, photo

RGB = Image.fromarray(photo(12, 9))
EXIF = Image.Exif()
EXIF[0x0112] = 6
KEPT = {"png": encode(RGB), "jpeg": encode(RGB, "JPEG"), "turned": encode(RGB, "JPEG", exif=EXIF)}
OTHERS = {
    "webp": encode(RGB, "WEBP", lossless=True),
    "turned png": encode(RGB, exif=EXIF),
    "turned behind its pixels": put_exif_behind(encode(RGB), EXIF),
    "transparent colour": encode(RGB, transparency=(1, 2, 3)),
    "gif": encode(RGB.convert("P"), "GIF"),
}
MODEL = SimpleNamespace(exif="apply", intensity=None)


@pytest.mark.parametrize("name", [*KEPT, *OTHERS])
def test_what_the_signature_reads_is_what_training_reads(name: str) -> None:
    content = (KEPT | OTHERS)[name]
    given = script.read(MODEL, content)
    assert (given == content) == (name in KEPT)
    graphs = ImageGraphs(make_serving(classes_task()))
    upright, _ = encode_upright(content, ImageReading())
    wanted = decode_pixels(tf.constant(upright)).numpy()
    assert np.array_equal(graphs._decode(tf.constant(given)).numpy(), wanted)


def test_files_are_answered_in_one_call_and_ranges_of_values_one_by_one() -> None:
    calls = []

    def files(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        calls.append(len(image_bytes))
        return {"probabilities": tf.constant([[0.25, 0.75]] * len(image_bytes))}

    def any_size(image: tf.Tensor) -> dict[str, tf.Tensor]:
        calls.append(tuple(image.shape))
        return {"probabilities": tf.constant([[0.5, 0.5]])}

    saved = SimpleNamespace(signatures={"files": files, "any_size": any_size})
    about = {"names": ["a", "b"], "are_numbers": False, "thresholds": None, "outputs": ["probabilities"]}
    model = SimpleNamespace(saved=saved, intensity=None, **about)
    assert [answer["label"] for answer in script.predict(model, [b"1", b"2"])] == ["b", "b"]
    model.intensity = (0, 4095)
    script.predict(model, [np.zeros((2, 3, 3), np.float32), np.zeros((4, 5, 3), np.float32)])
    assert calls == [2, (1, 2, 3, 3), (1, 4, 5, 3)]
