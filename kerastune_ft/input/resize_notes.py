"""Sentences for the plan on what images lose when they are resized for the backbone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kerastune_ft.input.decode import Geometry
from kerastune_ft.wording import percent

# Smaller factors come from rounding to whole pixels.
_UNNOTICED = 1.02
_MANY = 0.1


def describe_fitting(
    sizes: np.ndarray, names: Sequence[str] | None, geometry: Geometry, may_crop: bool = True
) -> list[str]:
    """Return sentences on how resizing images of these sizes [N, 2] cuts, fills, distorts or enlarges them.

    `names` are the images' names, None where they must not be shown. There is no sentence where all images have the
    right proportions and size. `may_crop` says whether cropping is a choice: where targets cover the whole image it is
    none.
    """
    height, width = sizes[:, 0].astype(np.float64), sizes[:, 1].astype(np.float64)
    excess = (width / height) / (geometry.width / geometry.height)
    # The factor by which an image is too wide or too high.
    factors = np.maximum(excess, 1.0 / excess)
    notes = []
    if factors.max() > _UNNOTICED:
        notes.append(_describe_shapes(factors, names, geometry.resize, may_crop))
    scales = _compute_scales(height, width, geometry)
    share = float((scales > 1.0).mean())
    if share >= _MANY:
        who = "all images are" if share == 1.0 else f"{percent(share)} of the images are"
        notes.append(
            f"{who} smaller than {geometry.height} x {geometry.width} and get enlarged, half of them "
            f"{np.median(scales[scales > 1.0]):.2g} times or more"
        )
    return notes


def _describe_shapes(factors: np.ndarray, names: Sequence[str] | None, resize: str, may_crop: bool) -> str:
    worst = int(factors.argmax())
    which = "the worst" if names is None else names[worst]
    most, middle = _format_factor(float(factors[worst]), resize), _format_factor(float(np.median(factors)), resize)
    are_alike = np.ptp(factors) < _UNNOTICED - 1.0
    if resize == "stretch":
        whose = f"of all images by {most}" if are_alike else f"of the median image by {middle} and of {which} by {most}"
        others = '"pad" and "crop" keep' if may_crop else '"pad" keeps'
        return f'"resize": "stretch" changes the proportions {whose}; {others} them'
    if resize == "pad":
        whose = f"{most} of every image" if are_alike else f"{middle} of the median image and {most} of {which}"
        instead = '; "crop" cuts as much off instead' if may_crop else '; "stretch" distorts instead'
        return f'"resize": "pad" fills {whose} with black{instead}'
    whose = (
        f"{most} of every image's area" if are_alike else f"{middle} of the median image's area and {most} of {which}"
    )
    return f'"resize": "crop" cuts off {whose}; "pad" keeps all of it'


def _format_factor(factor: float, resize: str) -> str:
    """Return a factor in words: as itself for stretching, else as the share that is cut off or filled."""
    return f"a factor of {factor:.3g}" if resize == "stretch" else f"{100 * (1 - 1 / factor):.0f} %"


def _compute_scales(height: np.ndarray, width: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Return the factor by which each image is enlarged, along the side that grows most where they differ."""
    down, across = geometry.height / height, geometry.width / width
    return np.minimum(down, across) if geometry.resize == "pad" else np.maximum(down, across)
