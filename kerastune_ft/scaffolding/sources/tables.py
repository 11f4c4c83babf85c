"""Inspecting a table whose rows name image or sound files, or hold texts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from kerastune_ft.config.options.runtime import Runtime, cache_directory
from kerastune_ft.config.options.task_facts import TEXT
from kerastune_ft.config.words import nearest
from kerastune_ft.data.files.find import IMAGES
from kerastune_ft.data.splits.names import SPLIT_OF_WORD
from kerastune_ft.data.tables.list_cells import are_lists, read_list
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.data.texts.blank import is_blank
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.scaffolding.findings import DataFindings, add_splits, add_with_reason
from kerastune_ft.scaffolding.samples.files import note_files
from kerastune_ft.scaffolding.sources import columns as kinds
from kerastune_ft.scaffolding.sources.byte_columns import find_byte_files
from kerastune_ft.scaffolding.sources.file_columns import (
    NamedFiles,
    find_file_column,
    find_named_files,
    missing_files_message,
)
from kerastune_ft.scaffolding.sources.file_kinds import MODALITIES
from kerastune_ft.scaffolding.sources.given_input import GivenInput, check_given_input, find_given_input
from kerastune_ft.scaffolding.sources.label_columns import add_label, ask_about_rivals, choose_labels
from kerastune_ft.scaffolding.sources.other_inputs import OtherInputs, find_other_inputs
from kerastune_ft.scaffolding.sources.text_columns import TextColumns, find_text_columns
from kerastune_ft.streams import say
from kerastune_ft.wording import counted, first_names

_TRAIN_SHARE = 0.7
# More rows per file than this mean that rows are something else, such as boxes.
_ROWS_PER_FILE = 1.2
Columns = Mapping[str, Sequence[str]]


def inspect_table(
    frame: TextTable, written: str, label: Sequence[str], *, is_given: bool | None = None, given: GivenInput = None
) -> DataFindings:
    """Inspect a table; `label` holds the label columns, if they are known.

    `is_given` says whether the user named them, which otherwise all known ones are taken for;
    `given` are the columns of inputs that the user names.
    """
    is_given = bool(label) if is_given is None else is_given
    check_given_input(frame, given)
    frame.refuse_headless()
    columns, lists = _text_columns(frame)
    for name in label:
        if name not in columns:
            near = nearest(name, columns)
            hint = f'; did you mean "{near}"?' if near else ""
            raise ConfigError(
                f"--label: {frame.path} has no column {name!r}{hint}; it has {first_names(list(columns))}"
            )
    split = kinds.find_split_column(columns, {*label})
    taken = {*label, *lists} | ({split[0]} if split else set())
    findings = DataFindings({}, {"kind": "table", "path": written}, len(frame.numbers), 0, {}, seen=list(frame.notes))
    files, texts = _find_inputs(frame, columns, taken, given)
    prose = [] if given is not None or texts is None else [*texts.names, *texts.others]
    if files and (not texts or not _share_files(files)):
        texts = None
        _refuse_parts(frame, files)
        _add_files(findings, files)
        modality, of_input = MODALITIES[files.kind.noun], {*files.columns}
        group = kinds.find_group_column(columns, taken | of_input)
    elif texts:
        _add_texts(findings, columns, texts)
        modality, of_input = TEXT, {*texts.names, *texts.others}
        group = texts.shared or kinds.find_group_column(columns, taken | of_input)
    else:
        raise DataError(missing_files_message(frame, columns))
    used = of_input | ({split[0]} if split else set()) | ({group} if group else set())
    names = list(label) or choose_labels(frame, columns, used, modality)
    add_label(findings, modality, columns, names, given=is_given)
    if not is_given:
        ask_about_rivals(findings, columns, names, used)
    if group:
        values, rows = counted(len(set(columns[group])), "value"), counted(findings.examples, "row")
        reason = f"{values} in {rows}: all examples of one stay in one split"
        add_with_reason(findings.data, "group", group, reason)
    _add_splits(findings, columns, split, group)
    if files and files.kind is IMAGES and given is None and not lists:
        _add_others(findings, files, find_other_inputs(columns, used, names, prose))
    _add_gaps(findings, columns, texts.names if texts else (), names)
    if files and not texts:
        note_files(findings, files.kind)
    return findings


def _find_inputs(
    frame: TextTable, columns: Columns, taken: set[str], given: GivenInput
) -> tuple[NamedFiles | None, TextColumns | None]:
    """Return the files that rows name or hold, and the columns of texts."""
    if given is not None:
        return find_given_input(frame, columns, given, cache_directory(Runtime()), say)
    files = find_byte_files(frame, cache_directory(Runtime()), say) or find_named_files(frame, columns)
    return files, find_text_columns(columns, taken)


def _text_columns(frame: TextTable) -> tuple[dict[str, list[str]], list[str]]:
    """Return the columns as plain texts, and which of them have lists in their cells; those of objects are left out."""
    found, lists = {}, []
    for name in frame.columns:
        if are_lists(frame.cells[name]):
            lists.append(name)
            found[name] = [_list_text(cell) for cell in frame.cells[name]]
            continue
        try:
            found[name] = frame.texts(name, "data")
        except DataError:
            continue
    return found, lists


def _list_text(cell: Any) -> str:
    return json.dumps(list(read_list(cell) or ()), ensure_ascii=False) if cell else ""


def _share_files(files: NamedFiles) -> bool:
    """Return whether many rows share files, so that rows are not examples but, for instance, boxes."""
    # Equal cells are one file, and yet an example each.
    return (
        not files.are_cells
        and bool(files.files)
        and sum(map(len, files.rows.values())) > _ROWS_PER_FILE * len(files.files)
    )


def _refuse_parts(frame: TextTable, files: NamedFiles) -> None:
    named, noun = sum(map(len, files.rows.values())), files.kind.noun
    if _share_files(files):
        raise DataError(
            f"{frame.path} has {counted(named, 'row')} for {counted(len(files.files), noun)}; this version needs "
            f"one row per {noun}.\nIf the rows are boxes or several readings, first combine them into one row per "
            f"{noun}: their count, their mean, or their labels joined by a separator."
        )


def _add_files(findings: DataFindings, files: NamedFiles) -> None:
    found, findings.files = findings.examples - files.missing, files.files
    what = (
        ("its cells are files" if files.are_cells else "this column names files")
        if files.input in files.columns
        else "the files of this template exist"
    )
    add_with_reason(findings.data, "input", files.input, f"{what}: {found:,} of {counted(findings.examples, 'row')}")
    if files.missing:
        findings.asks.append(
            f"{counted(files.missing, 'row')} name no existing {files.kind.noun}; to skip them, write "
            '"on_missing": "skip" in data'
        )


def _add_others(findings: DataFindings, files: NamedFiles, others: OtherInputs | None) -> None:
    """Make the columns beside pictures inputs too, and say so."""
    if others is None:
        return
    add_with_reason(findings.data, "input", others.to_json(files.input), others.reason)
    findings.asks.append(
        f"is all of {others.names} known of an example before the model is asked? What is not, or follows from the "
        f'label, must go; for pictures alone write "input": {json.dumps(files.input, ensure_ascii=False)} in data'
    )


def _add_texts(findings: DataFindings, columns: Columns, texts: TextColumns) -> None:
    names = texts.names
    findings.prose = texts.measures
    add_with_reason(findings.data, "input", names[0] if len(names) == 1 else list(names), texts.reason)
    findings.seen.append(f"texts in {' and '.join(names)}: {texts.measures.length_text}")
    findings.asks += texts.asks
    if name := find_file_column(columns):
        findings.asks.append(
            f'are the texts of "{names[0]}" the examples? "{name}" names files, but none exists below the table\'s '
            "folder; if the files are the examples, put them there and run init again"
        )


def _add_splits(findings: DataFindings, columns: Columns, split: tuple[str, bool] | None, group: str | None) -> None:
    findings.train = int(findings.examples * _TRAIN_SHARE)
    if split and split[1]:
        add_with_reason(findings.data, "splits", {"column": split[0]}, "this column assigns examples to splits")
        findings.train = sum(SPLIT_OF_WORD.get(text.casefold()) == "train" for text in columns[split[0]])
        return
    if split:
        words = sorted(set(columns[split[0]]))
        findings.asks.append(
            f'the column "{split[0]}" holds {first_names(words)}; to use it for splits, write train, validation and '
            f'test in it, and "splits": {{"column": "{split[0]}"}}'
        )
    add_splits(findings.data, {} if findings.is_multi_label else findings.counts, group)


def _add_gaps(findings: DataFindings, columns: Columns, texts: Sequence[str], names: Sequence[str]) -> None:
    """Add options and questions about rows without a label or without a text."""
    unlabelled = sum(not any(columns[name][row] for name in names) for row in range(findings.examples))
    empty = sum(any(is_blank(columns[name][row]) for name in texts) for row in range(findings.examples))
    rows, label = f"{counted(unlabelled, 'row')} of the table have no label", findings.data["label"]
    if unlabelled and isinstance(label, dict) and "none" not in label:
        label["none"], unlabelled = "", 0
        findings.asks.append(
            f"{rows}: does that mean that no label applies? If not, fill them in and remove none from label"
        )
    elif unlabelled and not texts:
        findings.asks.append(f"{rows}; fill them in or remove the rows")
    without = [f"{count:,} without {what}" for count, what in ((empty, "text"), (unlabelled, "label")) if count]
    if texts and without:
        reason = f"skipped of {counted(findings.examples, 'row')}: {', '.join(without)}"
        add_with_reason(findings.data, "on_missing", "skip", reason)
        findings.seen.append(reason)
