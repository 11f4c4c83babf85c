"""Texts and labels in an .npz file: strings [N], or [N, 2] for pairs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kerastune_ft.config.options.data import ArraysData
from kerastune_ft.config.options.tasks import Task
from kerastune_ft.data.files.npz import array_file
from kerastune_ft.data.kinds.array_file import Labelled, labelled
from kerastune_ft.data.source import DataSource, Report
from kerastune_ft.data.splits.choose import ChosenSplits
from kerastune_ft.data.texts import Texts, TextSource, array_texts, find_complete, notes_on, shorten, text_identity


def open_source(options: ArraysData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open an .npz file of texts and labels."""
    found = _found(options, task_options, cache_directory, report)
    return found.source(found.labelled.by_request())


def open_unsplit(options: ArraysData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open an .npz file whole, all of it as the test split: other data to evaluate on."""
    found = _found(options, task_options, cache_directory, report)
    return found.source(found.labelled.all_test())


@dataclass(frozen=True)
class _Found:
    texts: list[Texts]
    labelled: Labelled

    def source(self, chosen: ChosenSplits) -> TextSource:
        contents = [text_identity(texts) for texts in self.texts]
        notes = (*chosen.notes, *notes_on(self.texts, (), self.labelled.labels, chosen.splits))
        return TextSource(self.labelled.catalogue(chosen, contents, notes), self.texts)


def _found(options: ArraysData, task: Task, cache_directory: Path, report: Report) -> _Found:
    file = array_file(options, cache_directory, report)
    texts = array_texts(file.array(options.x, "x"), f"data.x: {options.x!r} in {file.path}")
    names = [f"{options.x}[{row}]: {shorten(each)}" for row, each in enumerate(texts)]
    # Every example is read; an .npz file is written by a program, which can leave empty ones out.
    find_complete(texts, names, "error", str(file.path))
    return _Found(texts, labelled(file, texts, options, task, "text"))
