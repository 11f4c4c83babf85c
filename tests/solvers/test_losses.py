from __future__ import annotations

import math

import numpy as np
import pytest

from kerastune_ft.solvers.losses import LinearLoss, SigmoidLoss, SoftmaxLoss, SquaredLoss

OUTPUTS = np.array([[0.3, -2.0, 1.5], [40.0, -700.0, 0.0]])
CLASSES = np.array([1, 0])
FLAGS = np.array([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]])
CASES: list[tuple[LinearLoss, np.ndarray]] = [
    (SoftmaxLoss(3), CLASSES),
    (SoftmaxLoss(3, 0.1, (2.0, 0.5, 1.0)), CLASSES),
    (SigmoidLoss(3), FLAGS),
    (SigmoidLoss(3, 0.2, (2.0, 0.5, 1.0)), FLAGS),
    (SquaredLoss(3), FLAGS),
]


@pytest.mark.parametrize(("loss", "targets"), CASES)
def test_derivatives_are_those_of_the_losses(loss: LinearLoss, targets: np.ndarray) -> None:
    losses, slopes = loss.evaluate(targets, OUTPUTS)
    assert np.isfinite(losses).all() and loss.outputs == 3
    for number in range(3):
        step = np.zeros(3)
        step[number] = 1e-6
        rise = loss.evaluate(targets, OUTPUTS + step)[0] - loss.evaluate(targets, OUTPUTS - step)[0]
        assert slopes[:, number] == pytest.approx(rise / 2e-6, abs=1e-4)


def test_losses_of_one_example_by_hand() -> None:
    odds = [math.exp(0.3), math.exp(-2.0), math.exp(1.5)]
    logs = [math.log(each / sum(odds)) for each in odds]
    assert SoftmaxLoss(3).evaluate(CLASSES, OUTPUTS)[0][0] == pytest.approx(-logs[1])
    wanted = [0.1 / 3, 0.9 + 0.1 / 3, 0.1 / 3]
    smoothed = -sum(share * log for share, log in zip(wanted, logs, strict=True))
    assert SoftmaxLoss(3, 0.1, (2.0, 0.5, 1.0)).evaluate(CLASSES, OUTPUTS)[0][0] == pytest.approx(0.5 * smoothed)
    # A class that the example has, of weight 2: 90 % are for having it, 10 % for not having it.
    chance = 1 / (1 + math.exp(-0.3))
    own = -2.0 * (0.9 * math.log(chance) + 0.1 * math.log(1 - chance))
    alone = SigmoidLoss(1, 0.2, (2.0,)).evaluate(FLAGS[:1, :1], OUTPUTS[:1, :1])[0][0]
    assert alone == pytest.approx(own)
    assert SquaredLoss(3).evaluate(FLAGS, OUTPUTS)[0][0] == pytest.approx((0.7**2 + 2.0**2 + 0.5**2) / 3)


@pytest.mark.parametrize(
    ("loss", "curvature"), [(SoftmaxLoss(4), 1 / 4), (SigmoidLoss(2), 1 / 8), (SquaredLoss(2), 1.0)]
)
def test_curvature_is_the_second_derivative_without_knowledge(loss: LinearLoss, curvature: float) -> None:
    direction = np.array([1.0, -1.0] + [0.0] * (loss.outputs - 2)) / math.sqrt(2)
    targets = np.zeros(1, np.int64) if loss.outputs == 4 else np.zeros((1, 2))
    slopes = [loss.evaluate(targets, sign * 1e-4 * direction[None])[1][0] @ direction for sign in (1, -1)]
    assert (slopes[0] - slopes[1]) / 2e-4 == pytest.approx(curvature, rel=1e-6)
    assert loss.curvature == curvature
