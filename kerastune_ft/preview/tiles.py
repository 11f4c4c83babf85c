"""Draws the tiles of pictures: which examples are shown, and where they lie."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from kerastune_ft.data.source import DataSource
from kerastune_ft.preview.choose_examples import choose_examples
from kerastune_ft.preview.contact_sheet import LARGEST, Block, Cells
from kerastune_ft.training.session.session import Session

_LINES, _CHOSEN, _PAPER = (255, 255, 255), (230, 30, 30), (255, 255, 255)


def choose_tiles(source: DataSource, tiled: Any, count: int) -> np.ndarray:
    """Return for `count` training pictures of a source the tile of each that shows most beside the background."""
    chosen = []
    for picture in choose_examples(source, count):
        tiles = tiled.cuts.find_tiles([picture])
        shown = [int(tiled.label_set.numbers[tile][1:].sum()) for tile in tiles]
        chosen.append(int(tiles[int(np.argmax(shown))]))
    return np.array(chosen, np.int64)


def draw_tilings(session: Session, chosen: np.ndarray) -> Block | None:
    """Return the whole pictures of these tiles, with the borders of all their tiles; None where there are no tiles."""
    tiled: Any = session.examples
    if (cuts := tiled.cuts) is None:
        return None
    drawn = np.stack([_draw(tiled, int(tile)) for tile in chosen])
    title = f"tiles of {cuts.grid.size} x {cuts.grid.size} pixels, {cuts.grid.common} in common; the red one is shown"
    return Block(title, (("the picture", Cells(drawn)),))


def _draw(tiled: Any, tile: int) -> np.ndarray:
    """Return the picture of a tile in a square, uint8 [LARGEST, LARGEST, 3]."""
    cuts = tiled.cuts
    picture = int(cuts.pictures[tile])
    pixels = np.clip(np.round(tiled.read_picture(picture)), 0, 255).astype(np.uint8)
    image = Image.fromarray(pixels)
    image.thumbnail((LARGEST, LARGEST))
    scale = max(image.size) / max(pixels.shape[:2])
    sheet = Image.new("RGB", (LARGEST, LARGEST), _PAPER)
    sheet.paste(image)
    pen = ImageDraw.Draw(sheet)
    others = [number for number in cuts.find_tiles([picture]) if number != tile]
    for number in (*others, tile):
        top, left, rows, columns = (float(side) * scale for side in cuts.boxes[number])
        colour, width = (_CHOSEN, 2) if number == tile else (_LINES, 1)
        right, below = max(left, left + columns - 1), max(top, top + rows - 1)
        pen.rectangle((left, top, right, below), outline=colour, width=width)
    return np.asarray(sheet)
