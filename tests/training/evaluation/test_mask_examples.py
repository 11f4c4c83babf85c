from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.data.annotations.masks import IGNORE
from kerastune_ft.data.annotations.palette import PALETTE
from kerastune_ft.training.evaluation import mask_examples


def test_examples_reach_from_the_worst_to_the_best() -> None:
    losses = np.random.default_rng(0).permutation(100) / 100
    chosen = losses[mask_examples._choose(losses)].tolist()
    assert len(chosen) == 12
    assert chosen == sorted(chosen, reverse=True)
    assert chosen[:6] == [0.99, 0.98, 0.97, 0.96, 0.95, 0.94]
    assert chosen[-1] == 0
    assert max(np.diff(chosen[6:])) == pytest.approx(-0.18, abs=0.02)


def test_few_examples_are_all_shown_and_one_without_a_loss_comes_last() -> None:
    assert mask_examples._choose(np.array([0.5, np.nan, 2.0])) == [2, 0, 1]


def test_image_mask_and_prediction_are_a_panel_each() -> None:
    image = np.full((2, 3, 3), 100, np.uint8)
    mask = np.array([[0, 1, IGNORE], [2, 0, 0]], np.uint8)
    panels = mask_examples._draw_panels(image, mask, np.zeros_like(mask), PALETTE[:3])
    assert list(panels) == ["picture", "labelled", "predicted", "difference"]
    first, second, third, fourth = panels.values()
    assert np.array_equal(first, image)
    assert np.array_equal(third, image)
    is_tinted = (second != image).any(axis=-1)
    assert is_tinted.tolist() == [[False, True, False], [True, False, False]]
    assert second[0, 1].tolist() == np.round(55 + 0.45 * PALETTE[1]).astype(int).tolist()
    wrong = fourth[0, 1]
    assert fourth[1, 0].tolist() == wrong.tolist()
    assert (fourth == wrong).all(axis=-1).tolist() == [[False, True, False], [True, False, False]]
