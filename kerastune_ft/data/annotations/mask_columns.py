"""Masks that a column, or a template of columns, of a table names by paths relative to the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerastune_ft.config.options.data import TableData
from kerastune_ft.data.annotations.mask_files import MASKS, check_masks
from kerastune_ft.data.inputs import UsableLabels
from kerastune_ft.data.modality import ReadContext
from kerastune_ft.data.tables.file_columns import NamedFiles, find_named_files
from kerastune_ft.data.tables.label_columns import LABEL_KEY, LabelCells
from kerastune_ft.data.tables.templates import input_texts
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import ConfigError
from kerastune_ft.rules import NEWEST, Rules


@dataclass(frozen=True)
class MaskCells(LabelCells):
    """For each row, the mask that its cells name."""

    files: NamedFiles | None = None

    def read(self, rows: Sequence[int], names: Sequence[str], options: TableData, context: ReadContext) -> UsableLabels:
        """Return the checked masks of some rows."""
        assert self.files is not None
        paths, keys = [self.files.paths[row] for row in rows], [self.files.keys[row] for row in rows]
        kept, masks, skipped = check_masks(paths, keys, names, Path(self.files.folder), options, context)
        return UsableLabels(kept, masks, [file.sha256 for file in masks.files], skipped)


def mask_cells(table: TextTable, label: Any, rules: Rules = NEWEST) -> LabelCells:
    """Read the column, or the template of columns, that names masks by paths relative to the table."""
    if not isinstance(label, str):
        raise ConfigError(
            f"{LABEL_KEY}: a mask is one file for an example; name a column of paths, or a template of columns."
        )
    texts = input_texts(table, label, LABEL_KEY)
    missing = [row for row, text in enumerate(texts) if not text]
    files = find_named_files(table, texts, MASKS)
    return MaskCells("single", (label,), [(text,) for text in texts], missing, files=files)
