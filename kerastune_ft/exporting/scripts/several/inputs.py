"""Pictures, texts, numbers and words as a model of several inputs takes them: what predict.py beside it reads by."""

import contextlib
import csv
import io
import math
import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

TOKEN, BRACES = re.compile(r"([^{}]+|\{\{|\}\})|\{([^{}]+)\}"), {"{{": "{", "}}": "}"}
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def open_tokenizer(file: Path, library: str, ids: Any = None, shift: int = 0, **options: Any) -> Any:
    """Return a function from a text to the numbers of its tokens."""
    if library == "tokenizers":
        from tokenizers import Tokenizer

        words = Tokenizer.from_file(str(file))
        return lambda text: words.encode(text, add_special_tokens=False).ids
    from sentencepiece import SentencePieceProcessor

    pieces = SentencePieceProcessor(model_file=str(file), **options)
    return lambda text: [ids.get(str(own), own + shift) for own in pieces.encode(text)]


def list_examples(model: Any, table: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the place and the inputs of each row of a CSV file with a header; names of files begin in its folder."""
    with open(table, newline="", encoding="utf-8-sig") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            files = {name: fill(wanted, row) for name, wanted in model.images.items()}
            example = {name: path and os.path.join(os.path.dirname(table), path) for name, path in files.items()}
            cells = {"numbers": model.numbers, "words": model.words, "text": model.texts}
            yield f"{table}:{number}", {**example, **{key: [fill(each, row) for each in cells[key]] for key in cells}}


def fill(wanted: str, row: dict[str, str]) -> str:
    """Return the text of a column or of a template, as photos/{id}.jpg; an empty one where a cell of it is."""
    parts = [("", wanted)] if wanted in row or not {*"{}"} & {*wanted} else TOKEN.findall(wanted)
    if lacking := [name for _, name in parts if name and name.strip() not in row]:
        raise SystemExit(f"the table has no column {lacking[0]}")
    cells = [(row[name.strip()] or "").strip() if name else BRACES.get(text, text) for text, name in parts]
    return "".join(cells) if all(cells) else ""


def read_picture(model: Any, item: Any) -> tuple[np.ndarray, bytes | None]:
    """Return the image [1, height, width, 3] of a path or bytes, and the bytes where TensorFlow reads them alike."""
    try:
        content = item if isinstance(item, bytes) else Path(item).read_bytes()
        image: Image.Image = Image.open(io.BytesIO(content))
        is_native = image.format in ("JPEG", "MPO", "PNG") and "transparency" not in image.info
        if model.exif != "apply" and image.format == "TIFF" and image.getexif().get(274, 1) != 1:
            raise ValueError("Pillow turns this TIFF, and the model takes photos as they are stored")
        image.load()  # EXIF may stand behind the pixels.
        is_native = is_native and (image.format != "PNG" or "exif" not in image.info)
        with contextlib.suppress(Exception):  # Of a photo with damaged EXIF, which training takes as it is stored.
            image = ImageOps.exif_transpose(image) if model.exif == "apply" and "exif" in image.info else image
        is_deep, (low, high) = image.mode[0] in "IF", model.intensity or (0, 255)
        values = np.asarray(image if is_deep else image.convert("RGBA"), "float32")
    except Exception as error:  # Pillow raises almost anything on a damaged file.
        raise ValueError(f"it cannot be read as an image: {error}".partition(" <_io.")[0]) from error
    is_hidden = content[:4] == b"\x89PNG" and content[24] == 16 and (not is_deep or "transparency" in image.info)
    if is_hidden or (is_deep and model.intensity is None) or (not is_deep and (high > 255 or low < -1)):
        raise ValueError(f"it has too many or too few bits per channel for values of {low} to {high}")
    alpha = values[..., 3:] / 255
    pixels = np.dstack([values] * 3) if is_deep else np.round(values[..., :3] * alpha + 255 * (1 - alpha))
    if model.intensity is None:
        return pixels.astype("uint8")[np.newaxis], content if is_native else None
    return (pixels if is_deep or high > 1 else low + pixels / 255 * (high - low)).astype("float32")[np.newaxis], None


def check_texts(model: Any, texts: list[str]) -> list[str]:
    """Return the text of an example, or the two of a pair, without blanks around; ValueError for what is no text."""
    texts = [text.encode().decode().strip() for text in ([texts] if isinstance(texts, str) else texts)]
    invisible = model.rows.invisible
    if not all(any(unicodedata.category(a)[0] not in "CZ" and a not in invisible for a in text) for text in texts):
        raise ValueError("there is nothing to see in its text")
    return texts


def make_rows(rows: Any, texts: list[str]) -> dict[str, np.ndarray]:
    """Return the tokens of a text or of a pair as padded rows [1, length], by the names of the model's inputs."""
    first, *second = map(rows.encode, texts)
    room = rows.longest - len(rows.start) - len(rows.end) - len(rows.separator) * len(second)
    kept = min(len(second[0]), max(room // 2, room - len(first))) if second else 0
    begin = [*rows.start, *first[: room - kept], *(rows.separator if second else ())]
    row = [*begin, *(second[0][:kept] if second else ()), *rows.end] or [rows.padding]
    tokens, mask, segments = found = np.zeros((3, 1, next(size for size in rows.sizes if size >= len(row))), "int32")
    tokens[:], tokens[0, : len(row)], mask[0, : len(row)] = rows.padding, row, 1
    segments[0, len(begin) if second else len(row) : len(row)] = 1
    arrays = dict(zip(("token_ids", "padding_mask", "segment_ids"), found, strict=True))
    return {name: arrays[name] for name in rows.inputs}


def read_numbers(model: Any, cells: list[Any]) -> np.ndarray:
    """Return numbers or their texts as [1, columns], NaN where one is missing; ValueError for what is no number."""
    texts = ["nan" if text.lower() in model.missing else text for text in read_words(cells)]
    for name, text in zip(model.numbers, texts, strict=True):
        if text != "nan" and not (NUMBER.fullmatch(text) and math.isfinite(float(text))):
            raise ValueError(f'{name} is "{text}", which is no number')
    return np.array([[*map(float, texts)]], "float32")


def read_words(cells: list[Any]) -> list[str]:
    """Return cells as texts without blanks around them, empty where one is missing."""
    return ["" if cell is None else str(cell).strip() for cell in cells]
