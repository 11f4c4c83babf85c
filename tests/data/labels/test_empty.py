from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kerastune_ft.config.options.tasks import ImageClassification
from kerastune_ft.data.labels.number import number_labels
from kerastune_ft.data.labels.raw import LabelSets, SingleLabels
from kerastune_ft.errors import DataError
from kerastune_ft.rules import FIRST
from tests.support.image_files import Open


@pytest.mark.parametrize("blank", ["", "  ", "\u00a0", "\u200b", "\ufeff\t"])
def test_labels_without_a_letter_are_an_error_that_names_their_examples(blank: str) -> None:
    keys = ["x[0]", "x[1]", "x[2]", "x[3]"]
    raw = SingleLabels(["cat", blank, "dog", blank])
    with pytest.raises(DataError, match=r"2 of 4 examples of d.npz have an empty label.*x\[1\], x\[3\]"):
        number_labels(raw, keys, ImageClassification(), "d.npz")
    assert len(number_labels(raw, keys, ImageClassification(), "d.npz", rules=FIRST).names) == 3
    sets = LabelSets([("cat", blank), ("dog",), (), ("cat",)])
    with pytest.raises(DataError, match=r"has an empty label.*x\[0\]"):
        number_labels(sets, keys, ImageClassification(multi_label=True), "d.npz")


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (["cat", "", "dog"], r"10 of 30 examples of .*d.npz have an empty label: x\[1\], x\[4\]"),
        ([0.0, 1.0, float("nan")], r"NaN, which is no label, in 10 of 30 rows: y\[2\], y\[5\]"),
        ([[0.0, 1.0], [1.0, 0.0], [0.0, float("nan")]], r"NaN, which is no label, in 10 of 30 rows: y\[2\]"),
    ],
)
def test_arrays_with_labels_that_are_missing(tmp_path: Path, open_arrays: Open, labels: list, words: str) -> None:
    path = tmp_path / "d.npz"
    x = np.random.default_rng(0).integers(0, 256, (30, 8, 8, 3)).astype(np.uint8)
    np.savez(path, x=x, y=np.array(labels * 10))
    with pytest.raises(DataError, match=words):
        open_arrays(path)
