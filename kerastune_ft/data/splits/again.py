"""Dividing the examples of an open source again, as the folds of a cross-validation are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from kerastune_ft.data.source import DataSource
from kerastune_ft.data.splits.examples import SplitExamples
from kerastune_ft.data.splits.notes import groups_by_split


def list_examples(source: DataSource) -> SplitExamples:
    """Return the facts about all examples of a source that dividing them needs."""
    return SplitExamples.from_labels(source.keys, source.label_set, source.groups, rules=source.rules)


def divide_again(source: DataSource, splits: Mapping[str, np.ndarray]) -> DataSource:
    """Return a source of the same examples in these splits, none of them empty, and described so."""
    labels = source.label_set
    other = source.with_splits(splits)
    other.info = replace(
        source.info,
        sizes={split: len(indices) for split, indices in splits.items()},
        counts={split: labels.counts(indices) for split, indices in splits.items()} if labels.classes else {},
        values={} if labels.classes else {split: labels.statistics(indices) for split, indices in splits.items()},
        groups=groups_by_split(splits, list_examples(source)),
    )
    return other
