"""Answers for image files, a line of JSON each: python predict.py IMAGE... (needs tensorflow, numpy and Pillow)."""

import contextlib
import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image, ImageOps

KEYS = {"transparency", "exif"}


def load(folder: str | Path) -> SimpleNamespace:
    """Return the model of this folder."""
    saved = tf.saved_model.load(str(Path(folder, "1")))
    about, names = (json.loads(Path(folder, name).read_text("utf-8")) for name in ("preprocessing.json", "labels.json"))
    return SimpleNamespace(saved=saved, names=names, **about["answers"], **about["image"])


def read(model: Any, item: Any) -> Any:
    """Return the file of a path or bytes as it is, or what TensorFlow reads in its place; ValueError for no image."""
    try:
        content = item if isinstance(item, bytes) else Path(item).read_bytes()
        image: Image.Image = Image.open(io.BytesIO(content))
        if model.exif != "apply" and image.format == "TIFF" and image.getexif().get(274, 1) != 1:
            raise ValueError("Pillow turns this TIFF, and the model takes photos as they are stored")
        image.load()  # EXIF may stand behind the pixels.
        keeps = image.format in ("JPEG", "MPO", "PNG") and (image.format != "PNG" or not KEYS & {*image.info})
        with contextlib.suppress(Exception):  # Of a photo with damaged EXIF, which training takes as it is stored.
            image = ImageOps.exif_transpose(image) if model.exif == "apply" and "exif" in image.info else image
        is_deep, (low, high) = image.mode[0] in "IF", model.intensity or (0, 255)
        values = np.asarray(image if is_deep else image.convert("RGBA"), np.float32)
    except Exception as error:  # Pillow raises almost anything on a damaged file.
        raise ValueError(f"it cannot be read as an image: {error}".partition(" <_io.")[0]) from error
    is_hidden = content[:4] == b"\x89PNG" and content[24] == 16 and (not is_deep or "transparency" in image.info)
    if is_hidden or (is_deep and model.intensity is None) or (not is_deep and (high > 255 or low < -1)):
        raise ValueError(f"it has too many or too few bits per channel for values of {low} to {high}")
    if keeps and model.intensity is None:
        return content
    alpha = values[..., 3:] / 255
    pixels = np.dstack([values] * 3) if is_deep else np.round(values[..., :3] * alpha + 255 * (1 - alpha))
    if model.intensity is None:
        return tf.io.encode_png(pixels.astype(np.uint8)).numpy()
    return (pixels if is_deep or high > 1 else low + pixels / 255 * (high - low)).astype(np.float32)


def predict(model: Any, examples: list[Any]) -> list[dict[str, Any]]:
    """Return the answer for each image; they may differ in size."""
    files, any_size = (model.saved.signatures.get(name) for name in ("files", "any_size"))
    if model.intensity is None:
        found = [files(image_bytes=tf.constant(examples))]
    else:
        found = [any_size(image=tf.constant(each[np.newaxis])) for each in examples]
    columns = [np.concatenate([outputs[name] for outputs in found]).tolist() for name in model.outputs]
    return [answer(model, *row) for row in zip(*columns, strict=True)]


def answer(model: Any, row: list[float], distance: float | None = None) -> dict[str, Any]:
    """Return the outputs for one image under the names of classes or values, with the labels that follow from them."""
    named = dict(zip(model.names, row, strict=True))
    more = {} if distance is None else {"distance": distance, "unknown": distance > model.unknown}
    if model.are_numbers:
        return {"value": row[0]} if len(row) == 1 else {"values": named}
    if model.thresholds is None:
        return {"label": max(named, key=lambda name: named[name]), "probabilities": named, **more}
    labels = [name for name, least in zip(named, model.thresholds, strict=True) if named[name] >= least]
    return {"labels": labels, "probabilities": named, **more}


def main() -> None:
    """Print an answer or an error for each IMAGE; end with 1 where one could not be read."""
    model, failed = load(Path(__file__).parent), 0
    for item in sys.argv[1:]:
        try:
            found = predict(model, [read(model, item)])[0]
        except ValueError as error:
            found, failed = {"error": str(error)}, 1
        print(json.dumps({"input": item, **found}))
    sys.exit(failed)


if __name__ == "__main__":
    main()
