"""Pictures of two kinds with planted faults: copies, wrong labels, a white one; and a configuration on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.support.drawn_pictures import draw
from tests.support.small_nets import save_net

COUNT = 90
WRONG = (4, 17, 31, 46)
"""Examples that have the label of the other class."""
EXACT, MIRRORED, CONFLICT, WHITE = COUNT, COUNT + 1, COUNT + 2, COUNT + 3
"""Copies of the examples 10, 11 and 12, the last with the other label, and a white picture."""


def write_faulty(path: Path) -> Path:
    """Bright and dark pictures, as arrays."""
    labels = np.arange(COUNT) % 2
    pictures = [_shrink(draw(seed) * (0.35 + 0.6 * label)) for seed, label in enumerate(labels)]
    labels[list(WRONG)] = 1 - labels[list(WRONG)]
    pictures += [pictures[10], pictures[11][:, ::-1], pictures[12], np.full((32, 32), 255, np.uint8)]
    labels = np.concatenate([labels, labels[[10, 11]], 1 - labels[[12]], [1]])
    np.savez(path, x=np.stack([np.stack([each] * 3, axis=-1) for each in pictures]), y=labels)
    return path


def _shrink(picture: np.ndarray) -> np.ndarray:
    image = Image.fromarray(picture.astype(np.uint8))
    return np.asarray(image.resize((32, 32), Image.Resampling.BOX))


def document(folder: Path) -> dict[str, Any]:
    """The configuration, with a small net."""
    return {
        "name": "faulty",
        "task": {"kind": "image_classification"},
        "data": {"kind": "arrays", "path": str(write_faulty(folder / "faulty.npz"))},
        "backbone": save_net(folder / "plain.keras", "plain"),
        "phases": [{"name": "head", "unfreeze": "none", "epochs": 1, "learning_rate": 0.01, "batch_size": 16}],
        "runtime": {"strategy": "none", "cache_directory": str(folder / "cache")},
        "output": {"directory": str(folder / "runs")},
    }
