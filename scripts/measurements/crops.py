"""Cut the boxes out of annotated photos, to compare classifiers on a data set for detection."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

_COLUMNS = ("split", "filename", "label", "xmin", "ymin", "xmax", "ymax")
_JPEG_QUALITY = 95
_SMALLEST = 8
_SHARE_OF_OTHERS = 0.25


def cut(boxes: Path, images: Path, target: Path, scales: Sequence[float], most: int) -> dict[str, dict[str, int]]:
    """Write `target`/split/label/name.jpg for every box at every scale, at most `most` of a label to train on.

    Of the other splits it is at most a quarter of that, and of every scale the same share. A scale multiplies the box's
    sides around its middle; what lies outside the photo is left out, and so are crops of fewer than 8 pixels a side.
    Return the number of crops by split and label. Raises ClickException where the table
    lacks a column or a photo is not below `images`.
    """
    from PIL import Image

    places = {path.name: path for path in sorted(images.rglob("*")) if path.is_file()}
    counts: Counter[tuple[str, str, float]] = Counter()
    for number, box in enumerate(_read_boxes(boxes)):
        split, name, label = box["split"], box["filename"], box["label"]
        limit = most / len(scales) * (1 if split == "train" else _SHARE_OF_OTHERS)
        wanted = [scale for scale in scales if counts[split, label, scale] < limit]
        if not wanted:
            continue
        if name not in places:
            raise click.ClickException(f"{boxes}, line {number + 2}: there is no {name} below {images}")
        folder = target / split / label
        with Image.open(places[name]) as opened:
            photo = opened.convert("RGB")
        for scale in wanted:
            corners = _scale(box, scale, photo.size)
            if min(corners[2] - corners[0], corners[3] - corners[1]) >= _SMALLEST:
                folder.mkdir(parents=True, exist_ok=True)
                file = folder / f"{Path(name).stem}-{number}-{scale:g}.jpg"
                photo.crop(corners).save(file, quality=_JPEG_QUALITY)
                counts[split, label, scale] += 1
    found: dict[str, dict[str, int]] = {}
    for (split, label, _), count in sorted(counts.items()):
        labels = found.setdefault(split, {})
        labels[label] = labels.get(label, 0) + count
    return found


def _read_boxes(boxes: Path) -> list[dict[str, str]]:
    with boxes.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if missing := [column for column in _COLUMNS if column not in (reader.fieldnames or ())]:
            raise click.ClickException(f"{boxes} has no column {', '.join(missing)}")
        return list(reader)


def _scale(box: Mapping[str, str], scale: float, size: tuple[int, int]) -> tuple[int, int, int, int]:
    left, top, right, bottom = (float(box[name]) for name in _COLUMNS[3:])
    across, down = scale * (right - left) / 2, scale * (bottom - top) / 2
    x, y = (left + right) / 2, (top + bottom) / 2
    return (
        max(0, round(x - across)),
        max(0, round(y - down)),
        min(size[0], round(x + across)),
        min(size[1], round(y + down)),
    )
