"""Looking at a table whose rows name images or sounds, or hold texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kerastune_ft.config.words import nearest
from kerastune_ft.data.splits.names import SPLIT_OF_WORD
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.scaffolding.findings import DataFindings, add_with_reason, divide
from kerastune_ft.scaffolding.samples.sound_files import note_sounds
from kerastune_ft.scaffolding.sources import columns as kinds
from kerastune_ft.scaffolding.sources.file_columns import NamedFiles, absent_files, named_files, not_found
from kerastune_ft.scaffolding.sources.file_kinds import MODALITIES
from kerastune_ft.scaffolding.sources.label_columns import ask_of_rivals, label_of, put_label
from kerastune_ft.scaffolding.sources.text_columns import TextColumns, text_columns
from kerastune_ft.wording import counted, first_names

_TRAIN_SHARE = 0.7
# More rows than this per file is a table of something else, as of boxes.
_ROWS_PER_FILE = 1.2
Columns = Mapping[str, Sequence[str]]


def look_at_table(frame: TextTable, written: str, label: Sequence[str]) -> DataFindings:
    """Return what a table holds; `label` names its label columns where the user has said so."""
    columns = _texts(frame)
    for name in label:
        if name not in columns:
            near = nearest(name, columns)
            hint = f'; did you mean "{near}"?' if near else ""
            raise ConfigError(
                f"--label: {frame.path} has no column {name!r}{hint}; it has {first_names(list(columns))}"
            )
    split = kinds.split_column(columns, {*label})
    taken = {*label} | ({split[0]} if split else set())
    sight = DataFindings({}, {"kind": "table", "path": written}, len(frame.numbers), 0, {}, seen=list(frame.notes))
    files, texts = named_files(frame, columns), text_columns(columns, taken)
    if files and (not texts or not _share_files(files)):
        texts = None
        _refuse_parts(frame, files)
        _put_files(sight, files)
        modality, of_input = MODALITIES[files.sought.noun], {*files.columns}
        group = kinds.group_column(columns, taken | of_input)
    elif texts:
        _put_texts(sight, columns, texts)
        modality, of_input = "text", {*texts.names, *texts.others}
        group = texts.shared or kinds.group_column(columns, taken | of_input)
    else:
        raise DataError(not_found(frame, columns))
    used = of_input | ({split[0]} if split else set()) | ({group} if group else set())
    names = list(label) or label_of(frame, columns, used)
    put_label(sight, modality, columns, names, given=bool(label))
    if not label:
        ask_of_rivals(sight, columns, names, used)
    if group:
        values, rows = counted(len(set(columns[group])), "value"), counted(sight.examples, "row")
        reason = f"{values} in {rows}: all examples of one stay in one split"
        add_with_reason(sight.data, "group", group, reason)
    _put_splits(sight, columns, split, group)
    _put_gaps(sight, columns, texts.names if texts else (), names)
    if modality == "audio":
        note_sounds(sight)
    return sight


def _texts(frame: TextTable) -> dict[str, list[str]]:
    """Return the columns of plain texts; lists and objects in a cell are nothing a choice could rest on."""
    found = {}
    for name in frame.columns:
        try:
            found[name] = frame.texts(name, "data")
        except DataError:
            continue
    return found


def _share_files(files: NamedFiles) -> bool:
    """Tell whether so many rows name the same files that the rows are something else: boxes, or grades beside 1.png."""
    return bool(files.files) and sum(map(len, files.rows.values())) > _ROWS_PER_FILE * len(files.files)


def _refuse_parts(frame: TextTable, files: NamedFiles) -> None:
    named, noun = sum(map(len, files.rows.values())), files.sought.noun
    if _share_files(files):
        raise DataError(
            f"{frame.path} has {counted(named, 'row')} for {counted(len(files.files), noun)}; the tasks on {noun}s of "
            f"this version take one row per {noun}.\nIf the rows are boxes or several readings, make one row of each "
            f"{noun} first: its count, its mean, or its labels with a separator between them."
        )


def _put_files(sight: DataFindings, files: NamedFiles) -> None:
    found, sight.files = sum(map(len, files.rows.values())), files.files
    what = "the files this names are there" if files.input not in files.columns else "this column names files"
    add_with_reason(sight.data, "input", files.input, f"{what}: {found:,} of {counted(sight.examples, 'row')}")
    if files.missing:
        sight.asks.append(
            f"{counted(files.missing, 'row')} name no {files.sought.noun} that is there; to leave them out, write "
            '"on_missing": "skip" in data'
        )


def _put_texts(sight: DataFindings, columns: Columns, texts: TextColumns) -> None:
    names = texts.names
    sight.prose = texts.measures
    add_with_reason(sight.data, "input", names[0] if len(names) == 1 else list(names), texts.reason)
    sight.seen.append(f"texts in {' and '.join(names)}: {texts.measures.described}")
    sight.asks += texts.asks
    if name := absent_files(columns):
        sight.asks.append(
            f'are the texts of "{names[0]}" the examples? "{name}" names files, and none of them is below the '
            "table's folder; put them there, and begin again, if they are the examples"
        )


def _put_splits(sight: DataFindings, columns: Columns, split: tuple[str, bool] | None, group: str | None) -> None:
    sight.train = int(sight.examples * _TRAIN_SHARE)
    if split and split[1]:
        add_with_reason(sight.data, "splits", {"column": split[0]}, "this column says which examples train")
        sight.train = sum(SPLIT_OF_WORD.get(text.casefold()) == "train" for text in columns[split[0]])
        return
    if split:
        words = sorted(set(columns[split[0]]))
        sight.asks.append(
            f'the column "{split[0]}" holds {first_names(words)}; to use it as splits write train, validation and test '
            f'there, and "splits": {{"column": "{split[0]}"}}'
        )
    divide(sight.data, {} if sight.is_multi_label else sight.counts, group)


def _put_gaps(sight: DataFindings, columns: Columns, texts: Sequence[str], names: Sequence[str]) -> None:
    """Add what becomes of rows without label, or without one of the texts."""
    unlabelled = sum(not any(columns[name][row] for name in names) for row in range(sight.examples))
    empty = sum(not all(columns[name][row] for name in texts) for row in range(sight.examples))
    rows, label = f"{counted(unlabelled, 'row')} of the table have no label", sight.data["label"]
    if unlabelled and isinstance(label, dict) and "none" not in label:
        label["none"], unlabelled = "", 0
        sight.asks.append(f"{rows}: does that mean none of them? If not, fill them in and take none out of label")
    elif unlabelled and not texts:
        sight.asks.append(f"{rows}; fill them in or take them out")
    without = [f"{count:,} without {what}" for count, what in ((empty, "text"), (unlabelled, "label")) if count]
    if texts and without:
        reason = f"left out of {counted(sight.examples, 'row')}: {', '.join(without)}"
        add_with_reason(sight.data, "on_missing", "skip", reason)
        sight.seen.append(reason)
