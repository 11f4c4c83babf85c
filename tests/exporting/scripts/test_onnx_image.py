"""The predict.py of an ONNX export of images: which pixels it reads, and how it says answers."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from kerastune_ft.data.images.reading import ImageReading, encode_upright
from kerastune_ft.input.decode import decode_pixels
from tests.support.image_files import put_exif_behind
from tests.support.tiny_servings import encode, photo

pytest.importorskip("onnxruntime")
from kerastune_ft.exporting.scripts import onnx_image as script

MODEL = SimpleNamespace(exif="apply", intensity=None)


def note_turn() -> PngImagePlugin.PngInfo:
    """Return the note of an orientation as XMP, which training does not follow."""
    about = PngImagePlugin.PngInfo()
    about.add_itxt("XML:com.adobe.xmp", '<x tiff:Orientation="6"/>')
    return about


def encode_all() -> dict[str, bytes]:
    """Return files of many kinds: colours, grey, palettes, transparency, turned photos."""
    rgb, grey = Image.fromarray(photo(12, 9)), Image.fromarray(photo(12, 9)[..., 0])
    clear = Image.fromarray(np.concatenate([photo(12, 9), photo(12, 9, 1)[..., :1]], axis=-1), "RGBA")
    exif = Image.Exif()
    exif[0x0112] = 6
    return {
        "png": encode(rgb),
        "jpeg": encode(rgb, "JPEG", quality=80),
        "turned": encode(rgb, "JPEG", exif=exif),
        "turned behind its pixels": put_exif_behind(encode(rgb), exif),
        "turned by another note": encode(rgb, pnginfo=note_turn()),
        "damaged exif": encode(rgb, "JPEG", exif=b"Exif\0\0no exif"),
        "grey": encode(grey),
        "grey jpeg": encode(grey, "JPEG"),
        "transparent": encode(clear),
        "grey and transparent": encode(clear.convert("LA")),
        "palette": encode(rgb.convert("P")),
        "gif": encode(rgb.convert("P"), "GIF"),
        "bmp": encode(rgb, "BMP"),
        "webp": encode(rgb, "WEBP", lossless=True),
    }


@pytest.mark.parametrize("name", encode_all())
def test_pixels_are_those_of_training(name: str) -> None:
    content = encode_all()[name]
    upright, _ = encode_upright(content, ImageReading())
    wanted = decode_pixels(__import__("tensorflow").constant(upright)).numpy()
    found = script.read(MODEL, content)
    assert found.dtype == np.uint8
    assert np.array_equal(found, wanted)


def test_values_of_more_than_8_bits_are_given_as_they_are(tmp_path: Path) -> None:
    values = np.arange(0, 12000, 1000, np.uint16).reshape(3, 4)
    Image.fromarray(values).save(tmp_path / "deep.png")
    found = script.read(SimpleNamespace(exif="apply", intensity=(0, 12000)), tmp_path / "deep.png")
    assert np.array_equal(found[..., 1], values.astype(np.float32))
    with pytest.raises(ValueError, match="too many or too few bits"):
        script.read(MODEL, tmp_path / "deep.png")
    with pytest.raises(ValueError, match="too many or too few bits"):
        script.read(SimpleNamespace(exif="apply", intensity=(0, 12000)), encode_all()["png"])


def test_what_would_be_read_otherwise_than_in_training_is_refused(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = encode(Image.fromarray(photo(12, 9)), "TIFF", exif=exif)
    assert script.read(MODEL, turned).shape == (9, 12, 3)
    with pytest.raises(ValueError, match="Pillow turns this TIFF"):
        script.read(SimpleNamespace(exif="ignore", intensity=None), turned)
    Image.fromarray(np.full((3, 4), 500, np.uint16)).save(tmp_path / "deep.png", transparency=500)
    with pytest.raises(ValueError, match="too many or too few bits"):
        script.read(SimpleNamespace(exif="apply", intensity=(0, 12000)), tmp_path / "deep.png")


def test_pictures_of_8_bits_are_brought_to_a_range_that_was_made_of_them() -> None:
    found = script.read(SimpleNamespace(exif="apply", intensity=(-1, 1)), encode_all()["png"])
    assert np.allclose(found, photo(12, 9) / 127.5 - 1, atol=1e-6)


@pytest.mark.parametrize("content", [b"", b"no image", encode_all()["jpeg"][:100], encode_all()["png"][:80]])
def test_what_is_no_image_is_a_value_error(content: bytes) -> None:
    with pytest.raises(ValueError, match="cannot be read as an image") as caught:
        script.read(MODEL, content)
    assert "object at 0x" not in str(caught.value)


def test_answers_have_the_form_of_the_labels() -> None:
    def say(outputs: list[float], **about: Any) -> dict[str, Any]:
        return script.answer(SimpleNamespace(**{"are_numbers": False, "thresholds": None} | about), outputs)

    assert say([0.25, 0.75], names=["cat", "dog"]) == {"label": "dog", "probabilities": {"cat": 0.25, "dog": 0.75}}
    several = say([0.5, 0.4, 0.9], names=["a", "b", "c"], thresholds=[0.5, 0.5, 0.95])
    assert several == {"labels": ["a"], "probabilities": {"a": 0.5, "b": 0.4, "c": 0.9}}
    far = script.answer(SimpleNamespace(are_numbers=False, thresholds=None, names=["a"], unknown=0.5), [1.0], 0.75)
    assert far["distance"] == 0.75 and far["unknown"] is True
    assert say([7.5], names=["age"], are_numbers=True) == {"value": 7.5}
    assert say([7.5, 1.0], names=["x", "y"], are_numbers=True) == {"values": {"x": 7.5, "y": 1.0}}


def test_images_are_given_to_the_model_one_by_one() -> None:
    class Session:
        def run(self, names: list[str], inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
            (image,) = inputs["image"]
            return [np.float32([[image.shape[0], image.shape[1]]])]

    model = SimpleNamespace(session=Session(), names=["h", "w"], are_numbers=True, thresholds=None, outputs=["values"])
    assert script.predict(model, [photo(2, 3), photo(5, 4)]) == [
        {"values": {"h": 2.0, "w": 3.0}}, {"values": {"h": 5.0, "w": 4.0}}
    ]  # fmt: skip
