"""Opening the data that a configuration describes: a table of kinds, a table of modalities."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerastune_ft.config.options.task_facts import find_modality
from kerastune_ft.data.blocks import Divide, recall_blocks
from kerastune_ft.data.build import build_source
from kerastune_ft.data.exclude import Exclusion
from kerastune_ft.data.modalities import MODALITIES
from kerastune_ft.data.modality import ReadContext
from kerastune_ft.data.source import DataSource, Report
from kerastune_ft.data.splits.recorded import RecordedExamples
from kerastune_ft.rules import NEWEST, Rules
from kerastune_ft.storage import explain_unreachable, path_of
from kerastune_ft.stores.cached_folder import refuse_place

KINDS: Mapping[str, str] = {
    "folder": "kerastune_ft.data.kinds.folder",
    "table": "kerastune_ft.data.kinds.table",
    "tfds": "kerastune_ft.data.kinds.tfds",
    "arrays": "kerastune_ft.data.kinds.arrays",
}
"""By data.kind, the module whose `read_records` finds the examples of such data; imported when it is needed."""


def open_source(
    options: Any,
    task_options: Any,
    cache_directory: Path,
    report: Report,
    *,
    unsplit: bool = False,
    key: str = "data.path",
    rules: Rules = NEWEST,
    recorded: RecordedExamples | None = None,
    with_columns: bool = False,
    divide: Divide | None = None,
) -> DataSource:
    """Open the data that `options` describe, checked whole, or raise DataError naming all that is wrong.

    Whatever has to be unpacked, generated or remembered is kept in `cache_directory`; `report` takes a line about slow
    work. With `unsplit` all examples are the test split, whatever the options say of splits and groups: other data,
    which a finished run is evaluated on. `key` is where the user said which data; `rules` are those of the run that
    reads them. `recorded` are the examples of an earlier run, in whose splits the data comes. `with_columns` keeps the
    table that the examples come from in memory, so that its columns can be read. `divide` gives the blocks of long
    texts that are learnt whole; those of an earlier run are divided as it recorded.
    """
    if unsplit:
        options = options.model_copy(update={"splits": None, "group": None, "exclude": None})
    _make_directory(cache_directory)
    known = divide if recorded is None else recall_blocks(recorded.keys)
    context = ReadContext(task_options, cache_directory, report, unsplit, rules, known)
    modality = MODALITIES[find_modality(task_options, options)]
    with explain_unreachable(key):
        records = importlib.import_module(KINDS[options.kind]).read_records(options, modality, context)
        source = build_source(
            records,
            options.splits,
            task_options,
            modality.noun,
            unsplit=unsplit,
            recorded=recorded,
            exclusion=_read_exclusion(options.exclude, recorded),
            rules=rules,
        )
    source.rules = rules
    if with_columns and records.column is not None:
        source.columns, source.read_column = records.columns, records.column
    return source


def _read_exclusion(file: str | None, recorded: RecordedExamples | None) -> Exclusion | None:
    """Return what data.exclude leaves out; None where a run in changed data is asked about and the file is gone."""
    if file is None or (recorded is not None and recorded.may_change and not path_of(file).exists()):
        return None
    return Exclusion.read(file)


def _make_directory(cache_directory: Path) -> None:
    try:
        cache_directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise refuse_place(cache_directory, (error.strerror or str(error)).lower()) from error
