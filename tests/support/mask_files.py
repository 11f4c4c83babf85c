"""Images with masks of one or two kinds of squares, as folders and as a table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from kerastune_ft.data.annotations.masks import IGNORE

IGNORED = 7
PIXEL_CLASSES = 4


def draw_pixels(batch: int = 3, height: int = 9, width: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """Return classes of pixels, one in five of them ignored, and logits for them that are often wrong."""
    random = np.random.default_rng(0)
    targets = random.integers(0, PIXEL_CLASSES, (batch, height, width)).astype(np.uint8)
    targets[random.random(targets.shape) < 0.2] = IGNORE
    return targets, random.normal(0, 3, (batch, height, width, PIXEL_CLASSES)).astype(np.float32)


def scene(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Return an image of a size of its own and its mask: 0, 255 in a bright square, 128 in a dark one, 7 above some."""
    random = np.random.default_rng(number)
    height, width = (int(side) for side in random.integers(50, 90, 2))
    image = random.integers(60, 120, (height, width, 3)).astype(np.uint8)
    mask = np.zeros((height, width), np.uint8)
    for value, change in ((255, 130), (128, -55)):
        top, left = int(random.integers(6, height - 24)), int(random.integers(0, width - 24))
        mask[top : top + 24, left : left + 24] = value
        image[top : top + 24, left : left + 24] = np.clip(random.integers(60, 120, (24, 24, 3)) + change, 0, 255)
    if number % 4 == 0:
        mask[:6] = IGNORED
    return image, mask


def write_scenes(folder: Path, count: int, first: int = 0, has_two: bool = False) -> Path:
    """Write images/ and masks/, and table.csv that names both; without `has_two` the second square is background."""
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    rows = ["id,photo,truth"]
    for number in range(first, first + count):
        image, mask = scene(number)
        if not has_two:
            mask[mask == 128] = 0
        Image.fromarray(image).save(folder / "images" / f"{number:02d}.png")
        Image.fromarray(mask).save(folder / "masks" / f"{number:02d}.png")
        rows.append(f"{number:02d},images/{number:02d}.png,masks/{number:02d}.png")
    (folder / "table.csv").write_text("\n".join(rows))
    return folder
