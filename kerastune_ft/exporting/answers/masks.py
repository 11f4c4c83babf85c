"""Answers that are masks at the pictures' own sizes. Truths are masks of class numbers, 255 for pixels of none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from kerastune_ft.data.annotations.masks import IGNORE
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.exporting.answers.base import Answer, Compared, Samples
from kerastune_ft.inference.output.masks import choose_values

# Where two classes are equally probable float32 decides, and one pixel of the model is many of a large picture.
_TOLERANCE = 1e-3


def compare(
    scheme: LabelScheme, samples: Samples, rows: Sequence[Mapping[str, Any]], answers: Sequence[Answer]
) -> Compared:
    """Return for each sample the share of pixels with another class; answers name files of masks."""
    table = np.zeros(IGNORE + 1, np.uint8)
    values = choose_values(scheme)
    table[: len(values)] = values
    found = []
    # One by one: a mask takes as many bytes as its picture has pixels.
    for row, answer, truth in zip(rows, answers, samples.truths, strict=True):
        run, export = table[row["mask"]], np.asarray(Image.open(Path(answer["mask"])))
        wanted, counted = table[truth], truth != IGNORE
        different = _share(run, export, np.ones(run.shape, bool))
        found.append((different, 1 - _share(run, wanted, counted), 1 - _share(export, wanted, counted)))
    shares, of_run, of_export = np.array(found).T
    return Compared(
        shares,
        "of the pixels of a picture",
        None,
        "pixel accuracy",
        float(np.nanmean(of_run)),
        float(np.nanmean(of_export)),
        least_tolerance=_TOLERANCE,
    )


def _share(mask: np.ndarray, other: np.ndarray, counted: np.ndarray) -> float:
    """Return the share of the counted pixels that differ; all where the sizes do, NaN where none counts."""
    if mask.shape != other.shape:
        return 1.0
    return float((mask != other)[counted].mean()) if counted.any() else float("nan")
