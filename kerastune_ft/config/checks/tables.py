"""What the columns of a table are used for: nothing twice that must be apart, and labels that fit the task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from kerastune_ft.config.documents.nodes import KeyPath, short_json
from kerastune_ft.config.options.task_facts import IMAGE, find_facts


def table_inconsistencies(data: Mapping[str, Any], task: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield place and message of everything that a table's options cannot mean; other kinds of data have none."""
    if data.get("kind") != "table":
        return
    yield from _columns(data)
    yield from _label(data.get("label"), task)
    facts = find_facts(task)
    if isinstance(data.get("input"), list) and facts is not None and IMAGE in facts.modalities:
        message = 'two columns are a pair of texts; write one column, or a template like "images/{image_id}.png"'
        yield ("data", "input"), message
    splits = data.get("splits")
    if isinstance(splits, Mapping) and isinstance(splits.get("train"), str):
        column = '{"column": "split"}, with the column that holds train, validation and test'
        yield ("data", "splits"), f"a table has no splits by name; write {column}, or shares"


def _columns(data: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    labels, source, group = _label_columns(data.get("label")), data.get("input"), data.get("group")
    splits = data.get("splits")
    split = splits.get("column") if isinstance(splits, Mapping) else None
    double = [name for name, count in Counter(labels).items() if count > 1]
    if double:
        yield ("data", "label"), f"{short_json(double[0])} is there twice; name each column once"
    if isinstance(source, str) and source in labels:
        yield ("data", "input"), f"{short_json(source)} is the label too; name the column of the image files"
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


def _label(label: Any, task: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    facts = find_facts(task)
    if facts is None:
        return
    if facts.labels == "one":
        if isinstance(label, list | Mapping):
            form = "a list of columns gives" if isinstance(label, list) else "a separator gives"
            yield ("data", "label"), f'{form} several labels; write "multi_label": true in task, or name one column'
    elif facts.labels == "values" and isinstance(label, Mapping):
        yield ("data", "label"), "a separator gives sets of labels; name a column of numbers, or a list of them"
