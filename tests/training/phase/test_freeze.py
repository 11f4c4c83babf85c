"""Layers that draw in training belong to the tail, or a head-only phase would train without its dropout."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.read import read
from kerastune_ft.graph import randomness
from kerastune_ft.training.devices import devices
from kerastune_ft.training.phase import freeze
from kerastune_ft.training.plan import build
from kerastune_ft.training.session.assemble import assemble
from kerastune_ft.training.session.session import Session


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder: Path = tmp_path_factory.mktemp("random_layers")
    random = np.random.default_rng(0)
    np.savez(folder / "data.npz", x=random.integers(0, 256, (40, 32, 32, 3)).astype(np.uint8), y=np.arange(40) % 2)
    config = read(
        {
            "task": {"kind": "image_classification"},
            "data": {"kind": "arrays", "path": str(folder / "data.npz")},
            "backbone": {"kind": "applications", "name": "EfficientNetB0", "weights": None, "image_size": 32},
            "head": {"hidden": [8], "dropout": 0.5},
            "phases": [
                {"name": "head", "unfreeze": "none", "epochs": 1, "learning_rate": 0.01},
                {"name": "top", "unfreeze": {"last": 2}, "epochs": 1, "learning_rate": 0.01},
            ],
            "runtime": {"cache_directory": str(folder / "cache"), "strategy": "none"},
        }
    )
    return assemble(config, devices.resolve(config.runtime), lambda line: None)


def _dropouts(model: keras.Model) -> set[str]:
    return {layer.name for layer in model.layers if isinstance(layer, keras.layers.Dropout)}


def test_the_heads_dropout_draws_in_a_head_only_phase(session: Session) -> None:
    head = build.make(session).phases[0]
    assert _dropouts(head.partition.tail) == {"head_dropout", "head_hidden_1_dropout"}
    freeze.freeze_all_but(session, head.selection, head.trained)
    features = tf.ones([4, *head.partition.cut[0].shape[1:]])
    keys = randomness.example_keys("0/0", 0, tf.range(4, dtype=tf.int64))
    with randomness.address_draws(keys):
        drawn = head.partition.tail(features, training=True)
    assert np.ptp(drawn.numpy(), axis=0).max() > 0, "equal features give equal outputs: nothing was dropped"
    assert np.ptp(head.partition.tail(features, training=False).numpy(), axis=0).max() == 0


def test_stochastic_depth_draws_only_in_units_that_train(session: Session) -> None:
    top = build.make(session).phases[1]
    freeze.freeze_all_but(session, top.selection, top.trained)
    active = {layer.name for layer in session.model.layers if randomness.is_random(layer) and layer.trainable}
    units = {unit.id: unit for unit in session.units}
    allowed = {layer.name for name in (*top.selection.units, "head") for layer in units[name].layers}
    assert active
    assert active <= allowed
