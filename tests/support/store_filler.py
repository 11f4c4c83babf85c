"""Stores with rows that can be told again; as a script, a process that fills one.

    python -m tests.support.store_filler ROOT ROWS

It begins when it is given a line. For each block it prints one, the positions computed, and waits for another before it
commits the block; after the end of its input it waits no more.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kerastune_ft.stores.store import FeatureStore

ROW_BYTES = 48
PARTS = {"backbone": {"name": "tiny", "weights": "0" * 64}, "image_size": [32, 32]}


def ids(count: int, start: int = 0) -> list[bytes]:
    return [hashlib.sha256(str(number).encode()).digest() for number in range(start, start + count)]


def rows(names: Sequence[bytes]) -> np.ndarray:
    content = b"".join(hashlib.shake_128(name).digest(ROW_BYTES) for name in names)
    return np.frombuffer(content, np.uint8).reshape(-1, ROW_BYTES)


def open_store(root: Path, warn: list[str] | None = None, **parts: object) -> FeatureStore:
    told = [] if warn is None else warn
    return FeatureStore(root, {**PARTS, **parts}, ROW_BYTES, {"backbone": "tiny", **parts}, told.append)


def fill(store: FeatureStore, names: Sequence[bytes], steps: bool = False) -> list[int]:
    """Compute what is missing; return its positions."""
    computed: list[int] = []
    for block in store.claim(names, 4):
        half = len(block.positions) // 2
        content = rows([names[position] for position in block.positions])
        block.write(content[:half])
        if steps:
            print(*block.positions, flush=True)
            sys.stdin.readline()
        block.write(content[half:])
        block.commit()
        computed += block.positions.tolist()
    return computed


if __name__ == "__main__":
    sys.stdin.readline()
    with open_store(Path(sys.argv[1])) as filled:
        fill(filled, ids(int(sys.argv[2])), steps=True)
