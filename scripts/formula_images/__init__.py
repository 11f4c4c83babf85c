"""Images computed from formulas, for pretraining without a single photograph (formula-driven supervised learning).

After Kataoka et al., "Pre-training without Natural Images" (2020), whose classes are fractals; here there are four
families of formulas: glyphs, contours, fractals and textures. A class is one set of parameters of a formula, its
examples are variations of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import numpy as np

from formula_images import contours, fractals, glyphs, textures
from formula_images.painting import paint

# A class's formula drawn `count` times as ink in [0, 1], [count, size, size].
DrawClass = Callable[[np.random.Generator, int, int], np.ndarray]


class Family(NamedTuple):
    """A formula with free parameters, and how many classes are drawn from it."""

    classes: int
    draw: DrawClass


FAMILIES: Final = {
    "glyph": Family(120, glyphs.draw_class),
    "contour": Family(70, contours.draw_class),
    "fractal": Family(60, fractals.draw_class),
    "texture": Family(40, textures.draw_class),
}
CLASSES: Final = sum(family.classes for family in FAMILIES.values())


def generate(seed: int, images_per_class: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return uint8 RGB images [n, size, size, 3] and int32 labels, class by class, the same for the same arguments."""
    drawn = [_draw(draw, seed, label, images_per_class, size) for label, draw in enumerate(_formulas())]
    return np.concatenate(drawn), np.repeat(np.arange(CLASSES, dtype=np.int32), images_per_class)


def _formulas() -> Iterator[DrawClass]:
    for family in FAMILIES.values():
        for _ in range(family.classes):
            yield family.draw


def _draw(draw: DrawClass, seed: int, label: int, count: int, size: int) -> np.ndarray:
    rng = np.random.default_rng([seed, label])
    return np.stack([paint(rng, ink) for ink in draw(rng, count, size)])
