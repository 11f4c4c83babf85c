from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.exporting.answers.base import Samples
from kerastune_ft.exporting.answers.masks import compare

SCHEME = LabelScheme("mask", ("ground", "cell"), raw_values={0: "ground", 200: "cell"})


def write(path: Path, mask: list[list[int]]) -> str:
    Image.fromarray(np.uint8(mask)).save(path)
    return str(path)


def test_pixels_that_differ_and_pixels_that_are_right(tmp_path: Path) -> None:
    run = [{"mask": np.uint8([[0, 1], [1, 1]])}]
    answers = [{"mask": write(tmp_path / "a.png", [[0, 200], [200, 0]])}]
    # One pixel belongs to no class and does not count.
    truth = np.uint8([[0, 1], [255, 0]])
    found = compare(SCHEME, Samples(["a"], [truth]), run, answers)
    assert found.largest == 0.25
    assert (found.of_run, found.of_export) == pytest.approx((2 / 3, 1.0))


def test_a_mask_of_another_size_differs_everywhere(tmp_path: Path) -> None:
    answers = [{"mask": write(tmp_path / "a.png", [[0, 0, 0]])}]
    found = compare(
        SCHEME, Samples(["a"], [np.zeros((2, 2), np.uint8)]), [{"mask": np.zeros((2, 2), np.uint8)}], answers
    )
    assert found.largest == 1
