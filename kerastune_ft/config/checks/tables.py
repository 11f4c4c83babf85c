"""Checks of the columns of a table: no column has two uses that exclude each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from kerastune_ft.config.documents.nodes import KeyPath, short_json
from kerastune_ft.config.options.data import SPLITS


def table_inconsistencies(data: Mapping[str, Any], may_lack_labels: bool = False) -> Iterator[tuple[KeyPath, str]]:
    """Yield place and message of columns of a table that contradict each other."""
    if data.get("kind") != "table":
        return
    if data.get("label") is None and not may_lack_labels:
        yield ("data", "label"), 'missing; write "label": ...'
    yield from _columns(data)
    splits = data.get("splits")
    names = [splits.get(split) for split in SPLITS] if isinstance(splits, Mapping) else []
    for name in names:
        if isinstance(name, str) and "." not in name:
            message = f"{short_json(name)} is no table; name those of the splits, as"
            forms = '{"test": "test.csv"}, or write {"column": "split"} with the column that says them'
            yield ("data", "splits"), f"{message} {forms}"
            return


def _columns(data: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    labels, source, group = _label_columns(data.get("label")), data.get("input"), data.get("group")
    splits = data.get("splits")
    split = splits.get("column") if isinstance(splits, Mapping) else None
    double = [name for name, count in Counter(labels).items() if count > 1]
    if double:
        yield ("data", "label"), f"{short_json(double[0])} is listed twice; name each column once"
    if isinstance(source, str) and source in labels:
        yield ("data", "input"), f"{short_json(source)} is the label too; name the column of the files or texts"
    if isinstance(group, str) and group in labels:
        message = f"{short_json(group)} is the label too, so a class would be in one split only; name another column"
        yield ("data", "group"), message
    if isinstance(split, str) and split in labels:
        yield ("data", "splits", "column"), f"{short_json(split)} is the label too; name the column of the splits"
    elif isinstance(split, str) and split == group:
        yield ("data", "splits", "column"), f"{short_json(split)} is the group too; name the column of the splits"


def _label_columns(label: Any) -> list[str]:
    names = label if isinstance(label, list) else [label.get("column") if isinstance(label, Mapping) else label]
    return [name for name in names if isinstance(name, str)]
