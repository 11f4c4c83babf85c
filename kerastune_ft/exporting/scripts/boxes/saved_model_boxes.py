"""Boxes in image files, a line of JSON each: python predict.py IMAGE... (needs tensorflow, numpy and Pillow)."""

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
    """Return the boxes in each image, whose scores reach the thresholds of their classes, in its own pixels."""
    files, any_size = (model.saved.signatures.get(name) for name in ("files", "any_size"))
    if model.intensity is None:
        found = [files(image_bytes=tf.constant(examples))]
    else:
        found = [any_size(image=tf.constant(each[np.newaxis])) for each in examples]
    return [name_boxes(model, rows) for outputs in found for rows in outputs["detections"].numpy()]


def name_boxes(model: Any, rows: np.ndarray) -> dict[str, Any]:
    """Return the `boxes` of rows of xmin, ymin, xmax, ymax, class and score; rows without a box have -1."""
    found = []
    for *box, number, score in rows.tolist():
        if number >= 0 and score >= model.thresholds[int(number)]:
            found.append({"label": model.names[int(number)], "score": score, "box": box})
    return {"boxes": found}


def main() -> None:
    """Print the boxes or an error for each IMAGE; end with 1 where one could not be read."""
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
