"""Shows images as the model saw them: resized, cropped or padded, their values mapped to 0 to 255."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kerastune_ft.training.evaluation.pictures import Shown, encode_thumbnail
from kerastune_ft.training.session.session import Session


def show_images(session: Session, indices: Sequence[int]) -> list[Shown]:
    """Return for each example nothing to say of it, and the picture that entered the backbone."""
    batches = session.loader.inputs(np.asarray(indices, np.int64), 1)
    images = [np.clip(np.round(np.asarray(batch)[0]), 0, 255).astype(np.uint8) for batch in batches]
    return [({}, [encode_thumbnail(image)]) for image in images]
