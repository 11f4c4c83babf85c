"""The pictures that predictions are made on, read again at their own size to draw upon."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from kerastune_ft.config.run import RunConfig
from kerastune_ft.inference.fixed_shape_predictor import make_image_reader
from kerastune_ft.inference.items import Item
from kerastune_ft.inference.output.form import PICTURE
from kerastune_ft.inference.run_model import Row


class Pictures:
    """Remembers which items are asked about, and adds the picture of each to its row once that is there."""

    def __init__(self, config: RunConfig, plan: Mapping[str, Any]) -> None:
        """Read pictures as the run does; `plan` is its plan.json."""
        self._reader = make_image_reader(config, plan, is_fitted=False)
        self._waiting = deque[Item]()

    def keep(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield the items, whose rows `add_to` gets in the same order."""
        for item in items:
            self._waiting.append(item)
            yield item

    def add_to(self, batches: Iterable[list[Row]]) -> Iterator[list[Row]]:
        """Yield the rows of the items one by one, each with its picture, so that one picture is in memory at a time."""
        for rows in batches:
            for row in rows:
                yield [{**row, PICTURE: self._read_next()}]

    def _read_next(self) -> np.ndarray | None:
        values = self._reader.read(self._waiting.popleft()).values
        return None if values is None else np.clip(np.round(np.asarray(values)), 0, 255).astype(np.uint8)
