from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kerastune_ft.preview.contact_sheet import LARGEST
from kerastune_ft.preview.tiles import choose_tiles, draw_tilings
from kerastune_ft.tiles.grid import Cuts, Grid
from tests.support.tiled_scenes import open_scenes


def test_shown_tiles_have_what_is_learnt_and_are_marked_in_their_pictures(tmp_path: Path) -> None:
    whole, tiled = open_scenes(tmp_path, 8)
    chosen = choose_tiles(whole, tiled, 3)
    cells = tiled.label_set.numbers[:, 1]
    for tile in chosen:
        own = tiled.cuts.find_tiles([tiled.cuts.pictures[tile]])
        assert cells[tile] == cells[own].max()
        assert tile in tiled.splits["train"]
    session: Any = SimpleNamespace(examples=tiled)
    block = draw_tilings(session, chosen)
    assert block is not None
    pictures = block.columns[0][1].pictures
    for picture, tile in zip(pictures, chosen, strict=True):
        red = np.argwhere((picture == (230, 30, 30)).all(-1))
        top, left, rows, columns = tiled.cuts.boxes[tile]
        assert red.min(axis=0).tolist() == [top, left]
        assert red.max(axis=0).tolist() == [top + rows - 1, left + columns - 1]


@pytest.mark.parametrize("size", [(600, 1), (1, 600)])
def test_a_thin_picture_is_drawn_with_its_tiles(size: tuple[int, int]) -> None:
    cuts = Cuts(Grid(32, 0.25), np.array([size]))
    tiled = SimpleNamespace(cuts=cuts, read_picture=lambda index: np.zeros((*size, 3), np.uint8))
    session: Any = SimpleNamespace(examples=tiled)
    block = draw_tilings(session, np.array([len(cuts.boxes) - 1]))
    assert block is not None
    red = np.argwhere((block.columns[0][1].pictures[0] == (230, 30, 30)).all(-1))
    longer = int(np.argmax(size))
    assert red[:, longer].max() == LARGEST - 1
    assert red[:, longer].min() == pytest.approx((600 - 32) * LARGEST / 600, abs=1)


def test_whole_examples_have_no_tiling(tmp_path: Path) -> None:
    whole, _ = open_scenes(tmp_path, 8)
    session: Any = SimpleNamespace(examples=whole)
    assert draw_tilings(session, np.array([0])) is None
