"""Writes predicted masks: a PNG with a palette for each image, and a table of their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from kerastune_ft.data.annotations.masks import IGNORE
from kerastune_ft.data.annotations.palette import choose_colours
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.inference.output.form import PICTURE
from kerastune_ft.inference.output.overlays import draw_overlay
from kerastune_ft.inference.output.picture_files import MARK, PictureNames, find_foreign, make_folder
from kerastune_ft.inference.output.rows import open_whole_file

TABLE, OVERLAYS = "predictions.csv", "overlays"
_SUFFIX, _KEY = ".png", "Software"


class MaskFolder:
    """Writes the mask of each row into a folder and puts the file's name in its place.

    Where a row has its picture, this with the mask laid over it is written into `overlays/` beside it.

    Pixel values are those of the run's own masks where these are at most 255, else the numbers of the classes. Every
    value has a colour of its own in the palette.
    """

    def __init__(self, folder: Path, scheme: LabelScheme) -> None:
        """Make the folder; raise ConfigError where that is impossible."""
        self._folder, self._names = folder, PictureNames(folder, _SUFFIX)
        self._colours = choose_colours(scheme)
        values = choose_values(scheme)
        self._table = np.zeros(IGNORE + 1, np.uint8)
        self._table[: len(values)] = values
        self._palette = np.zeros((256, 3), np.uint8)
        self._palette[values] = self._colours
        make_folder(folder / OVERLAYS)

    def close(self) -> None:
        """Write nothing more: every mask is a file of its own."""

    def write(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Write the masks of these rows and return the rows with their file names."""
        return [self._write_one(row, row.get(PICTURE)) for row in rows]

    def _write_one(self, row: Mapping[str, Any], pixels: np.ndarray | None) -> dict[str, Any]:
        from PIL import Image, PngImagePlugin

        cells = {key: value for key, value in row.items() if key != PICTURE}
        if row["mask"] is None:
            return cells
        name = self._names.choose(str(row["input"]))
        image = Image.fromarray(self._table[row["mask"]], "P")
        image.putpalette(self._palette.tobytes())
        about = PngImagePlugin.PngInfo()
        about.add_text(_KEY, MARK)
        with open_whole_file(str(self._folder / name)) as file:
            image.save(file, "PNG", pnginfo=about)
        place = self._folder / OVERLAYS / f"{PurePath(name).stem}.jpg"
        if pixels is None:
            # That of an earlier command is of another mask.
            place.unlink(missing_ok=True)
        else:
            with open_whole_file(str(place)) as file:
                file.write(draw_overlay(pixels, row["mask"], self._colours))
        return {**cells, "mask": name}


def find_other_picture(folder: Path) -> str | None:
    """Return the name of a PNG in a folder that no prediction wrote there; None where there is none to lose."""
    # Masks of earlier versions have no mark, and a table beside them.
    return None if (folder / TABLE).exists() else find_foreign(folder, _SUFFIX, _KEY)


def choose_values(scheme: LabelScheme) -> list[int]:
    """Return the pixel value of each class in the files."""
    raw: dict[str, int] = {}
    for value, name in scheme.raw_values.items():
        raw.setdefault(name, value)
    values = [raw[name] for name in scheme.names] if raw else []
    return values if values and max(values) <= IGNORE else list(range(len(scheme.names)))
