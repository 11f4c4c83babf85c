from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kerastune_ft.config.options.heads import Head
from kerastune_ft.input.decode import Geometry
from kerastune_ft.input.order import Order
from kerastune_ft.tasks.segmentation import Segmentation
from kerastune_ft.training.phase.evaluate import evaluate_split
from kerastune_ft.training.tiled.measure import describe_picture, measure_pictures
from tests.support.tiled_scenes import TASK, open_scenes

GEOMETRY = Geometry(16, 16, "stretch")


class _Feed:
    """Gives the numbers of tiles as their features."""

    def __init__(self, source: Any) -> None:
        self.loader = SimpleNamespace(source=source, geometry=GEOMETRY, buckets=None)

    def evaluation_batches(self, order: Order) -> Iterator[tuple]:
        for indices in order.indices.reshape(-1, order.batch):
            yield indices, indices


class _Step:
    """Gives for every tile probabilities that its number decides."""

    def __init__(self, scheme: Any) -> None:
        self.task = Segmentation(TASK, Head(), scheme, 0, (16, 16))
        self.computed: list[int] = []

    def measure_tiles(self, features: np.ndarray, targets: np.ndarray) -> dict[str, np.ndarray]:
        self.computed += features.tolist()
        return {"probabilities": np.stack([probabilities(number) for number in features.tolist()])}

    def join_tiles(self, *given: Any) -> dict[str, np.ndarray]:
        return self.task.join_tiles(*given)


def probabilities(number: int) -> np.ndarray:
    cells = np.random.default_rng(number).random((16, 16)).astype(np.float32)
    return np.stack([1 - cells, cells], axis=-1)


@pytest.mark.parametrize("replicas", [1, 2])
def test_pictures_are_measured_whole_whatever_the_batch(tmp_path: Path, replicas: int) -> None:
    whole, tiled = open_scenes(tmp_path, 6)
    devices: Any = SimpleNamespace(replicas=replicas, rows=lambda rows: rows)
    pictures, told = np.array([4, 0, 3]), []
    found = []
    for batch in (3, 7, 64):
        step = _Step(whole.scheme)
        feed: Any = _Feed(tiled)
        found.append(evaluate_split(step, devices, feed, pictures, batch, lambda *told_of: told.append(told_of)))
        assert set(step.computed) == set(tiled.cuts.find_tiles(pictures).tolist())
        assert told[-1] == (len(tiled.cuts.find_tiles(pictures)),) * 2
    for each in found:
        assert each.indices is pictures
        for place, index in enumerate(pictures.tolist()):
            own = [{"probabilities": probabilities(tile)} for tile in tiled.cuts.find_tiles([index])]
            expected = step.task.join_tiles(describe_picture(tiled, index, GEOMETRY), tiled.read_truth(index), own)
            for name, value in expected.items():
                assert np.array_equal(each.measured[name][place], value)
            height, width = tiled.cuts.sizes[index]
            assert each.measured["confusion"][place].sum() <= height * width
    assert step.task.summarise(found[0].measured) == step.task.summarise(found[2].measured)


def test_no_tile_is_held_when_its_picture_is_done(tmp_path: Path) -> None:
    whole, tiled = open_scenes(tmp_path, 6)
    step, order = _Step(whole.scheme), []

    def join(picture: Any, truth: Any, tiles: Any) -> dict[str, np.ndarray]:
        order.append(len(step.computed))
        return step.task.join_tiles(picture, truth, tiles)

    step.join_tiles = join  # type: ignore[method-assign]
    devices: Any = SimpleNamespace(replicas=1, rows=lambda rows: rows)
    feed: Any = _Feed(tiled)
    measure_pictures(step, devices, feed, np.arange(6), 4)
    # Each picture begins when at most a batch beyond the one before is computed.
    assert all(begun <= end + 4 for begun, end in zip(order, tiled.cuts.ends[:-1], strict=True))
