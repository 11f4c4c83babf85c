"""Files that show examples: small, exact where they are small, and never left over from an evaluation before."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.evaluation.pictures import encode_thumbnail, remove_files


def test_a_small_picture_is_exact_and_a_large_one_is_small() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (96, 40, 3), np.uint8)
    small = encode_thumbnail(pixels)
    assert small.suffix == "png" and np.array_equal(np.asarray(Image.open(io.BytesIO(small.content))), pixels)
    large = encode_thumbnail(np.full((1000, 500, 3), 90, np.uint8))
    assert (large.suffix, Image.open(io.BytesIO(large.content)).size) == ("jpg", (128, 256))


def test_only_what_was_written_now_is_kept(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    for name in ("00.png", "00.jpg", "01.png"):
        run.commit(f"evaluation/mistakes/{name}", b"x")
    remove_files(run, "mistakes", {"00.jpg"})
    assert run.list_files("evaluation/mistakes") == ["00.jpg"]
