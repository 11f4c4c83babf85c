from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from kerastune_ft.data.annotations.overlays import lay_mask
from kerastune_ft.data.annotations.palette import PALETTE
from kerastune_ft.data.images.reading import ImageReading
from kerastune_ft.inference.output.overlays import draw_overlay

MASK = np.zeros((40, 24), np.uint8)
MASK[:20, :12], MASK[30:] = 1, 2


def _picture() -> np.ndarray:
    return np.full((40, 24, 3), (60, 120, 180), np.uint8)


def _draw(path: Path, mask: np.ndarray = MASK, reading: ImageReading | None = None) -> np.ndarray | None:
    content = draw_overlay(str(path), mask, PALETTE, reading or ImageReading())
    return None if content is None else np.asarray(Image.open(io.BytesIO(content)))


def test_the_mask_lies_over_its_picture(tmp_path: Path) -> None:
    Image.fromarray(_picture()).save(tmp_path / "a.png")
    drawn = _draw(tmp_path / "a.png")
    assert drawn == pytest.approx(lay_mask(_picture(), MASK, PALETTE).astype(int), abs=60)
    assert np.median(np.abs(drawn - lay_mask(_picture(), MASK, PALETTE).astype(int))) <= 4


def test_a_photo_is_turned_as_the_run_turns_it(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    Image.fromarray(np.rot90(_picture())).save(tmp_path / "a.png", exif=exif)
    assert _draw(tmp_path / "a.png") is not None
    assert _draw(tmp_path / "a.png", reading=ImageReading(exif="ignore")) is None


def test_what_cannot_be_shown_has_none(tmp_path: Path) -> None:
    Image.fromarray(_picture()).save(tmp_path / "a.png")
    assert _draw(tmp_path / "a.png", MASK[:-1]) is None
    (tmp_path / "text.png").write_text("no picture")
    for name in ("lost.png", "text.png", "x.npz[3]"):
        assert _draw(tmp_path / name) is None
    large = np.zeros((1500, 30, 3), np.uint8)
    Image.fromarray(large).save(tmp_path / "large.png")
    drawn = _draw(tmp_path / "large.png", np.zeros((1500, 30), np.uint8))
    assert drawn is not None
    assert drawn.shape[0] == 1024
