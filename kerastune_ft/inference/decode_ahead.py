"""Reads and decodes inputs in threads, ahead of their use by the model."""

from __future__ import annotations

import os
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from PIL import Image

from kerastune_ft.inference.items import Item
from kerastune_ft.tasks.base import Placement


@dataclass(frozen=True)
class DecodedInput:
    """An item after reading: the pixels of its image or the samples of its sound, or the problem that prevented it.

    Of an example with several inputs `values` has what was read of each, by the name of the input.
    """

    name: str
    values: Any
    problem: str | None = None
    placement: Placement | None = None
    """How an image was brought to the model's shape; None for sounds and problems."""
    remarks: tuple[str, ...] = ()
    """What the user should read, once for all inputs of which it is true, after `3 of 8 inputs`."""


class Reader(Protocol):
    """Reads items of one modality."""

    def read(self, item: Item) -> DecodedInput:
        """Return the model's input for an item, or the problem that prevents it."""


def ignore_warnings_of_pillow() -> None:
    """Let this process say nothing of large or damaged images but what their rows say."""
    # An image beyond Pillow's warning size is used; one beyond its limit is refused.
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)
    # Damaged EXIF is no harm to the pixels. What Pillow says of damaged files names no file; whether one can be used is
    # the row's to say, as in training.
    warnings.filterwarnings("ignore", module=r"PIL\.")


def decode_ahead(items: Iterable[Item], reader: Reader, ahead: int) -> Iterator[DecodedInput]:
    """Yield the decoded input of each item, in order; up to `ahead` items are decoded while earlier ones are used."""
    ignore_warnings_of_pillow()
    pool = ThreadPoolExecutor(min(16, 2 + (os.cpu_count() or 1)))
    waiting: deque[Future[DecodedInput]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(reader.read, item))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
