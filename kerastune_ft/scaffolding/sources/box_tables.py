"""Inspecting tables with a row for each box."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kerastune_ft.config.options.data import SPLITS
from kerastune_ft.data.annotations.boxes.rows import find_columns
from kerastune_ft.data.splits.names import SPLIT_OF_WORD
from kerastune_ft.data.tables.read import read_table
from kerastune_ft.data.tables.templates import input_texts
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.scaffolding.findings import DataFindings, add_splits, add_with_reason
from kerastune_ft.wording import first_names

_SPLIT = "split"
# Where pictures lie below the folder of their table, with the column of their names in braces.
_TEMPLATES = ("{%s}", "images/{%s}", "{split}/{%s}", "{split}/images/{%s}", "images/{split}/{%s}")
_TRAIN_SHARE = 0.7
_SHOWN = 8


def inspect_box_table(place: Path, written: str) -> DataFindings | None:
    """Inspect a table; None where it has not a row for each box, of columns with usual names.

    `written` is the path as the configuration will have it.
    """
    try:
        table = read_table(place)
    except (ConfigError, DataError):
        return None
    columns = find_columns(table)
    if columns is None:
        return None
    name, label, edges = columns
    wanted = _find_input(table, name)
    data: dict[str, Any] = {"kind": "table", "path": written, "input": wanted, "label": label}
    add_with_reason(data, "boxes", list(edges), "the left, upper, right and lower edge of each box")
    texts = input_texts(table, wanted)
    pictures = dict.fromkeys(filter(None, texts))
    splits = _find_splits(table, texts)
    if splits:
        add_with_reason(data, "splits", {"column": _SPLIT}, "as the table says; without validation it is 15 % of train")
    else:
        add_splits(data, {}, None)
    files = [str(place.parent / picture) for picture in pictures]
    train = splits["train"] or int(len(pictures) * _TRAIN_SHARE)
    findings = DataFindings({"kind": "object_detection"}, data, len(pictures), train, {}, files)
    boxes = Counter(filter(None, table.texts(label, "init")))
    findings.seen.append(f"boxes: {first_names([f'{text} {count:,}' for text, count in boxes.most_common()], _SHOWN)}")
    if splits:
        counts = ", ".join(f"{split} {splits[split]:,}" for split in SPLITS if splits[split])
        findings.seen.append(f"splits of the table: {counts}")
    if not any(Path(file).is_file() for file in files[:1]):
        findings.asks.append(f"where are the images? {files[0] if files else wanted} is not there; see input in data")
    return findings


def _find_input(table: TextTable, name: str) -> str:
    """Return the column of names, or the template of columns, by which the first picture is there."""

    def leads(template: str) -> bool:
        if "{split}" in template and _SPLIT not in table.columns:
            return False
        first = next(filter(None, input_texts(table, template)), "")
        return bool(first) and (Path(table.folder) / first).is_file()

    fits: Callable[[str], bool] = leads
    found = next((template for one in _TEMPLATES if fits(template := one.replace("%s", name))), name)
    return name if found == "{" + name + "}" else found


def _find_splits(table: TextTable, texts: list[str]) -> Counter[str]:
    """Return how many pictures each split has by a column called split; nothing where there is no such."""
    if _SPLIT not in table.columns:
        return Counter()
    words = table.texts(_SPLIT, "init")
    split_of = {text: SPLIT_OF_WORD.get(word.casefold(), "") for text, word in zip(texts, words, strict=True)}
    found = Counter(split_of.values())
    return found if found["train"] and not found[""] else Counter()
