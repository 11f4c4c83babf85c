from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from kerastune_ft.data.annotations.overlays import lay_mask
from kerastune_ft.data.annotations.palette import PALETTE
from kerastune_ft.inference.output.overlays import draw_overlay


def _draw(pixels: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(draw_overlay(pixels, mask, PALETTE))))


def test_the_mask_lies_over_its_picture() -> None:
    pixels, mask = np.full((40, 24, 3), (60, 120, 180), np.uint8), np.zeros((40, 24), np.uint8)
    mask[:20, :12], mask[30:] = 1, 2
    drawn, expected = _draw(pixels, mask), lay_mask(pixels, mask, PALETTE).astype(int)
    assert drawn == pytest.approx(expected, abs=60)
    assert np.median(np.abs(drawn - expected)) <= 4


@pytest.mark.parametrize(("size", "shown"), [((1500, 30), (1024, 20)), ((1, 3000), (1, 1024)), ((3000, 1), (1024, 1))])
def test_a_large_picture_is_made_smaller(size: tuple[int, int], shown: tuple[int, int]) -> None:
    assert _draw(np.zeros((*size, 3), np.uint8), np.ones(size, np.uint8)).shape == (*shown, 3)
