from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.training.updates.gradient_norms import GradientNorms, summarise_norms

DEVICES: Any = SimpleNamespace(strategy=tf.distribute.get_strategy(), sum_dtype=tf.float64)
UNITS = ["stem", "head", "stem"]


def gradients(seed: int) -> list[np.ndarray]:
    draw = np.random.default_rng(seed)
    return [draw.normal(size=shape).astype(np.float32) for shape in ((3, 2), (4,), (2,))]


def by_hand(values: list[np.ndarray]) -> dict[str, float]:
    found = {}
    for unit in ("stem", "head"):
        own = [value for value, name in zip(values, UNITS, strict=True) if name == unit]
        found[unit] = float(sum(sum(float(x) ** 2 for x in value.ravel()) for value in own)) ** 0.5
    return found


def test_mean_and_largest_are_those_of_the_updates_of_an_epoch() -> None:
    norms = GradientNorms(DEVICES, UNITS)
    step = tf.function(lambda *values: norms.update(norms.measure(values)))
    made = [by_hand(gradients(seed)) for seed in range(4)]
    for seed in range(4):
        step(*map(tf.constant, gradients(seed)))
    rows = norms.end_epoch(3)
    assert [(row["epoch"], row["unit"], row["steps"]) for row in rows] == [(3, "stem", 4), (3, "head", 4)]
    for row in rows:
        own = [each[row["unit"]] for each in made]
        assert row["mean"] == pytest.approx(sum(own) / 4, rel=1e-6)
        assert row["largest"] == pytest.approx(max(own), rel=1e-6)
    assert norms.end_epoch(4) == [], "the next epoch begins with nothing"


def test_a_skipped_update_does_not_count() -> None:
    norms = GradientNorms(DEVICES, UNITS)
    norms.update(norms.measure(list(map(tf.constant, gradients(0)))), tf.constant(True))
    norms.update(tf.constant([np.inf, np.nan], tf.float64), tf.constant(False))
    first, _ = norms.end_epoch(1)
    assert first["steps"] == 1 and first["mean"] == first["largest"] == pytest.approx(by_hand(gradients(0))["stem"])


def test_it_goes_on_from_its_state_to_the_last_bit() -> None:
    whole, begun, resumed = (GradientNorms(DEVICES, UNITS) for _ in range(3))
    for seed in range(5):
        for norms in (whole, begun if seed < 2 else resumed):
            if seed == 2 and norms is resumed:
                norms.restore(begun.state())
            norms.update(norms.measure(list(map(tf.constant, gradients(seed)))))
    assert resumed.end_epoch(1) == whole.end_epoch(1)


def test_a_summary_has_both_ends_and_the_largest() -> None:
    rows = [
        {"epoch": epoch, "unit": "head", "mean": mean, "largest": largest, "steps": 2}
        for epoch, mean, largest in ((1, 3.0, 4.0), (2, 2.0, 9.0), (3, 1.0, 2.0))
    ]
    assert summarise_norms(rows) == {"head": {"first": 3.0, "last": 1.0, "largest": 9.0}}
    assert summarise_norms([]) == {}
