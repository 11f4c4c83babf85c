"""Models of tiles as graphs: they give the probabilities of a tile's own pixels, which predict.py puts together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import tensorflow as tf

from kerastune_ft.exporting.graphs.base import Endpoint, Tensors
from kerastune_ft.exporting.graphs.images import ImageGraphs
from kerastune_ft.exporting.graphs.masks import MaskGraphs, restore_maps


class TileGraphs(MaskGraphs):
    """The endpoints of a model of tiles: `any_size` gives probabilities at the tile's size, `fitted` at the model's."""

    form = "tiles"

    def portable(self) -> list[Endpoint]:
        """Return `any_size`, of probabilities at the tiles' own size, and `fitted`, of those at the model's."""
        any_size, fitted = ImageGraphs.portable(self)

        def answer(image: tf.Tensor) -> Tensors:
            maps, own = any_size.call(image=image)[self.output_name], tf.shape(image)
            return {self.output_name: restore_maps(maps, own[1], own[2], self.serving.geometry)}

        what = f"{any_size.what}; one or several tiles, of which each pixel has its probabilities"
        return [replace(any_size, what=what, call=answer), fitted]

    def raw(self) -> list[Endpoint]:
        """Return the endpoints of `portable`: a file holds a whole picture."""
        return self.portable()

    def answers(self) -> dict[str, Any]:
        """Return also the side of a tile, the pixels that neighbours share, and the number of classes."""
        grid = self.serving.grid
        assert grid is not None
        return {**super().answers(), "tiles": [grid.size, grid.common, len(self.serving.task.scheme.names)]}
