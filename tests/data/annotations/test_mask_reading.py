from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from kerastune_ft.config.options.data import FolderData
from kerastune_ft.config.options.mask_values import BORDER
from kerastune_ft.config.options.tasks import Border, ImageSegmentation
from kerastune_ft.data.annotations.mask_reading import MaskReading, find_edges
from kerastune_ft.data.images.reading import ImageReading
from kerastune_ft.rules import NEWEST


def _objects() -> np.ndarray:
    """Return three objects on 0: two that touch, and one alone at the border of the picture."""
    values = np.zeros((12, 14), np.uint16)
    values[2:8, 1:6], values[2:8, 6:10], values[7:, 11:] = 3, 400, 7
    return values


def _by_loop(values: np.ndarray, width: int, objects: np.ndarray | None) -> np.ndarray:
    edges = np.zeros(values.shape, bool)
    for (row, column), value in np.ndenumerate(values):
        for (other_row, other_column), other in np.ndenumerate(values):
            near = abs(row - other_row) + abs(column - other_column) <= width
            counts = objects is None or (objects[row, column] and objects[other_row, other_column])
            edges[row, column] |= near and counts and value != other
    return edges


@pytest.mark.parametrize("width", [1, 2, 3])
def test_edges_are_those_of_a_loop_over_all_pairs(width: int) -> None:
    values = _objects()
    assert np.array_equal(find_edges(values, width), _by_loop(values, width, None))
    between = find_edges(values, width, values > 0)
    assert np.array_equal(between, _by_loop(values, width, values > 0))
    assert between[3].nonzero()[0].tolist() == list(range(6 - width, 6 + min(width, 4)))


def test_an_edge_of_one_pixel_is_what_erosion_takes() -> None:
    values = _objects()
    cross = ndimage.generate_binary_structure(2, 1)
    inner = sum(ndimage.binary_erosion(values == number, cross, border_value=1) for number in (3, 400, 7))
    joined = MaskReading(objects=((1, 65535),), border=1).join_objects(values)
    assert np.array_equal(joined == BORDER, (values > 0) & ~inner.astype(bool))
    assert np.array_equal(joined == 1, inner.astype(bool))


def test_objects_have_the_value_of_their_class() -> None:
    values = _objects()
    joined = MaskReading(objects=((3, 7), (300, 500))).join_objects(values)
    assert np.array_equal(joined, np.where(values == 7, 3, np.where(values == 400, 300, values)))
    assert MaskReading().join_objects(values) is values


def test_the_options_of_the_task_decide() -> None:
    def of(classes: dict[str, str] | None, **options: object) -> MaskReading:
        task = ImageSegmentation(kind="image_segmentation", classes=classes, **options)
        return MaskReading.of(FolderData(path="x", exif="ignore"), task, NEWEST)

    photo = ImageReading.of(FolderData(path="x", exif="ignore"), NEWEST, is_own=True)
    assert of(None) == of({"0": "a", "1": "b"}) == MaskReading(photo)
    assert of(None).key == photo.key
    assert of({"#000000": "a", "#ff0000": "b"}).colours
    found = of({"0": "a", "1-9": "b"}, border=Border(name="c", width=2, touching=True))
    assert found == MaskReading(photo, False, ((1, 9),), 2, True)
    assert found.key != photo.key
