"""Writes predicted boxes: pictures with the boxes drawn upon them, and the boxes as a table and as COCO's JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerastune_ft.data.annotations.overlays import DrawnBox, choose_box_colours, draw_boxes
from kerastune_ft.inference.output.form import PICTURE
from kerastune_ft.inference.output.picture_files import MARK, PictureNames, find_foreign, make_folder
from kerastune_ft.inference.output.rows import open_whole_file
from kerastune_ft.metrics.boxes.tables import CORNERS
from kerastune_ft.wording import encode_text

BOXES = "boxes"
"""The cell of a row with its boxes."""
_QUALITY, _SUFFIX = 90, ".jpg"
_COLUMNS = ("input", "number", "label", "score", *CORNERS)


class BoxFolder:
    """Writes a picture with boxes for each row into a folder, and at the end detections.csv and detections.json.

    `number` in the table, and `image_id` in the JSON, is the place of the row in predictions.csv, from 1.
    """

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        """Make the folder; raise ConfigError where that is impossible."""
        self._folder, self._names, self._files = folder, list(names), PictureNames(folder, _SUFFIX)
        self._colours = choose_box_colours(len(names))
        self._rows: list[dict[str, Any]] = []
        self._count = 0
        make_folder(folder)

    def write(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Write the pictures of these rows and return the rows with their file names in the place of boxes."""
        return [self._write_one(row) for row in rows]

    def _write_one(self, row: Mapping[str, Any]) -> dict[str, Any]:
        self._count += 1
        boxes = row[BOXES] or ()
        for box in boxes:
            about = {"input": row["input"], "number": self._count, "label": box["label"], "score": box["score"]}
            self._rows.append(about | dict(zip(CORNERS, box["box"], strict=True)))
        pixels = row.get(PICTURE)
        name = None if pixels is None else self._draw(str(row["input"]), pixels, boxes)
        return {**{key: value for key, value in row.items() if key != PICTURE}, BOXES: name}

    def _draw(self, given: str, pixels: Any, boxes: Sequence[Mapping[str, Any]]) -> str:
        from PIL import Image

        # The surest lie above the others.
        drawn = [
            DrawnBox(
                box["box"],
                self._colours[self._names.index(box["label"])],
                f"{box['label']} {box['score']:.2f}",
            )
            for box in reversed(boxes)
        ]
        name = self._files.choose(given)
        with open_whole_file(str(self._folder / name)) as file:
            Image.fromarray(draw_boxes(pixels, drawn)).save(file, "JPEG", quality=_QUALITY, comment=MARK.encode())
        return name

    def close(self) -> None:
        """Write detections.csv and detections.json, whose entries also have the `file_name` of their picture."""
        text = io.StringIO()
        writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._rows)
        results = [
            {
                "image_id": row["number"],
                "category_id": self._names.index(row["label"]) + 1,
                "bbox": [row["xmin"], row["ymin"], row["xmax"] - row["xmin"], row["ymax"] - row["ymin"]],
                "score": row["score"],
                "file_name": row["input"],
            }
            for row in self._rows
        ]
        for name, content in (("detections.csv", text.getvalue()), ("detections.json", json.dumps(results))):
            with open_whole_file(str(self._folder / name)) as file:
                file.write(encode_text(content))


def find_other_photo(folder: Path) -> str | None:
    """Return the name of a picture in a folder that no prediction wrote there; None where there is none to lose."""
    return find_foreign(folder, _SUFFIX, "comment")
