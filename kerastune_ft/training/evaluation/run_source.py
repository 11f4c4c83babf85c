"""Opening the data that a finished run is evaluated on: its own, in the splits it had, or other data."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerastune_ft.config.options.backbones import EarlierRun
from kerastune_ft.config.options.data import ArraysData, FolderData, TableData
from kerastune_ft.config.options.runtime import cache_directory
from kerastune_ft.config.run import RunConfig
from kerastune_ft.data.files.archive import is_archive
from kerastune_ft.data.files.download import fetch_to_cache
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.data.open import open_source
from kerastune_ft.data.remedies import reading_other_data
from kerastune_ft.data.source import DataSource
from kerastune_ft.data.tables.read import is_table
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.input.language.divide import make_divide
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.run_directory.run_data import (
    SPLITS_FILE,
    at_new_place,
    describe_change,
    open_data,
    read_recorded,
)
from kerastune_ft.training.watch import Watcher


def open_own_data(
    target: RunDirectory,
    config: RunConfig,
    split: str,
    document: Mapping[str, Any],
    watch: Watcher,
    with_columns: bool = False,
) -> DataSource:
    """Open the run's own data in the splits it recorded; say what changed in it since.

    `with_columns` keeps the columns of a table; `document` is the run's plan.json. Raises ConfigError for a split that
    the run has not, and DataError where none of its examples is there any more or nothing tells which they are.
    """
    recorded = read_recorded(target)
    if recorded is None:
        raise ConfigError(
            f"{target} has no {SPLITS_FILE}, so nothing says which examples it was trained on; restore it from a copy, "
            "or evaluate data that the run never saw with --data"
        )
    if split not in recorded.sizes:
        raise ConfigError(f"--split: there is no split {split!r}; there are {', '.join(recorded.sizes)}")
    own = at_new_place(config, target, watch.note)
    own = own.model_copy(update={"task": _with_classes(config.task, document)})
    try:
        source = open_data(own, watch.note, recorded.in_changed_data(), with_columns)
    except DataError as error:
        raise DataError(
            f"{error}\nThis is the data of {target} as it is now. A run that is done keeps its classes and options: "
            "restore the data it was trained on, or evaluate data that the run never saw with --data"
        ) from error
    if split not in source.splits:
        raise DataError(
            f"{describe_change(source, target)}.\nNone of the {recorded.sizes[split]} {split} examples is there, so "
            "there is nothing to evaluate; restore the data, or evaluate data that the run never saw with --data"
        )
    if source.change is not None:
        watch.note(f"{describe_change(source, target)}; the splits are those of the run, by content")
        if source.change.touches(split):
            watch.note(
                f"the figures are of {len(source.splits[split])} of the {recorded.sizes[split]} {split} examples of "
                "the run, with the labels that they have now"
            )
    return source


def _with_classes(task: Any, document: Mapping[str, Any]) -> Any:
    """Return the task with the classes of the run, whatever classes the data has now."""
    if getattr(task, "classes", ()) is not None:
        return task
    return task.model_copy(update={"classes": LabelScheme.from_json(document["labels"]).classes_option})


def open_other_data(
    target: RunDirectory,
    config: RunConfig,
    path: Path,
    document: Mapping[str, Any],
    watch: Watcher,
    with_columns: bool = False,
) -> DataSource:
    """Open a folder, a table or an .npz file with labels like those of the run, all of it as the test split.

    `document` is the run's plan.json.
    """
    task, own = _with_classes(config.task, document), config.data
    options: ArraysData | FolderData | TableData | None = None
    if path.suffix == ".npz":
        rate = document["sound"]["sample_rate"] if document.get("sound") else None
        options = own if isinstance(own, ArraysData) else ArraysData(path=str(path), sample_rate=rate)
    # A spreadsheet is an archive as well.
    elif not is_table(path) and (
        path.is_dir() or is_archive(fetch_to_cache(path, cache_directory(config.runtime), watch.note))
    ):
        options = own if isinstance(own, FolderData) else FolderData(path=str(path))
    elif isinstance(own, TableData):
        options = own
    if options is None:
        raise DataError(_explain_refusal(str(target), path))
    shaped: dict[str, Any] = {"path": str(path), "group": None, "splits": None}
    shaped |= {
        "resize": own.resize,
        "intensity": own.intensity,
        "exif": own.exif,
        "window": own.window,
        "tiles": own.tiles,
    }
    rules = {"on_bad_file": own.on_bad_file, "on_missing": own.on_missing}
    options = options.model_copy(update=shaped | rules)
    with reading_other_data(str(path)):
        directory = cache_directory(config.runtime)
        return open_source(
            options,
            task,
            directory,
            watch.note,
            unsplit=True,
            key="--data",
            rules=config.rules,
            with_columns=with_columns,
            divide=make_divide(
                config.task, EarlierRun(path=str(target.path)), (document.get("language") or {}).get("sequence_length")
            ),
        )


def _explain_refusal(run: str, path: Path) -> str:
    if not is_table(path):
        return f"--data: {path} is neither a folder, an archive, a table nor an .npz file; give one of them"
    return (
        f"--data: {path} is a table, and the run's own data was none, so nothing says which of its columns are input "
        "and label.\nGive a folder or archive that says them, as class folders do, or an .npz file; or let  "
        f"python -m kerastune_ft predict {shlex.quote(run)} {shlex.quote(str(path))} --input COLUMN  answer its rows, "
        "and compare."
    )
