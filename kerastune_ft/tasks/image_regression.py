"""Image regression: one number, or several, for an image."""

from __future__ import annotations

from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.tasks import ImageRegression as Options
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.tasks.images import ImageInputs
from kerastune_ft.tasks.regression import Regression


class ImageRegression(ImageInputs, Regression):
    """Images and values."""

    kind = "image_regression"


def build(options: Options, head: Head, scheme: LabelScheme, seed: int) -> ImageRegression:
    """Build the task for the targets of the scheme."""
    return ImageRegression(head, scheme, seed)
