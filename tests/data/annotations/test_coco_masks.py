from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.options.data import FolderData
from kerastune_ft.config.options.tasks import ImageSegmentation
from kerastune_ft.data.open import open_source
from kerastune_ft.data.source import DataSource
from kerastune_ft.errors import ConfigError, DataError
from tests.support.box_files import HEIGHT, WIDTH, write_pictures
from tests.support.image_files import write

SQUARE = [[2, 2, 8, 2, 8, 8, 2, 8]]


def document(count: int = 12) -> dict[str, Any]:
    """A cell in every picture but the first, and on top of it a wall, whose category stands before that of the cell."""
    objects = [
        {"id": 2 * number + place, "image_id": number, "category_id": category, "segmentation": outline}
        for number in range(1, count)
        for place, (category, outline) in enumerate(((7, SQUARE), (3, [[2, 2, 5, 2, 5, 4, 2, 4]])))
    ]
    return {
        "images": [
            {"id": number, "file_name": f"{number:02}.png", "height": HEIGHT, "width": WIDTH} for number in range(count)
        ],
        "annotations": objects,
        "categories": [{"id": 0, "name": "all"}, {"id": 3, "name": "wall"}, {"id": 7, "name": "cell"}],
    }


def opened(root: Path, content: Any, task: dict[str, Any] | None = None, **options: Any) -> DataSource:
    write(write_pictures(root, 12) / "all.json", json.dumps(content).encode())
    own = ImageSegmentation(kind="image_segmentation", **task or {})
    return open_source(FolderData(path=str(root), **options), own, root.parent / "cache", lambda _: None)


def test_outlines_become_masks_with_the_later_object_on_top(tmp_path: Path) -> None:
    source = opened(tmp_path / "a", document())
    assert source.info.classes == ("background", "cell", "wall")
    expected = np.zeros((HEIGHT, WIDTH), np.uint8)
    expected[2:8, 2:8] = 1
    expected[2:4, 2:5] = 2
    for index, key in enumerate(source.keys):
        mask = source.element(tf.constant(index, tf.int64))["mask"].numpy()
        assert np.array_equal(mask, expected if key != "images/00.png" else 0 * expected)
    again = opened(tmp_path / "a", document())
    assert again.info.fingerprint == source.info.fingerprint
    moved = document()
    moved["annotations"][0]["segmentation"] = [[2, 2, 9, 2, 9, 8, 2, 8]]
    assert opened(tmp_path / "a", moved).info.fingerprint != source.info.fingerprint


def test_classes_are_listed_with_the_background_first(tmp_path: Path) -> None:
    source = opened(tmp_path / "a", document(), {"classes": {"ground": "none", "wall": "thing", "cell": "thing"}})
    assert source.info.classes == ("none", "thing")
    with pytest.raises(DataError, match=r"task.classes: the data has labels that are not listed"):
        opened(tmp_path / "a", document(), {"classes": ["background", "cell"]})
    with pytest.raises(ConfigError, match=r"task.ignore: outlines of COCO have no values"):
        opened(tmp_path / "a", document(), {"ignore": 255})


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda all_: all_["annotations"][0].update(segmentation=[]), "annotation 2 of all.json has no outline"),
        (lambda all_: all_["annotations"][0].update(segmentation=[[1, 2]]), "a polygon of fewer than three points"),
        (lambda all_: all_["annotations"][0].update(category_id=9), "has the category 9, of none"),
        (lambda all_: all_["images"][3].pop("width"), "gives it no height and width"),
    ],
)
def test_what_cannot_be_drawn_is_named_or_left_out(change: Any, why: str, tmp_path: Path) -> None:
    content = document()
    change(content)
    with pytest.raises(DataError, match=why):
        opened(tmp_path / "a", content)
    assert len(opened(tmp_path / "a", content, on_bad_file="skip").keys) == 11


def test_a_picture_of_another_size_is_refused(tmp_path: Path) -> None:
    content = document()
    content["images"][3].update(width=WIDTH + 2)
    with pytest.raises(DataError, match=r"all.json \(images/03.png\), the mask of images/03.png"):
        opened(tmp_path / "a", content)
