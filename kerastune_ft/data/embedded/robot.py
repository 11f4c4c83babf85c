"""Synthetic driving: what a small robot sees of its lane and how it moves, and how it is to steer and to speed up.

The action follows from both: the picture shows how the lane bends, where on it the robot is and which light is on; the
state says how fast it goes and turns, which no picture shows.
"""

from __future__ import annotations

import colorsys
from typing import Final, NamedTuple

import numpy as np

EXAMPLES: Final = 600
NUMBERS: Final = ("speed", "turn")
"""The state: metres and radians a second."""
WORDS: Final = ()
HAS_TEXT: Final = False
CLASSES: Final = ("steer", "throttle")
"""The action: to the left or right, and braking or accelerating, each within -1 to 1."""
SPLITS: Final = {"train": range(400), "validation": range(400, 500), "test": range(500, 600)}
IMAGE_SIZE: Final = 64
VERSION: Final = "1.0.0"
SYNTHETIC: Final = True
DESCRIPTION: Final = (
    "600 synthetic views of 64x64 pixels along a lane with a signal light, each with the robot's speed and turn; the "
    "label is the action, steering and throttle, which needs the picture and the state."
)
PROVENANCE: Final = (
    "Computed by kerastune_ft.data.embedded.robot from the example's index; no photograph is involved. "
    "Apache-2.0, as the package."
)
_SALT: Final = 192
_LIGHTS: Final = {"red": (0.0, 0.0), "amber": (0.13, 0.4), "green": (0.37, 1.0)}
"""By light its hue, and the share of the full speed that it allows."""
_HORIZON: Final = 0.35
_FULL_SPEED: Final = 2.0


class _Drive(NamedTuple):
    """A moment of driving; `bend` and `offset` are within -1 to 1, to the right above 0."""

    bend: float
    offset: float
    light: str
    speed: float
    turn: float
    rng: np.random.Generator


def image(index: int) -> np.ndarray:
    """Return view `index` as uint8 RGB of shape [64, 64, 3], always the same for the same index."""
    drive = _draw(index)
    rng, size = drive.rng, IMAGE_SIZE
    axis = (np.arange(size) + 0.5) / size
    x, y = axis[None, :], axis[:, None]
    depth = np.clip((y - _HORIZON) / (1 - _HORIZON), 0, 1)  # 0 at the horizon, 1 at the robot
    middle = 0.5 + 0.3 * drive.bend * (1 - depth) ** 2 - 0.2 * drive.offset * depth
    half = 0.03 + 0.27 * depth
    across = np.abs(x - middle) / half
    sky, ground, lane, line = (np.array(_pick(rng, *span), np.float32) for span in _COLOURS)
    pixels = np.where((y < _HORIZON)[..., None], sky, ground) * np.ones((size, size, 1), np.float32)
    pixels[(y >= _HORIZON) & (across < 1)] = lane
    pixels[(y >= _HORIZON) & (np.abs(across - 0.9) < 0.12)] = line
    hue, _ = _LIGHTS[drive.light]
    at_x, at_y = rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.22)
    pixels[(x - at_x) ** 2 + (y - at_y) ** 2 < 0.012] = 0.1
    pixels[(x - at_x) ** 2 + (y - at_y) ** 2 < 0.007] = colorsys.hsv_to_rgb(hue, 0.9, 1.0)
    pixels = pixels * rng.uniform(0.75, 1.1) + rng.standard_normal(pixels.shape, np.float32) * 0.03
    return (255 * np.clip(pixels, 0, 1) + 0.5).astype(np.uint8)


def numbers(index: int) -> tuple[float, ...]:
    """Return the state of example `index`, in the order of NUMBERS."""
    drive = _draw(index)
    return drive.speed, drive.turn


def words(index: int) -> tuple[str, ...]:
    """Return nothing: the state has no words."""
    return ()


def text(index: int) -> str:
    """Return an empty text: nobody says anything."""
    return ""


def label(index: int) -> tuple[float, ...]:
    """Return the action of example `index`, in the order of CLASSES."""
    drive = _draw(index)
    _, allowed = _LIGHTS[drive.light]
    wanted = _FULL_SPEED * allowed * (1 - 0.5 * abs(drive.bend))
    steer = 0.6 * drive.bend - 0.4 * drive.offset - 0.5 * drive.turn
    throttle = 0.5 * (wanted - drive.speed)
    return round(float(np.clip(steer, -1, 1)), 4), round(float(np.clip(throttle, -1, 1)), 4)


_COLOURS: Final = (
    ((0.55, 0.65), (0.1, 0.4), (0.7, 1.0)),
    ((0.2, 0.4), (0.2, 0.5), (0.3, 0.5)),
    ((0.0, 1.0), (0.0, 0.1), (0.3, 0.5)),
    ((0.1, 0.16), (0.0, 0.4), (0.8, 1.0)),
)
"""Ranges of hue, saturation and brightness of sky, ground, lane and its lines."""


def _draw(index: int) -> _Drive:
    rng = np.random.default_rng([_SALT, range(EXAMPLES)[index]])
    bend, offset, turn = (float(value) for value in rng.uniform(-1, 1, 3))
    light = tuple(_LIGHTS)[rng.integers(len(_LIGHTS))]
    return _Drive(bend, offset, light, round(rng.uniform(0, _FULL_SPEED), 3), round(turn, 3), rng)


def _pick(rng: np.random.Generator, *spans: tuple[float, float]) -> tuple[float, float, float]:
    """Return a colour with hue, saturation and brightness within these ranges, as red, green and blue."""
    hue, saturation, brightness = (float(rng.uniform(*span)) for span in spans)
    return colorsys.hsv_to_rgb(hue, saturation, brightness)
