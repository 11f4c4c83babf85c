from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from kerastune_ft.tiles.memory import PictureMemory


def test_what_is_held_is_read_once_and_the_oldest_is_let_go() -> None:
    read: list[int] = []

    def make(index: int) -> np.ndarray:
        read.append(index)
        return np.full(10, index, np.uint8)

    memory = PictureMemory(make, most_bytes=20)
    for index in (0, 1, 0, 2, 0, 1):
        assert memory(index)[0] == index
    assert read == [0, 1, 2, 1]


def test_the_latest_is_held_however_large_it_is() -> None:
    read: list[int] = []
    memory = PictureMemory(lambda index: read.append(index) or np.zeros(100), most_bytes=1)  # type: ignore[func-returns-value]
    for _ in range(3):
        memory(7)
    assert read == [7]


def test_threads_that_ask_together_read_once() -> None:
    read, gate = [], threading.Barrier(4)

    def make(index: int) -> np.ndarray:
        read.append(index)
        return np.zeros(4)

    memory = PictureMemory(make)

    def ask(_: int) -> int:
        gate.wait()
        return len(memory(3))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(4))) == [4] * 4
    assert read == [3]


def test_a_picture_that_could_not_be_read_is_tried_again() -> None:
    answers = iter([OSError("gone"), np.ones(2)])

    def make(index: int) -> np.ndarray:
        found = next(answers)
        if isinstance(found, OSError):
            raise found
        return found

    memory = PictureMemory(make)
    with pytest.raises(OSError, match="gone"):
        memory(0)
    assert memory(0).sum() == 2
