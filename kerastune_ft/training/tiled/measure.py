"""What a task measures of whole pictures, computed tile by tile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np

from kerastune_ft.input.order import Order, order_batches
from kerastune_ft.tiles.grid import TiledPicture
from kerastune_ft.training.devices.devices import Devices
from kerastune_ft.training.features.feed import Feed

Tile = Mapping[str, np.ndarray]
"""What a step measured of one tile, by name."""


def measure_pictures(
    step: Any,
    devices: Devices,
    feed: Feed,
    pictures: np.ndarray,
    batch: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, np.ndarray]:
    """Return what the task measures of these pictures, [pictures, ...] by name, in their order.

    Tiles are computed in batches of `batch`, whatever their pictures; those of one picture are put together and let go
    before the next. `step` is a `PhaseStep`. `progress` is told of tiles.
    """
    tiled: Any = feed.loader
    tiles = tiled.source.cuts.find_tiles(pictures)
    order = order_batches(tiles, batch, devices.replicas)
    measured = _measure_tiles(step, devices, feed, order, progress)
    rows = []
    for index in pictures.tolist():
        picture = describe_picture(tiled.source, index, tiled.geometry)
        own = islice(measured, len(picture.boxes))
        rows.append(step.join_tiles(picture, tiled.source.read_truth(index), own))
    # What reads ahead ends where all is read.
    assert next(measured, None) is None
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def describe_picture(source: Any, index: int, geometry: Any) -> TiledPicture:
    """Return the tiles of a picture of a `TiledSource`, which are fitted to `geometry`."""
    cuts = source.cuts
    height, width = cuts.sizes[index].tolist()
    boxes = cuts.boxes[cuts.ends[index] : cuts.ends[index + 1]]
    return TiledPicture(height, width, boxes, cuts.grid.common, geometry)


def _measure_tiles(
    step: Any, devices: Devices, feed: Feed, order: Order, progress: Callable[[int, int], None]
) -> Iterator[Tile]:
    """Yield what is measured of each tile, in order."""
    done, total = 0, int(order.weights.sum())
    for number, (features, targets, *_) in enumerate(feed.evaluation_batches(order)):
        found = {name: devices.rows(rows) for name, rows in step.measure_tiles(features, targets).items()}
        is_real = order.weights[number * order.batch : (number + 1) * order.batch] > 0
        done += int(is_real.sum())
        progress(done, total)
        for place in np.flatnonzero(is_real):
            yield {name: rows[place] for name, rows in found.items()}
