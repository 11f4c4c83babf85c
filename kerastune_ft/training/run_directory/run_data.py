"""The data of a run that exists: its examples as the run recorded them, and what changed in the data since."""

from __future__ import annotations

import hashlib
import os

from kerastune_ft.config.options.runtime import cache_directory
from kerastune_ft.config.run import RunConfig
from kerastune_ft.data.change import name_fingerprints
from kerastune_ft.data.dialogues.overlap import DividedTexts
from kerastune_ft.data.open import open_source
from kerastune_ft.data.source import DataSource, Report
from kerastune_ft.data.splits.recorded import RecordedExamples, content_key
from kerastune_ft.errors import DataError, KerasTuneError
from kerastune_ft.input.language.divide import make_divide
from kerastune_ft.metrics.document import REFIT_PLAN
from kerastune_ft.rundir import MANIFEST, RunDirectory
from kerastune_ft.storage import absolute, fits_something, is_absolute, is_remote, normal, relative
from kerastune_ft.wording import counted, first_names

SPLITS_FILE = "splits.csv"
_NAMED_EXAMPLES = ("folder", "table")
_PLACES = ("path", "data_dir")
"""The options of data that say where it lies."""


def read_recorded(target: RunDirectory) -> RecordedExamples | None:
    """Return the examples that a run recorded; None for a run that has no plan or no splits.csv.

    Raises DataError where splits.csv is not the file that the run wrote.
    """
    if not (target.exists("plan.json") and target.exists(SPLITS_FILE)):
        return None
    content = target.read_bytes(SPLITS_FILE)
    listed = ((target.manifest() or {}).get("files") or {}).get(SPLITS_FILE)
    if listed and listed["sha256"] != hashlib.sha256(content).hexdigest():
        raise DataError(
            f"{target.path / SPLITS_FILE}, which says what the run was trained and tested on, is not the file that the "
            f"run wrote (SHA-256 in {MANIFEST}); restore it from a copy, or start over with --fresh, which keeps this "
            "run aside"
        )
    about = target.read_json("plan.json")["data"]
    recorded = RecordedExamples.parse(str(target), about["fingerprint"], content)
    return recorded.with_notes(about["notes"], about.get("excluded"))


def open_data(
    config: RunConfig, report: Report, recorded: RecordedExamples | None = None, with_columns: bool = False
) -> DataSource:
    """Open the data of a configuration; the examples of a run that began before come in the splits it recorded.

    Raises DataError for what cannot be read, and for data that changed since the run recorded its examples, unless they
    tolerate it. `with_columns` keeps the columns of a table in memory.
    """
    directory = cache_directory(config.runtime)
    return open_source(
        config.data,
        config.task,
        directory,
        report,
        rules=config.rules,
        recorded=recorded,
        with_columns=with_columns,
        divide=make_divide(config.task, config.backbone, config.data.sequence_length),
    )


def describe_change(source: DataSource, target: RunDirectory) -> str:
    """Return the sentence on what changed in the data of a run; call it for data that changed."""
    change = source.change
    assert change is not None
    return (
        f"the data changed since {target} was trained ({name_fingerprints(change.known, change.now)}): "
        f"{change.describe()}"
    )


def describe_finished_run(target: RunDirectory, config: RunConfig, report: Report) -> str:
    """Return the lines on a run that finished before: whether its data is still what it was.

    All data is opened for that, as before training.
    """
    said = f"run {target} finished before with this configuration"
    try:
        recorded = read_recorded(target)
        if recorded is None:
            changed = f"it has no {SPLITS_FILE}, so whether its data changed since is not known"
        else:
            source = open_data(config, report, recorded.in_changed_data())
            if source.change is None:
                return f"{said} and this data"
            changed = describe_change(source, target)
    except (KerasTuneError, OSError) as error:
        # Whatever became of the data, the run has its results.
        changed = str(error)
    return f"{said}\n{changed}\nits figures are those of the data then; --fresh trains anew on the data as it is"


def at_new_place(config: RunConfig, target: RunDirectory, report: Report) -> RunConfig:
    """Return the configuration of a run with the data beside it, where both were moved or copied together.

    The run recorded where its directory was; data that lies in the same place relative to it now is taken.
    """
    before, now = (target.manifest() or {}).get("directory"), absolute(target.path)
    if before is None or before == now or is_remote(before) or is_remote(now):
        return config
    for key in _PLACES:
        path = getattr(config.data, key, None)
        paths = (path,) if isinstance(path, str) else path or ()
        if paths and all(is_absolute(one) and not is_remote(one) for one in paths):
            beside = tuple(normal(os.path.join(now, relative(one, before))) for one in paths)
            if beside != tuple(map(normal, paths)) and all(map(fits_something, beside)):
                report(
                    f"{target} was moved or copied from {before}: its data is read from {first_names(beside, 4)}, "
                    f"beside it as before, and not from {first_names(paths, 4)}"
                )
                moved = beside[0] if isinstance(path, str) else beside
                return config.model_copy(update={"data": config.data.model_copy(update={key: moved})})
    return config


def describe_overlap(source: DataSource, target: RunDirectory, place: str, run: str = "the run") -> str | None:
    """Return a sentence on the test examples of a source that a run was trained on; None where it knows of none.

    They are known by their contents; by their names where the run, of an earlier version, recorded no contents.
    """
    recorded = read_recorded(target)
    test = source.splits.get("test", ())
    if recorded is None or not len(test):
        return None
    if recorded.contents is None:
        return _describe_equal_names(source, target, recorded, place, run)
    seen = ("train", "validation") if target.exists(REFIT_PLAN) else ("train",)
    trained = set().union(*(recorded.contents_of(split) for split in seen))
    divided = DividedTexts(recorded, seen)
    count = sum(
        content_key(recorded.fingerprint, source.input_hashes[index]) in trained
        or (bool(source.texts) and len(source.texts[index]) == 1 and source.texts[index][0] in divided)
        for index in test
    )
    if not count:
        return None
    if target.read_json("plan.json").get("masked"):
        return (
            f"{count} of {counted(len(test), 'text')} {place} {'is' if count == 1 else 'are'}, by content, among those "
            f"that {run} found hidden words in: without labels, yet the metrics may flatter the model; let it learn "
            "from other texts where new ones will come later"
        )
    return (
        f"{count} of {counted(len(test), 'example')} {place} {'is' if count == 1 else 'are'}, by content, among the "
        f"examples that {run} was trained on, so the metrics flatter the model"
    )


def _describe_equal_names(
    source: DataSource, target: RunDirectory, recorded: RecordedExamples, place: str, run: str
) -> str | None:
    plan = target.read_json("plan.json")
    # Keys such as x[17], or row 17 of a table of texts, are places, not names: in other data they say nothing.
    kinds = ("folder",) if plan["text"] else _NAMED_EXAMPLES
    named = plan["data"]["kind"] in kinds and source.info.kind in kinds
    if not named and recorded.fingerprint != source.info.fingerprint:
        return (
            f"whether {run} was trained on examples {place} is not known: a run of an earlier version did not record "
            "what its examples hold"
        )
    seen = ("train", "validation") if target.exists(REFIT_PLAN) else ("train",)
    trained = {key for key, split in zip(recorded.keys, recorded.splits, strict=True) if split in seen}
    test = source.splits["test"]
    count = sum(source.keys[index] in trained for index in test)
    if not count:
        return None
    return (
        f"{count} of {counted(len(test), 'example')} {place} {'has the name' if count == 1 else 'have the names'} of "
        f"examples that {run} was trained on; if they are the same, the metrics flatter the model"
    )
