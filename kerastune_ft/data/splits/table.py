"""The rows of splits.csv."""

from __future__ import annotations

from kerastune_ft.config.options.data import SPLITS
from kerastune_ft.data.source import DataSource


def splits_table(source: DataSource) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the columns and rows of splits.csv: every example, by split and in order."""
    texts, groups = source.label_texts, source.groups
    rows: list[tuple[str, ...]] = []
    for split in SPLITS:
        for index in source.splits.get(split, ()):
            row = (source.keys[index], texts[index], split)
            rows.append(row if groups is None else (*row, groups[index]))
    columns = ("input", "label", "split")
    return columns if groups is None else (*columns, "group"), rows
