from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

from kerastune_ft.input.tiled.tiled_source import TiledSource
from kerastune_ft.tiles.grid import Grid
from tests.support.tiled_scenes import open_scenes, read_file


def test_tiles_are_in_the_splits_of_their_pictures_and_hold_their_pixels(tmp_path: Path) -> None:
    whole, tiled = open_scenes(tmp_path)
    assert tiled.splits.keys() == whole.splits.keys()
    for split, pictures in whole.splits.items():
        assert set(tiled.cuts.pictures[tiled.splits[split]]) == set(pictures.tolist())
    assert sum(map(len, tiled.splits.values())) == len(tiled.keys) > 3 * len(whole.keys)
    dataset = tf.data.Dataset.range(len(tiled.keys)).map(tiled.read_input, num_parallel_calls=4)
    for tile, fields in enumerate(dataset.as_numpy_iterator()):
        top, left, rows, columns = tiled.cuts.boxes[tile]
        key = whole.keys[tiled.cuts.pictures[tile]]
        assert np.array_equal(fields["image"], read_file(tmp_path, key)[top : top + rows, left : left + columns])
        assert tiled.keys[tile] == f"{key} [{top}, {left}]"


def test_tiles_are_known_by_what_their_pictures_hold_and_where_they_lie(tmp_path: Path) -> None:
    whole, tiled = open_scenes(tmp_path)
    assert len(set(tiled.contents)) == len(tiled.contents)
    assert len(np.unique(tiled.identities)) == len(tiled.identities)
    again = TiledSource(whole, Grid(32, 0.5))
    # The first tile of every picture is the same in another grid; so are its stored features.
    assert [again.contents[end] for end in again.cuts.ends[:-1]] == [
        tiled.contents[end] for end in tiled.cuts.ends[:-1]
    ]
    assert TiledSource(whole, Grid(90, 0.25)).contents == whole.contents


def test_other_splits_of_pictures_are_other_splits_of_tiles(tmp_path: Path) -> None:
    whole, tiled = open_scenes(tmp_path)
    other = tiled.divide_like(whole.with_splits({"train": np.array([2, 5])}))
    assert other.splits["train"].tolist() == tiled.cuts.find_tiles([2, 5]).tolist()
    assert list(other.splits) == ["train"]
    assert other.contents is tiled.contents
    assert whole.divide_like(tiled) is tiled


def test_a_lost_picture_is_named_once(tmp_path: Path) -> None:
    whole, tiled = open_scenes(tmp_path)
    (tmp_path / "data" / whole.keys[0]).unlink()
    assert [key for key, _ in tiled.find_lost()] == [whole.keys[0]]
    assert tiled.find_changed(range(len(tiled.keys))) == [whole.keys[0]]
