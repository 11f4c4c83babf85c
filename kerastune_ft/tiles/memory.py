"""The latest of what is decoded of pictures, so that all tiles of one are cut from what was decoded once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future

import numpy as np

LARGEST = 1 << 29
"""Bytes of decoded pictures, or of masks, that are held by default: ten pictures of 4,000 x 4,000 pixels."""


class PictureMemory:
    """Gives what a function reads of pictures, and holds the latest; several threads may ask at once."""

    def __init__(self, read: Callable[[int], np.ndarray], most_bytes: int = LARGEST) -> None:
        """`read` returns the array of a picture, which nobody may write to; the latest one is held however large."""
        self._read, self._most = read, most_bytes
        self._held: OrderedDict[int, Future[np.ndarray]] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, index: int) -> np.ndarray:
        """Return the array of a picture; where another thread is reading it, wait for that."""
        with self._lock:
            known = self._held.get(index)
            if known is None:
                own = self._held[index] = Future()
            self._held.move_to_end(index)
        if known is not None:
            return known.result()
        try:
            array = self._read(index)
        except BaseException as error:
            with self._lock:
                self._held.pop(index, None)
            own.set_exception(error)
            raise
        own.set_result(array)
        self._let_go()
        return array

    def _let_go(self) -> None:
        with self._lock:
            done = [(index, each) for index, each in self._held.items() if each.done()]
            total = sum(each.result().nbytes for _, each in done)
            for index, each in done[:-1]:
                if total <= self._most:
                    return
                del self._held[index]
                total -= each.result().nbytes
