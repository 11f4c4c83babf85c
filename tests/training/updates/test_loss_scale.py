"""A float16 step whose gradient overflows on any replica is made by none, and the scale of the loss finds its size."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.training.devices.devices import Devices
from kerastune_ft.training.updates.loss_scale import LossScale, choose_loss_scale
from tests.support.processes import HANG, environment


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the steps of overflow_steps.py did, by the number of replicas."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.overflow_steps"],
        capture_output=True,
        text=True,
        env=environment(tmp_path_factory.mktemp("steps")),
        timeout=HANG,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


REPLICAS = pytest.mark.parametrize("replicas", ["1", "2"])


@REPLICAS
def test_an_image_that_overflows_is_skipped_by_all(steps: dict[str, Any], replicas: str) -> None:
    first, poisoned, last = steps[replicas]["forward"]["log"]
    assert all(first["changed"][:4])
    # Weights, moments, the count of updates: nothing.
    assert not any(poisoned["changed"])
    assert [row["iterations"] for row in (first, poisoned, last)] == [1, 1, 2]
    assert [row["scale"] for row in (first, poisoned, last)] == [2.0**15, 2.0**14, 2.0**14]
    assert [row["skipped"] for row in (first, poisoned, last)] == [0, 1, 1]
    assert [row["good"] for row in (first, poisoned, last)] == [1, 0, 1]
    # Its loss is no number; what was asked for is still heard.
    assert poisoned["sums"][:-1] == [0.0] * 3
    assert [row["sums"][-1] for row in (first, poisoned)] == [float(replicas)] * 2
    assert first["sums"][0] == last["sums"][0] == 8
    assert not last["failed"]


@REPLICAS
def test_a_scale_that_overflows_halves_until_it_does_not(steps: dict[str, Any], replicas: str) -> None:
    log = steps[replicas]["backward"]["log"]
    skipped = log[-1]["skipped"]
    assert 0 < skipped < len(log)
    for number, row in enumerate(log):
        assert any(row["changed"]) == (number >= skipped)
        # The loss itself is finite, and so it counts.
        assert row["sums"][0] == 4 and row["sums"][1] > 0
    assert log[-1]["scale"] == 2.0 ** (30 - skipped)
    assert log[-1]["good"] == log[-1]["iterations"] == len(log) - skipped


@REPLICAS
def test_at_the_smallest_scale_there_is_no_way_on(steps: dict[str, Any], replicas: str) -> None:
    log = steps[replicas]["hopeless"]["log"]
    assert [row["scale"] for row in log] == [1.0, 1.0, 1.0]
    assert [row["failed"] for row in log] == [False, True, True]
    # It failed at the second step, whenever that is looked at.
    assert [row["since"] for row in log] == [0, 0, 1]


@REPLICAS
def test_the_scale_doubles_after_2000_good_steps(steps: dict[str, Any], replicas: str) -> None:
    log = steps[replicas]["good"]["log"]
    assert [(row["scale"], row["good"]) for row in log] == [(2.0**10, 1999), (2.0**11, 0), (2.0**11, 1)]


@pytest.mark.parametrize("what", ["forward", "backward", "hopeless", "good"])
def test_two_replicas_equal_one(steps: dict[str, Any], what: str) -> None:
    one, two = (steps[number][what] for number in ("1", "2"))
    for first, second in zip(one["log"], two["log"], strict=True):
        assert {**second, "sums": None} == {**first, "sums": None}
        assert second["sums"][:-1] == pytest.approx(first["sums"][:-1], rel=1e-4)
    for first, second in zip(one["weights"], two["weights"], strict=True):
        # Halves of a batch are added up in float16, which has three digits; Adam makes steps of 0.01 of them.
        np.testing.assert_allclose(second, first, atol=1e-3)


def test_scaling_is_exact() -> None:
    scale = LossScale(tf.distribute.get_strategy(), examples=20)
    loss = tf.constant(0.1234567)
    assert scale.scale_loss(loss).numpy() == np.float32(0.1234567) * 2.0**10
    gradients = [tf.constant([0.1, -3e-5]), tf.constant(7.7)]
    back = scale.unscale_gradients([scale.scale_loss(gradient) for gradient in gradients])
    assert all(np.array_equal(*pair) for pair in zip(back, gradients, strict=True))


def test_the_scale_stays_a_number() -> None:
    scale = LossScale(tf.distribute.get_strategy(), examples=1)
    scale.restore({"scale": 2.0**127, "good": 1999, "skipped": 0})
    scale.update(tf.constant(True))
    assert scale.state() == {"scale": 2.0**127, "good": 0, "skipped": 0}


def test_only_float16_has_one() -> None:
    devices = Devices("none", tf.distribute.get_strategy(), ("CPU",), "", True)
    assert choose_loss_scale(devices, 8) is None
    assert choose_loss_scale(replace(devices, precision="mixed_bfloat16"), 8) is None
    assert choose_loss_scale(replace(devices, precision="mixed_float16"), 8) is not None
