from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kerastune_ft.data.source import DataSource
from kerastune_ft.input.tiled.tiled_source import TiledSource
from kerastune_ft.tiles.grid import Grid
from kerastune_ft.training.plan.keys import class_balance
from kerastune_ft.training.plan.tiles import describe_tiles, note_tiles
from tests.support.tiled_scenes import open_scenes, read_file


@dataclass
class _Session:
    source: DataSource
    examples: DataSource
    backbone: Any


def session(folder: Path, size: int = 32, model: int = 16) -> Any:
    whole, _ = open_scenes(folder, 6)
    given = SimpleNamespace(input=SimpleNamespace(image_size=(model, model)))
    return _Session(whole, TiledSource(whole, Grid(size, 0.25)), given)


def test_the_plan_counts_tiles_and_empty_ones(tmp_path: Path) -> None:
    made = session(tmp_path)
    found = describe_tiles(made)
    assert found is not None
    examples, keys = made.examples, made.source.keys
    assert found["examples"] == {split: len(indices) for split, indices in examples.splits.items()}
    empty, pixels = [], 0
    for tile in examples.splits["train"]:
        top, left, rows, columns = examples.cuts.boxes[tile]
        mask = read_file(tmp_path, keys[examples.cuts.pictures[tile]].replace("images", "masks"))
        empty.append(not (mask[top : top + rows, left : left + columns] == 255).any())
    assert found["empty"] == pytest.approx(np.mean(empty))
    sizes = [read_file(tmp_path, key).shape[:2] for key in keys]
    pixels = sum(height * width for height, width in sizes)
    assert found["computed"] == pytest.approx(len(examples.keys) * 32 * 32 / pixels)
    assert tuple(found["largest"]["picture"]) in sizes
    assert found["largest"]["rows"] * found["largest"]["columns"] == max(np.bincount(examples.cuts.pictures))


def test_without_tiles_nothing_is_said(tmp_path: Path) -> None:
    made = session(tmp_path)
    made.examples = made.source
    assert describe_tiles(made) is None
    assert list(note_tiles(made)) == []


def test_what_tiles_lose_is_said(tmp_path: Path) -> None:
    made = session(tmp_path)
    assert "are made 2 times smaller for the model" in next(note_tiles(made))
    made.backbone.input.image_size = (32, 32)
    assert list(note_tiles(made)) == []
    made.examples = TiledSource(made.source, Grid(96, 0.25))
    assert "no picture is larger than a tile of 96 x 96" in next(note_tiles(made))
    made.examples = TiledSource(made.source, Grid(80, 0.25))
    small = sum(max(size) < 56 for size in made.source.image_sizes)
    assert any(f"{small} picture" in note for note in note_tiles(made)) == (small > 0)


def test_few_pictures_in_many_tiles_are_no_warning(tmp_path: Path) -> None:
    made = session(tmp_path)
    assert any(note.startswith("rare classes") for note in class_balance.notes(made.source, {}))
    assert list(class_balance.notes(made.source, {}, are_cut=True)) == []
