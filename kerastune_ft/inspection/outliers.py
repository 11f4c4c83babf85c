"""Examples unlike all others: far from their nearest neighbours, compared with how far these are from theirs.

It is the idea of the local outlier factor (Breunig, Kriegel, Ng and Sander, "LOF: Identifying Density-Based Local
Outliers", SIGMOD 2000) with plain means of distances.
"""

from __future__ import annotations

import numpy as np

from kerastune_ft.inspection.neighbours import Neighbours

FAR = 6.0
"""Usual deviations of the logarithm from which on an example is an outlier."""
MOST = 0.01
"""The largest share of the examples that are named."""
_FEWEST = 20


def find_outliers(neighbours: Neighbours) -> list[tuple[int, float]]:
    """Return the positions of outliers, the farthest first, each with how many times farther off it is than usual."""
    count = len(neighbours.indices)
    if count < _FEWEST:
        return []
    own = np.maximum(1.0 - neighbours.similarities.astype(np.float64), 1e-6).mean(axis=1)
    ratios = own / own[neighbours.indices].mean(axis=1)
    logs = np.log(ratios)
    middle = float(np.median(logs))
    usual = max(1.4826 * float(np.median(np.abs(logs - middle))), 0.02)
    far = (logs - middle) / usual
    order = np.argsort(-far, kind="stable")[: max(1, int(MOST * count))]
    return [(int(position), float(ratios[position])) for position in order if far[position] >= FAR]
