"""Describing a data source from its labels, splits and contents."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kerastune_ft.data.labels.labels import Labels
from kerastune_ft.data.source import Catalogue, DataInfo, SkippedFile
from kerastune_ft.data.splits.choose import ChosenSplits


def describe(
    kind: str,
    name: str,
    labels: Labels,
    chosen: ChosenSplits,
    fingerprint: str,
    keys: Sequence[str],
    contents: Sequence[str],
    groups: Sequence[str] | None = None,
    *,
    skipped: tuple[SkippedFile, ...] = (),
    notes: Sequence[str] = (),
) -> Catalogue:
    """Return labelled and divided data with its description; `notes` are what the user should read about it.

    `contents` tells by example what its content follows from, see Catalogue.
    """
    splits = chosen.splits
    has_values = labels.kind == "values"
    info = DataInfo(
        kind=kind,
        name=name,
        examples=len(labels.numbers),
        classes=() if has_values else labels.names,
        sizes={split: len(indices) for split, indices in splits.items()},
        counts={} if has_values else {split: _counts(labels, indices) for split, indices in splits.items()},
        values={split: _values(labels, indices) for split, indices in splits.items()} if has_values else {},
        groups=chosen.groups,
        fingerprint=fingerprint,
        skipped=skipped,
        notes=tuple(notes),
    )
    return Catalogue(info, splits, labels, keys, contents, groups)


def _counts(labels: Labels, indices: np.ndarray) -> dict[str, int]:
    numbers = labels.numbers[indices]
    found = numbers.sum(axis=0) if labels.kind == "several" else np.bincount(numbers, minlength=len(labels.names))
    return dict(zip(labels.names, found.tolist(), strict=True))


def _values(labels: Labels, indices: np.ndarray) -> dict[str, dict[str, float]]:
    return {
        name: {
            "mean": float(column.mean()),
            "deviation": float(column.std()),
            "smallest": float(column.min()),
            "largest": float(column.max()),
        }
        for name, column in zip(labels.names, labels.numbers[indices].astype(np.float64).T, strict=True)
    }
