"""Arrays of an .npz file that are splits: init asks, with lines that can be run."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from kerastune_ft import init

ROWS = np.arange(30)
IMAGES = np.random.default_rng(0).integers(0, 256, (30, 8, 8, 3)).astype(np.uint8)


def run_lines(question: str) -> None:
    """Run the Python that a question gives."""
    (lines,) = re.findall(r"run in Python  (.*?),?  (?:and|run)", question, re.IGNORECASE)
    exec(lines, {"numpy": np})


@pytest.mark.parametrize(
    "names", [("x_train", "y_train", "x_test", "y_test"), ("train_x", "train_y", "val_x", "val_y")]
)
def test_arrays_of_another_split_are_asked_about(names: tuple[str, ...]) -> None:
    np.savez("a.npz", **dict(zip(names, (IMAGES, ROWS % 2, IMAGES[:9], ROWS[:9] % 2), strict=True)))
    started = init("a.npz")
    (question,) = started.asks
    assert f"are {names[2]} and {names[3]} the examples to measure on?" in question
    assert not any("not used" in note for note in started.seen)
    run_lines(question)
    word = "val" if "val_x" in names else "test"
    with np.load(f"{word}.npz") as saved:
        assert {name: len(saved[name]) for name in saved} == {names[0]: 9, names[1]: 9}


def test_an_array_of_splits_is_no_group() -> None:
    np.savez("a.npz", x=IMAGES, y=ROWS % 2, split=np.where(ROWS < 20, "train", "test"))
    started = init("a.npz")
    (question,) = started.asks
    assert "does split say the split of each example? It holds train, test" in question
    assert not any("group" in note for note in started.seen)
    run_lines(question)
    assert [len(np.load(name)["x"]) for name in ("train.npz", "test.npz")] == [20, 10]
    assert init(Path("train.npz")).examples == 20
