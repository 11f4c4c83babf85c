"""Feature maps of transformers of images: their positions laid out as the grid of patches that they stand for."""

from __future__ import annotations

from typing import Any

import keras

_FEWEST = 2


def find_grid(positions: int, size: tuple[int, int]) -> tuple[int, int] | None:
    """Return rows and columns of the square patches of which an image has that many; None where it never has.

    `size` is height and width of the image in pixels. What is left over at its right and bottom edge is no patch, as
    where a convolution without padding cuts them; else it is one, as where a map of odd sides is halved with padding.
    """
    for side in range(1, min(size) + 1):
        for grid in (tuple(pixels // side for pixels in size), tuple(-(-pixels // side) for pixels in size)):
            if grid[0] * grid[1] == positions and min(grid) >= _FEWEST:
                return grid[0], grid[1]
    return None


def lay_out(tensor: Any, prefix_tokens: int, size: tuple[int, int], name: str) -> Any:
    """Return the positions [batch, positions, channels] as a map [batch, rows, columns, channels], in stock layers.

    The first `prefix_tokens` positions stand for no patch and are left out. `name` begins the names of the layers.
    Raises ValueError where the others are no grid, see `find_grid`.
    """
    grid = find_grid(tensor.shape[1] - prefix_tokens, size)
    if grid is None:
        raise ValueError(f"{tensor.shape[1] - prefix_tokens} positions are no grid of patches of an image of {size}")
    if prefix_tokens:
        tensor = keras.layers.Cropping1D((prefix_tokens, 0), name=f"{name}_patches")(tensor)
    return keras.layers.Reshape((*grid, tensor.shape[-1]), name=f"{name}_grid")(tensor)
