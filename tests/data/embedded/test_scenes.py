from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.data.embedded.scenes import OUTLINES, draw_scene


@pytest.mark.parametrize("kind", OUTLINES)
def test_outlines_hold_their_middle_and_nothing_far(kind: str) -> None:
    angles = np.linspace(0, 2 * np.pi, 60)
    assert OUTLINES[kind](np.zeros(1), np.zeros(1)).all()
    assert not OUTLINES[kind](1.3 * np.cos(angles), 1.3 * np.sin(angles)).any()


def test_outlines_differ() -> None:
    axis = (np.arange(200) + 0.5) / 100 - 1
    inside = [outline(axis[None, :], axis[:, None]) for outline in OUTLINES.values()]
    areas = [each.mean() * 4 for each in inside]
    # A circle's pi; the square's 1.74 squared; three quarters of an equilateral triangle's height times its side.
    assert areas[1] == pytest.approx(np.pi, rel=0.02)
    assert areas[2] == pytest.approx(1.74**2, rel=0.03)
    assert areas[3] == pytest.approx(3 * np.sqrt(3) * 0.6**2, rel=0.03)


def test_objects_stay_visible() -> None:
    for seed in range(8):
        scene = draw_scene(np.random.default_rng(seed), 64, 9, (4.0, 16.0))
        sizes = np.bincount(scene.owners.ravel(), minlength=len(scene.kinds) + 1)
        # The smallest object has an area of 4 * 4 of the least outline, and 0.6 * 0.6 of it is left at worst.
        assert sizes[1:].min() > 0.36 * 16 * 1.5
        assert len(scene.kinds) > 3
        assert scene.pixels.shape == (64, 64, 3)


def test_a_scene_without_objects_is_ground() -> None:
    scene = draw_scene(np.random.default_rng(0), 32, 0, (4.0, 8.0))
    assert scene.kinds == () and not scene.owners.any() and scene.pixels.std() > 2
