from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

from tests.support.mask_files import IGNORED
from tests.support.tiled_scenes import open_scenes, read_file

NUMBERS = {0: 0, 255: 1, IGNORED: 255}


def test_masks_of_tiles_are_cut_out_of_those_of_their_pictures(tmp_path: Path) -> None:
    whole, tiled = open_scenes(tmp_path, 5)
    labels = tiled.label_set
    for tile, (top, left, rows, columns) in enumerate(tiled.cuts.boxes.tolist()):
        key = whole.keys[tiled.cuts.pictures[tile]].replace("images", "masks")
        mask = np.vectorize(NUMBERS.get)(read_file(tmp_path, key))[top : top + rows, left : left + columns]
        assert np.array_equal(labels.fields(tf.constant(tile, tf.int64))["mask"], mask)
        assert labels.numbers[tile].tolist() == [int((mask == number).sum()) for number in range(2)]
    assert labels.counts(np.arange(len(tiled.keys)))["background"] == len(tiled.keys)
    assert len({labels.content(tile) for tile in range(len(tiled.keys))}) == len(tiled.keys)


def test_a_changed_mask_is_that_of_all_tiles_of_its_picture(tmp_path: Path) -> None:
    whole, tiled = open_scenes(tmp_path, 5)
    assert tiled.label_set.find_changed(range(len(tiled.keys))) == []
    (tmp_path / "data" / whole.keys[1].replace("images", "masks")).write_bytes(b"other")
    assert tiled.label_set.find_changed(range(len(tiled.keys))) == tiled.cuts.find_tiles([1]).tolist()
