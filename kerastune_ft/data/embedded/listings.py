"""Synthetic house listings: a drawing of the house, its figures, and what the owner writes; is it cheap, fair or dear?

Picture, figures and words weigh alike in the price, and each says nothing of the others: whoever reads one of them
alone is wrong often. Some figures are missing.
"""

from __future__ import annotations

import colorsys
from typing import Final

import numpy as np

EXAMPLES: Final = 750
CLASSES: Final = ("cheap", "dear", "fair")
NUMBERS: Final = ("area", "rooms")
WORDS: Final = ("district",)
HAS_TEXT: Final = True
SPLITS: Final = {"train": range(500), "validation": range(500, 600), "test": range(600, 750)}
IMAGE_SIZE: Final = 64
VERSION: Final = "1.0.0"
SYNTHETIC: Final = True
DESCRIPTION: Final = (
    "750 synthetic listings of houses, each a picture of 64x64 pixels, an area, a number of rooms, a district and one "
    "or two sentences; the class is cheap, fair or dear, to which all of them add."
)
PROVENANCE: Final = (
    "Computed by kerastune_ft.data.embedded.listings from the example's index; no photograph and no text of others is "
    "in it. Apache-2.0, as the package."
)
_SALT: Final = 193
_DISTRICTS: Final = {"harbour": 0.6, "hill": 1.0, "market": 0.0, "mill": -1.0, "station": -0.6}
"""By district what it adds to the price."""
_PRAISE: Final = ("bright", "quiet", "sunny", "spacious", "elegant", "renovated", "warm", "peaceful")
_BLAME: Final = ("dark", "noisy", "damp", "cramped", "plain", "neglected", "cold", "draughty")
_ABOUT: Final = ("The kitchen", "The bedroom", "The garden", "The hall", "The attic", "The bathroom")
_NEUTRAL: Final = ("Keys are with the neighbour.", "Viewing on Tuesdays.", "Bicycles can stay.", "Free from May.")
_SAID: Final = 3
_MISSING: Final = 0.06
# A third of the prices each, found by drawing 20,000 of them.
_EDGES: Final = (-0.49, 0.48)


def image(index: int) -> np.ndarray:
    """Return the house of listing `index` as uint8 RGB of shape [64, 64, 3]: the finer, the fresher and greener."""
    rng, fine = _random(index, 1), _parts(index)[0]
    size, share = IMAGE_SIZE, (fine + 1) / 2
    axis = (np.arange(size) + 0.5) / size
    x, y = np.broadcast_arrays(axis[None, :], axis[:, None])
    pixels = np.empty((size, size, 3), np.float32)
    pixels[:] = colorsys.hsv_to_rgb(rng.uniform(0.52, 0.62), rng.uniform(0.1, 0.4), rng.uniform(0.7, 1.0))
    pixels[y > 0.8] = colorsys.hsv_to_rgb(0.1 + 0.22 * share, 0.5, rng.uniform(0.4, 0.6))
    left, right = rng.uniform(0.08, 0.25), rng.uniform(0.75, 0.92)
    top = rng.uniform(0.35, 0.45)
    wall = (x > left) & (x < right) & (y > top) & (y < 0.84)
    pixels[wall] = colorsys.hsv_to_rgb(rng.random(), 0.1 + 0.5 * share, 0.45 + 0.5 * share)
    slope = np.abs(x - (left + right) / 2) / (right - left)
    pixels[(y <= top) & (y > top - 0.28 + 0.5 * slope) & (slope < 0.56)] = colorsys.hsv_to_rgb(
        rng.uniform(0, 0.08), rng.uniform(0.3, 0.8), rng.uniform(0.3, 0.6)
    )
    for column in range(3):
        centre = left + (right - left) * (column + 0.5) / 3
        window = (np.abs(x - centre) < 0.06) & (np.abs(y - (top + 0.16)) < 0.07)
        pixels[window] = (1.0, 0.9, 0.55) if rng.random() < 0.2 + 0.6 * share else (0.15, 0.17, 0.2)
    for _ in range(rng.binomial(8, 0.75 * (1 - share))):
        at_x, at_y, lean = rng.uniform(left, right), rng.uniform(top, 0.8), rng.uniform(-0.6, 0.6)
        crack = (np.abs(x - at_x - lean * (y - at_y)) < 0.012) & (np.abs(y - at_y) < 0.1)
        pixels[crack & wall] = 0.2
    pixels = pixels * rng.uniform(0.85, 1.05) + rng.standard_normal(pixels.shape, np.float32) * 0.03
    return (255 * np.clip(pixels, 0, 1) + 0.5).astype(np.uint8)


def numbers(index: int) -> tuple[float | None, ...]:
    """Return the figures of listing `index`, in the order of NUMBERS: square metres and a count; None if missing."""
    rng, large = _random(index, 2), _parts(index)[1]
    area = round(float(95 + 45 * large + rng.normal(0, 6)), 1)
    rooms = float(max(1, round(area / 28 + rng.normal(0, 0.6))))
    return tuple(None if rng.random() < _MISSING else value for value in (area, rooms))


def words(index: int) -> tuple[str, ...]:
    """Return the words of listing `index`, in the order of WORDS."""
    return (_district(index),)


def text(index: int) -> str:
    """Return what the owner of listing `index` writes: three things praised or blamed."""
    rng, kind = _random(index, 3), _parts(index)[3]
    praised = round((kind + 1) / 2 * _SAID)
    said = [
        f"{_ABOUT[about]} is {_of(rng, _PRAISE if number < praised else _BLAME)}."
        for number, about in enumerate(rng.permutation(len(_ABOUT))[:_SAID])
    ]
    said = [said[number] for number in rng.permutation(_SAID)]
    if rng.random() < 0.4:
        said.insert(int(rng.integers(len(said) + 1)), _of(rng, _NEUTRAL))
    return " ".join(said)


def label(index: int) -> int:
    """Return the position in CLASSES of listing `index`."""
    fine, large, district, kind = _parts(index)
    price = fine + 0.7 * large + 0.7 * district + 0.8 * kind
    return CLASSES.index(("cheap", "fair", "dear")[int(np.searchsorted(_EDGES, price))])


def _parts(index: int) -> tuple[float, float, float, float]:
    """Return what picture, area, district and text add to the price of a listing, each within -1 to 1."""
    rng = _random(index, 0)
    fine, large = (float(value) for value in rng.uniform(-1, 1, 2))
    return fine, large, _DISTRICTS[_district(index)], 2 * int(rng.integers(_SAID + 1)) / _SAID - 1


def _district(index: int) -> str:
    return tuple(_DISTRICTS)[_random(index, 4).integers(len(_DISTRICTS))]


def _random(index: int, part: int) -> np.random.Generator:
    return np.random.default_rng([_SALT, range(EXAMPLES)[index], part])


def _of(rng: np.random.Generator, choices: tuple[str, ...]) -> str:
    return choices[rng.integers(len(choices))]
