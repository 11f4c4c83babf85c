"""Images of the report are what the loader gives to the backbone."""

from __future__ import annotations

import io
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image

from kerastune_ft.training.evaluation.show_images import show_images


def test_the_picture_is_what_enters_the_backbone() -> None:
    def inputs(indices: np.ndarray, rows: int) -> Iterator[np.ndarray]:
        for index in indices:
            yield np.full((rows, 8, 6, 3), float(index) + 0.4)

    session: Any = SimpleNamespace(loader=SimpleNamespace(inputs=inputs))
    shown = show_images(session, [7, 300])
    pictures = [np.asarray(Image.open(io.BytesIO(files[0].content))) for _, files in shown]
    assert [picture.shape for picture in pictures] == [(8, 6, 3)] * 2
    assert [int(picture.max()) for picture in pictures] == [7, 255]
