"""Boundary pixels of masks counted by SciPy, one by one."""

from __future__ import annotations

import numpy as np
from scipy import ndimage


def count_by_distances(true: np.ndarray, found: np.ndarray, number: int, reach: float, ignore: int) -> list[int]:
    """Return true boundary pixels of a class, those near a predicted one, and the same of the predicted ones."""
    lines = [find_line(mask, true, number, ignore) for mask in (true, found)]
    counts = []
    for line, other in zip(lines, reversed(lines), strict=True):
        distances = ndimage.distance_transform_edt(~other) if other.any() else np.full(line.shape, np.inf)
        counts += [int(line.sum()), int((line & (distances <= reach)).sum())]
    return counts


def find_line(mask: np.ndarray, true: np.ndarray, number: int, ignore: int) -> np.ndarray:
    """Return the boundary of a class by a loop over pixels and their sides; pixels that `true` ignores are none."""
    line = np.zeros(mask.shape, bool)
    for row, column in np.argwhere((mask == number) & (true != ignore)):
        for place in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
            inside = 0 <= place[0] < mask.shape[0] and 0 <= place[1] < mask.shape[1]
            if inside and true[place] != ignore and mask[place] != number:
                line[row, column] = True
    return line
