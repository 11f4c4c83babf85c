from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kerastune_ft.inference.output.boxes import BOXES, BoxFolder, find_other_photo
from kerastune_ft.inference.output.form import PICTURE

NAMES = ["red", "white"]
FOUND = [
    {"label": "white", "score": 0.9, "box": [10.0, 20.0, 60.0, 50.2]},
    {"label": "red", "score": 0.1, "box": [0.0, 0.0, 30.0, 30.0]},
]


def test_pictures_tables_and_json_of_all_rows(tmp_path: Path) -> None:
    folder = BoxFolder(tmp_path / "out", NAMES)
    picture = np.zeros((80, 100, 3), np.uint8)
    rows = [
        {"input": "a/photo.jpg", "error": None, BOXES: FOUND, PICTURE: picture},
        {"input": "bad.jpg", "error": "no image", BOXES: None, PICTURE: None},
        {"input": "b/photo.png", "error": None, BOXES: [], PICTURE: picture},
    ]
    written = [row for row in rows for row in folder.write([row])]
    folder.close()
    assert [row[BOXES] for row in written] == ["photo.jpg", None, "photo-2.jpg"]
    assert all(PICTURE not in row for row in written)
    drawn = np.asarray(Image.open(tmp_path / "out" / "photo.jpg")).astype(int)
    assert drawn.shape == (80, 100, 3) and drawn[20:50, 10:13].max() > 100 and drawn[65:].max() < 40
    table = list(csv.DictReader((tmp_path / "out" / "detections.csv").read_text().splitlines()))
    assert [(row["number"], row["label"], row["ymax"]) for row in table] == [
        ("1", "white", "50.2"),
        ("1", "red", "30.0"),
    ]
    results = json.loads((tmp_path / "out" / "detections.json").read_text())
    assert results[0]["bbox"] == pytest.approx([10, 20, 50, 30.2]) and results[0]["category_id"] == 2
    assert results[1] | {"bbox": 0} == {
        "image_id": 1, "category_id": 1, "bbox": 0, "score": 0.1, "file_name": "a/photo.jpg",
    }  # fmt: skip


def test_own_pictures_may_be_replaced_and_others_are_kept(tmp_path: Path) -> None:
    folder = BoxFolder(tmp_path, NAMES)
    folder.write([{"input": "a.png", BOXES: [], PICTURE: np.zeros((8, 9, 3), np.uint8)}])
    assert find_other_photo(tmp_path) is None and find_other_photo(tmp_path / "none") is None
    Image.new("RGB", (4, 4)).save(tmp_path / "b.jpg")
    assert find_other_photo(tmp_path) == "b.jpg"
