"""Shows sounds on a sheet: a log-mel picture of what the model gets and, where they are short, the sound to play."""

from __future__ import annotations

import numpy as np
from PIL import Image

from kerastune_ft.preview.contact_sheet import LARGEST, Cells
from kerastune_ft.preview.loaded import Loaded
from kerastune_ft.training.evaluation.show_sounds import encode_wav, find_loudest, paint_log_mel
from kerastune_ft.training.session.session import Session

TITLE = "training examples as the model hears them"
PLAIN = "fitted"
UNCHANGED = "every epoch hears the sounds as fitted"

_MOST_BYTES = 128_000
"""The size of a sound beyond which it is shown as a picture alone: a hundred of them stay below 20 MB in a page."""


def draw(session: Session, loaded: Loaded, plain: Loaded) -> Cells:
    """Return the pictures of sounds, whose inputs are [rows, samples], and the sounds.

    Colours go from the loudest value of the row's sound before its changes, `plain`, to 80 dB below it, so that a
    louder or a quieter version shows.
    """
    rate = int(session.loader.plan_entry()["sound"]["sample_rate"])
    sounds = loaded.inputs
    pairs = zip(sounds, plain.inputs, strict=True)
    pictures = [_fit(paint_log_mel(samples, rate, find_loudest(own, rate))) for samples, own in pairs]
    is_short = 2 * sounds.shape[1] <= _MOST_BYTES
    return Cells(np.stack(pictures), tuple(encode_wav(samples, rate) for samples in sounds) if is_short else ())


def _fit(pixels: np.ndarray) -> np.ndarray:
    """Return a picture of a width that fits a sheet, and twice as high."""
    height, width, _ = pixels.shape
    if width > LARGEST:
        image = Image.fromarray(pixels).resize((LARGEST, height), Image.Resampling.BOX)
    else:
        image = Image.fromarray(pixels).resize((width * (LARGEST // width), height), Image.Resampling.NEAREST)
    return np.asarray(image.resize((image.width, 2 * height), Image.Resampling.NEAREST))
