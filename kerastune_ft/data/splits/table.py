"""The rows of splits.csv."""

from __future__ import annotations

from kerastune_ft.config.options.data import SPLITS
from kerastune_ft.data.source import DataSource
from kerastune_ft.data.splits.recorded import CONTENT, content_key


def splits_table(source: DataSource) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the columns and rows of splits.csv: every example, by split and in order."""
    labels, groups = source.recorded_labels, source.groups
    rows: list[tuple[str, ...]] = []
    for split in SPLITS:
        for index in source.splits.get(split, ()):
            group = () if groups is None else (groups[index],)
            content = content_key(source.info.fingerprint, source.input_hashes[index])
            rows.append((source.keys[index], labels[index], split, *group, content))
    return ("input", "label", "split", *(() if groups is None else ("group",)), CONTENT), rows
