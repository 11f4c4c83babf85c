"""Examples of several inputs are shown with all of them."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np

from kerastune_ft.backbones.inputs import ImageInput
from kerastune_ft.data.several.columns import ColumnCells
from kerastune_ft.training.evaluation.show_several import show_several

CELLS = ColumnCells({"age": np.array([4.5, math.nan])}, {"ward": ["B", ""]})


class Pictures:
    """A loader of pictures of one colour."""

    def __init__(self, value: int) -> None:
        self._value = value

    def inputs(self, indices: np.ndarray, rows: int) -> Any:
        return [np.full((rows, 4, 4, 3), self._value, np.uint8) for _ in indices]


def part(value: int) -> Any:
    return SimpleNamespace(backbone=SimpleNamespace(input=ImageInput((4, 4))), loader=Pictures(value))


def test_several_pictures_are_panels_and_cells_stand_beside() -> None:
    session: Any = SimpleNamespace(source=SimpleNamespace(cells=CELLS), parts={"image_1": part(0), "image_2": part(9)})
    (first, files), (second, _) = show_several(session, [0, 1])
    assert first["columns"] == {"age": 4.5, "ward": "B"}
    assert second["columns"] == {"age": None, "ward": ""}
    assert first["panels"] == ["image_1", "image_2"] and len(files) == 2


def test_the_only_picture_is_no_panel() -> None:
    session: Any = SimpleNamespace(source=SimpleNamespace(cells=CELLS), parts={"image": part(0)})
    ((about, files),) = show_several(session, [0])
    assert "panels" not in about and len(files) == 1
