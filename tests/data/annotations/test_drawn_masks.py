from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kerastune_ft.data.annotations.drawn_masks import draw_masks
from kerastune_ft.errors import ConfigError


def test_each_mask_is_drawn_once_whatever_asks_for_it(tmp_path: Path) -> None:
    drawn: list[int] = []

    def draw(index: int) -> np.ndarray:
        drawn.append(index)
        return np.full((2, 3), index, np.uint8)

    paths = draw_masks(["a" * 64, "b" * 64, "a" * 64], draw, tmp_path)
    assert sorted(drawn) in ([0, 1], [1, 2])
    assert paths[0] == paths[2]
    assert np.asarray(Image.open(paths[1])).tolist() == [[1] * 3] * 2
    assert draw_masks(["b" * 64], draw, tmp_path) == paths[1:2]
    assert len(drawn) == 2
    assert len(list((tmp_path / "masks").iterdir())) == 2


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(ConfigError, match="cache"):
        draw_masks(["a" * 64], lambda index: np.zeros((1, 1), np.uint8), tmp_path / "cache")
