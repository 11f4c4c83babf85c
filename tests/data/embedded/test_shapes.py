from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

from kerastune_ft.data.embedded import embedded_objects, shapes

# A change of any edge is a new version of the data set: raise VERSION and put the new digest here.
DIGEST = ("1.0.0", "2d45f5e88d59104d")


def boxes_of(owners: np.ndarray) -> list[list[int]]:
    """Return the edges of each object of an instance map, found pixel by pixel."""
    found: dict[int, list[int]] = {}
    for y, row in enumerate(owners.tolist()):
        for x, owner in enumerate(row):
            if owner:
                box = found.setdefault(owner, [x, y, x + 1, y + 1])
                found[owner] = [min(box[0], x), min(box[1], y), max(box[2], x + 1), max(box[3], y + 1)]
    return [found[owner] for owner in sorted(found)]


def test_boxes_and_masks_are_of_the_same_pixels() -> None:
    for index in range(0, shapes.EXAMPLES, 37):
        owners, boxes, mask = shapes.instances(index), shapes.boxes(index), shapes.mask(index)
        assert boxes_of(owners) == boxes[:, :4].tolist()
        assert np.array_equal(mask > 0, owners > 0)
        for number, kind in enumerate(boxes[:, 4], 1):
            assert set(mask[owners == number]) == {kind + 1}


def test_masks_lie_on_what_the_picture_shows() -> None:
    # Along the outline of objects a picture changes more from pixel to pixel than elsewhere.
    on_edge, elsewhere = [], []
    for index in range(20):
        owners, pixels = shapes.instances(index), shapes.image(index).astype(float)
        step = np.abs(np.diff(pixels, axis=1)).sum(axis=-1)
        edge = owners[:, 1:] != owners[:, :-1]
        on_edge.append(step[edge])
        elsewhere.append(step[~edge])
    assert np.mean(np.concatenate(on_edge)) > 3 * np.mean(np.concatenate(elsewhere))


def test_pictures_are_empty_or_full_and_objects_overlap() -> None:
    boxes = [shapes.boxes(index) for index in range(160)]
    counts = np.bincount([len(each) for each in boxes])
    assert len(counts) == 7
    assert 0.05 < counts[0] / counts.sum() < 0.15
    classes = np.bincount(np.concatenate(boxes)[:, 4])
    assert len(classes) == len(shapes.CLASSES)
    assert classes.min() > 0.7 * classes.max()
    assert any(len(each) != len(np.unique(shapes.mask(number))) - 1 for number, each in enumerate(boxes[:20]))
    shared = [
        np.minimum(one[2:4], other[2:4]).min() > np.maximum(one[:2], other[:2]).max()
        for each in boxes
        for number, one in enumerate(each)
        for other in each[:number]
    ]
    assert sum(shared) > 5


def test_annotations_do_not_change_without_a_new_version() -> None:
    content = json.dumps([shapes.boxes(index).tolist() for index in range(0, shapes.EXAMPLES, 7)])
    assert (shapes.VERSION, hashlib.sha256(content.encode()).hexdigest()[:16]) == DIGEST


def test_an_example_depends_on_its_index_alone() -> None:
    first, image = shapes.boxes(7), shapes.image(7)
    image[:] = 0
    shapes.image(3)
    assert np.array_equal(shapes.boxes(7), first)
    assert shapes.image(7).any()
    with pytest.raises(IndexError):
        shapes.mask(shapes.EXAMPLES)


def test_an_unknown_set_names_the_known_ones() -> None:
    with pytest.raises(KeyError, match="shapes"):
        embedded_objects("forms")
