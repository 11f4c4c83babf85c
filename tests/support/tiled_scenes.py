"""Pictures with masks, cut into tiles."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from kerastune_ft.config.options.data import FolderData
from kerastune_ft.config.options.tasks import ImageSegmentation
from kerastune_ft.data.open import open_source
from kerastune_ft.data.source import DataSource
from kerastune_ft.input.tiled.tiled_source import TiledSource
from kerastune_ft.tiles.grid import Grid
from tests.support.mask_files import IGNORED, write_scenes

GRID = Grid(32, 0.25)
TASK = ImageSegmentation(kind="image_segmentation", classes={"0": "background", "255": "cell"}, ignore=IGNORED)


def open_scenes(
    folder: Path, count: int = 8, write: Callable[[Path, int], object] = write_scenes
) -> tuple[DataSource, TiledSource]:
    """Write pictures, of 50 to 90 pixels, with masks; return them as a source, and their tiles as another."""
    write(folder / "data", count)
    splits = {"train": 0.5, "validation": 0.25, "test": 0.25}
    data = FolderData.model_validate({"path": str(folder / "data"), "splits": splits})
    whole = open_source(data, TASK, folder / "cache", lambda line: None)
    return whole, TiledSource(whole, GRID)


def read_file(folder: Path, key: str) -> np.ndarray:
    """Return the pixels of a file of `open_scenes` by its key, or of its mask: `images/03.png`, `masks/03.png`."""
    with Image.open(folder / "data" / key) as image:
        return np.asarray(image)
