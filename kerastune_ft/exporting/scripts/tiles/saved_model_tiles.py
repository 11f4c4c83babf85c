"""Masks of images, tile by tile: python predict.py --output FOLDER IMAGE... (needs tensorflow, numpy and Pillow)."""

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


def load(folder: str | Path) -> SimpleNamespace:
    """Return the model of this folder."""
    saved = tf.saved_model.load(str(Path(folder, "1")))
    about = json.loads(Path(folder, "preprocessing.json").read_text("utf-8"))
    return SimpleNamespace(saved=saved, run=saved.signatures["any_size"], **about["answers"], **about["image"])


def read(model: Any, item: Any) -> np.ndarray:
    """Return the image [height, width, 3] of a path or of bytes as the model takes it; ValueError where it is none."""
    try:
        content = item if isinstance(item, bytes) else Path(item).read_bytes()
        image: Image.Image = Image.open(io.BytesIO(content))
        if model.exif != "apply" and image.format == "TIFF" and image.getexif().get(274, 1) != 1:
            raise ValueError("Pillow turns this TIFF, and the model takes photos as they are stored")
        image.load()  # EXIF may stand behind the pixels.
        with contextlib.suppress(Exception):  # Of a photo with damaged EXIF, which training takes as it is stored.
            image = ImageOps.exif_transpose(image) if model.exif == "apply" and "exif" in image.info else image
        is_deep, (low, high) = image.mode[0] in "IF", model.intensity or (0, 255)
        image = image if is_deep else image.convert("RGBA" if image.has_transparency_data else "RGB")
        values = np.asarray(image, "float32" if is_deep else "uint8")
    except Exception as error:  # Pillow raises almost anything on a damaged file.
        raise ValueError(f"it cannot be read as an image: {error}".partition(" <_io.")[0]) from error
    is_hidden = content[:4] == b"\x89PNG" and content[24] == 16 and (not is_deep or "transparency" in image.info)
    if is_hidden or (is_deep and model.intensity is None) or (not is_deep and (high > 255 or low < -1)):
        raise ValueError(f"it has too many or too few bits per channel for values of {low} to {high}")
    parts = [np.dstack([values] * 3)] if is_deep else map(lay_on_white, np.array_split(values, -(-len(values) // 64)))
    pixels, kind = np.concatenate(list(parts)), "uint8" if model.intensity is None else "float32"
    return (pixels if is_deep or high > 1 else low + pixels.astype("float32") / 255 * (high - low)).astype(kind)


def lay_on_white(part: np.ndarray) -> np.ndarray:
    """Return the rows [height, width, 3] of an image without its alpha; the floats of all of a photo would be large."""
    alpha = part[..., 3:].astype("float32") / 255
    return part if part.shape[-1] == 3 else np.round(part[..., :3] * alpha + 255 * (1 - alpha)).astype("uint8")


def predict(model: Any, examples: list[np.ndarray]) -> list[dict[str, Any]]:
    """Return for each image its `mask` at its own size: numbers of classes, from its tiles put together."""
    return [{"mask": stitch(model, each)} for each in examples]


def stitch(model: Any, pixels: np.ndarray) -> np.ndarray:
    """Return the mask of an image; of tiles that overlap the one counts most in whose middle a pixel lies."""
    (side, common, classes), (height, width) = model.tiles, pixels.shape[:2]
    places = [np.arange(min(side, own)) for own in (height, width)]
    ramps = [np.minimum((np.minimum(each, each[::-1]) + 0.5) / max(common, 0.5), 1) for each in places]
    window, total = np.outer(*ramps)[..., np.newaxis], np.zeros((height, width, classes), np.float32)
    for top in [*range(0, height - len(window), side - common), height - len(window)]:
        for left in [*range(0, width - len(window[0]), side - common), width - len(window[0])]:
            at = slice(top, top + len(window)), slice(left, left + len(window[0]))
            total[at] += window * model.run(image=tf.constant(pixels[at][np.newaxis]))["probabilities"][0].numpy()
    return total.argmax(-1).astype(np.uint8)


def main() -> None:
    """Write a PNG for each IMAGE into FOLDER and print its path; end with 1 where one could not be read."""
    if sys.argv[1:2] != ["--output"] or len(sys.argv) < 3:
        sys.exit("python predict.py --output FOLDER IMAGE...")
    model, failed = load(Path(__file__).parent), 0
    Path(sys.argv[2]).mkdir(parents=True, exist_ok=True)
    for number, item in enumerate(sys.argv[3:], start=1):
        place = Path(sys.argv[2], f"{Path(item).stem}-mask{number}.png")
        try:
            image = Image.fromarray(np.array(model.pixels, np.uint8)[predict(model, [read(model, item)])[0]["mask"]])
            image.putpalette(model.palette)
            image.save(place)
            answer = {"mask": str(place)}
        except ValueError as error:
            answer, failed = {"error": str(error)}, 1
        print(json.dumps({"input": item, **answer}))
    sys.exit(failed)


if __name__ == "__main__":
    main()
