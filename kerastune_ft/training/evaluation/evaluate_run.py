"""Evaluating the saved model of a finished run on its own splits or on other data."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerastune_ft.config.options.backbones import EarlierRun
from kerastune_ft.config.options.data import ArraysData, FolderData, TableData
from kerastune_ft.config.options.runtime import Runtime, cache_directory
from kerastune_ft.config.run import RunConfig
from kerastune_ft.data.files.archive import is_archive
from kerastune_ft.data.files.download import fetch_to_cache
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.data.open import open_source
from kerastune_ft.data.remedies import reading_other_data
from kerastune_ft.data.source import DataSource
from kerastune_ft.data.tables.read import is_table
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.graph.precision import FLOAT32
from kerastune_ft.input.token_loader import read_lengths
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.saved_model.build import THRESHOLDS
from kerastune_ft.training.devices import devices as device_choice
from kerastune_ft.training.evaluation import final
from kerastune_ft.training.lost_files import naming_lost_files
from kerastune_ft.training.plan import build as planning
from kerastune_ft.training.session.assemble import assemble
from kerastune_ft.training.session.warm_start import count_training_examples
from kerastune_ft.training.watch import Watcher
from kerastune_ft.wording import counted


def evaluate(
    target: RunDirectory, config: RunConfig, data: Path | None, split: str, watch: Watcher
) -> dict[str, float]:
    """Return the metrics of a run's saved model on a split, or on all examples of another folder.

    The weights come from model.keras and are computed with as validation was, so a split gives what metrics.json says.
    """
    # The saved model has all weights and layers, so nothing the run began with is needed again.
    itself = EarlierRun(path=os.path.abspath(target.path) if target.is_local else str(target), head="keep")
    document = target.read_json("plan.json")
    bare = _of_the_same_length(config.model_copy(update={"backbone": itself}), document)
    # As the run measured: its last figures and the saved model are float32, whatever it trained in.
    devices = _devices_for_evaluation(config.runtime.model_copy(update={"precision": FLOAT32}), watch)
    source = None if data is None else _other_data(target, config, data, document, watch)
    for note in source.info.notes if source is not None else ():
        watch.note(note)
    if source is not None and (count := count_training_examples(source, target, document)):
        watch.note(
            f"{count} of {counted(source.info.examples, 'example')} of {data} "
            f"{'has the name' if count == 1 else 'have the names'} of examples the run was trained on; if they are the "
            "same, the metrics flatter the model"
        )
    scheme = LabelScheme.from_json(document["labels"])
    lengths = read_lengths(document["text"]) if document.get("text") else None
    endpoints = tuple(document["backbone"].get("endpoints", ())) or None
    session = assemble(bare, devices, watch.note, source, scheme, lengths, endpoints)
    if target.exists(THRESHOLDS):
        session.task.set_thresholds(target.read_json(THRESHOLDS))
    if data is not None:
        split = "test"
    if split not in session.source.splits:
        raise ConfigError(f"--split: there is no split {split!r}; there are {', '.join(session.source.splits)}")
    plan = planning.for_evaluation(session, document)
    with naming_lost_files(session.source):
        return final.metrics_of(session, final.evaluate_splits(session, plan, (split,), watch))[split]


def _of_the_same_length(config: RunConfig, document: Mapping[str, Any]) -> RunConfig:
    """Return the configuration with the length of sounds that the run found for them, whatever the data are now."""
    if not document.get("sound"):
        return config
    return config.model_copy(update={"data": config.data.model_copy(update={"seconds": document["sound"]["seconds"]})})


def _devices_for_evaluation(runtime: Runtime, watch: Watcher) -> device_choice.Devices:
    """Return the devices of the run, or one where these are not to be had: evaluation is the same on any number."""
    try:
        return device_choice.resolve(runtime)
    except ConfigError as error:
        watch.note(f"evaluating on one device: {error}")
        return device_choice.resolve(runtime.model_copy(update={"strategy": "none", "replicas": None}))


def _other_data(
    target: RunDirectory, config: RunConfig, path: Path, document: Mapping[str, Any], watch: Watcher
) -> DataSource:
    """Open a folder, a table or an .npz file with labels like those of the run, all of it as the test split.

    `document` is the run's plan.json.
    """
    task = config.task
    if getattr(task, "classes", ()) is None:
        scheme = LabelScheme.from_json(document["labels"])
        task = task.model_copy(update={"classes": scheme.classes_option})
    own = config.data
    options: ArraysData | FolderData | TableData | None = None
    if path.suffix == ".npz":
        rate = document["sound"]["sample_rate"] if document.get("sound") else None
        options = own if isinstance(own, ArraysData) else ArraysData(path=str(path), sample_rate=rate)
    elif path.is_dir() or is_archive(fetch_to_cache(path, cache_directory(config.runtime), watch.note)):
        options = own if isinstance(own, FolderData) else FolderData(path=str(path))
    elif isinstance(own, TableData):
        options = own
    if options is None:
        raise DataError(_explain_refusal(str(target), path))
    shaped: dict[str, Any] = {"path": str(path), "group": None, "splits": None}
    shaped |= {"resize": own.resize, "intensity": own.intensity, "exif": own.exif}
    rules = {"on_bad_file": own.on_bad_file, "on_missing": own.on_missing}
    options = options.model_copy(update=shaped | rules)
    with reading_other_data(str(path)):
        directory = cache_directory(config.runtime)
        return open_source(options, task, directory, watch.note, unsplit=True, key="--data", rules=config.rules)


def _explain_refusal(run: str, path: Path) -> str:
    if not is_table(path):
        return f"--data: {path} is neither a folder, an archive, a table nor an .npz file; give one of them"
    return (
        f"--data: {path} is a table, and the run's own data was none, so nothing says which of its columns are input "
        "and label.\nGive a folder of class folders, an archive of one, or an .npz file; or let  "
        f"python -m kerastune_ft predict {shlex.quote(run)} {shlex.quote(str(path))} --input COLUMN  answer its rows, "
        "and compare."
    )
