"""Seeds of initial values that depend on the run's seed and the layer's name alone."""

from __future__ import annotations

import hashlib


def layer_seed(seed: int, layer: str) -> int:
    """Return the seed of a layer's initial values, whatever else is built before it."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{layer}".encode()).digest()[:4], "little")
