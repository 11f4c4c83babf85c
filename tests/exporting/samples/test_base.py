from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from kerastune_ft.exporting.samples.base import choose_samples, count_most, find_folder, name_samples


def test_fewer_masks_are_compared_than_labels() -> None:
    assert count_most("mask") < count_most("one") == count_most("values")


def test_names_that_may_identify_a_person_are_numbers() -> None:
    source: Any = SimpleNamespace(keys=["jane/1.png", "jane/2.png", "joe/1.png"])
    assert name_samples(source, [2, 0], True) == ["joe/1.png", "jane/1.png"]
    assert name_samples(source, [2, 0], False) == ["example 0", "example 1"]


def test_files_lie_beside_the_first_of_several_tables(tmp_path: Path) -> None:
    for path in (str(tmp_path), str(tmp_path / "a.csv"), (str(tmp_path / "a.csv"), "b.csv")):
        assert find_folder(SimpleNamespace(path=path)) == tmp_path
    assert find_folder(SimpleNamespace()) == Path()


def test_samples_lie_at_equal_distances() -> None:
    assert choose_samples(np.arange(100, 300), 3) == [100, 200, 299]
    assert choose_samples(np.array([5, 9]), 10) == [5, 9]
    assert len(set(choose_samples(np.arange(150), 100))) == 100
