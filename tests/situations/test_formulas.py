"""What a run computes is what its configuration says: situations in which another figure came out silently."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from safetensors.numpy import load_file

from kerastune_ft.api import training

SIZE = 32


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with images of two classes and a backbone with attention, all of whose variables have values."""
    folder = tmp_path_factory.mktemp("formulas")
    draw = np.random.default_rng(0)
    labels = np.arange(24) % 2
    np.savez(folder / "data.npz", x=draw.integers(0, 255, (24, SIZE, SIZE, 3), dtype=np.uint8), y=labels)
    images = keras.Input((SIZE, SIZE, 3))
    x = keras.layers.Conv2D(6, 8, strides=8)(images)
    x = keras.layers.LayerNormalization()(x)
    attended = keras.layers.MultiHeadAttention(2, 3, name="attention")(x, x)
    model = keras.Model(images, keras.layers.Add()([x, attended]))
    for variable in model.variables:
        variable.assign(draw.normal(size=variable.shape))
    model.save(folder / "backbone.keras")
    return folder


def train(folder: Path, name: str, *phases: dict[str, Any], **sections: Any) -> Path:
    """Train phases of one step, where they say nothing else, and return the run directory."""
    usual = {"unfreeze": "all", "steps": 1, "learning_rate": 0.001, "batch_size": 8}
    document = {
        "name": name,
        "task": {"kind": "image_classification"},
        "data": {"kind": "arrays", "path": str(folder / "data.npz")},
        "backbone": {"kind": "saved", "path": str(folder / "backbone.keras"), "input": "-1-1"},
        "phases": [{"name": f"phase{number}", **usual, **phase} for number, phase in enumerate(phases)],
        "output": {"directory": str(folder)},
    }
    return training.run({**document, **sections}, run_dir=folder / name).path


@pytest.mark.slow
def test_weight_decay_moves_no_norm_and_no_bias(workplace: Path) -> None:
    without, decayed = (
        load_file(train(workplace, f"decay{decay}", {"weight_decay": decay}) / "phases/00-phase0/best.safetensors")
        for decay in (0, 5)
    )
    moved = {path.rpartition("/")[2] for path in without if (without[path] != decayed[path]).any()}
    assert moved == {"kernel"}
    # Of attention the biases have an axis of heads.
    assert max(np.ndim(value) for path, value in without.items() if path.endswith("bias")) == 2
