from __future__ import annotations

import numpy as np
import pytest


@pytest.mark.parametrize("family", ["glyph", "contour", "fractal", "texture"])
def test_a_class_is_drawn_in_variations_of_one_formula(family: str) -> None:
    import formula_images

    draw = formula_images.FAMILIES[family].draw
    for label in range(3):
        ink = draw(np.random.default_rng([1, label]), 4, 32)
        assert ink.shape == (4, 32, 32)
        assert ink.min() >= 0
        assert ink.max() <= 1
        assert all(one.std() > 0.02 for one in ink)
        assert not np.array_equal(ink[0], ink[1])
        assert np.array_equal(ink, draw(np.random.default_rng([1, label]), 4, 32))


def test_generated_images_are_a_function_of_the_arguments() -> None:
    import formula_images

    images, labels = formula_images.generate(3, 1, 16)
    again, _ = formula_images.generate(3, 1, 16)
    other, _ = formula_images.generate(4, 1, 16)
    assert images.shape == (formula_images.CLASSES, 16, 16, 3)
    assert images.dtype == np.uint8
    assert np.array_equal(labels, np.arange(formula_images.CLASSES))
    assert np.array_equal(images, again)
    assert not np.array_equal(images, other)


def test_colours_do_not_tell_the_class() -> None:
    from formula_images.painting import paint

    rng = np.random.default_rng(0)
    ink = np.zeros((16, 16), np.float32)
    ink[4:12, 4:12] = 1
    painted = np.stack([paint(rng, ink) for _ in range(60)]).astype(float)
    inside, outside = painted[:, 6:10, 6:10].mean(axis=(1, 2)), painted[:, :2].mean(axis=(1, 2))
    assert np.abs(inside - outside).mean(axis=1).min() > 15
    assert 10 < (inside.mean(axis=1) > outside.mean(axis=1)).sum() < 50
