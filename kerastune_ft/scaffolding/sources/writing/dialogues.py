"""Inspecting tables of chats, of questions with their answers, and folders of plain texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kerastune_ft.config.options.data import SPLITS
from kerastune_ft.data.dialogues.messages import NO_MESSAGES, MessageFaultError, are_messages, read_messages
from kerastune_ft.data.files.find import FileKind, Walk, holds
from kerastune_ft.data.splits.names import usual_split_names
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import DataError
from kerastune_ft.scaffolding.findings import DataFindings, add_splits, add_with_reason
from kerastune_ft.scaffolding.samples.text_statistics import are_sentences
from kerastune_ft.scaffolding.sources import columns as kinds
from kerastune_ft.scaffolding.sources.text_columns import find_text_columns
from kerastune_ft.wording import counted

_TASK = "causal_lm"
_WHY = "a model that writes learns to go on with these texts"
_SUMMARIES, _WHY_SUMMARIES = "summarization", "a model that writes learns to write the one text for the other"
# The usual names of columns of texts and their summaries.
_SUMMARISED = (
    *(
        (text, summary)
        for summary in ("summary", "highlights", "abstract")
        for text in ("text", "document", "article", "dialogue")
    ),
    ("abstract", "summary"),
)
_TRAIN_SHARE = 0.7
# The usual names of columns of questions and their answers; where names may mean classes too, answers must differ.
_SURE = (("prompt", "response"), ("prompt", "completion"), ("instruction", "output"), ("instruction", "response"))
_LIKELY = (("question", "answer"),)
_DISTINCT = 0.5
# The names of columns of classes and grades, beside which two texts are a pair.
_LABELS = {"label", "labels", "class", "category", "target", "score", "is_duplicate", "grade"}
_TEXTS = "text"


def inspect_dialogues(frame: TextTable, written: str, label: Sequence[str]) -> DataFindings | None:
    """Inspect a table of chats, of questions and answers, or of texts alone; None for another table.

    `written` is its path as the configuration will have it; `label` are the columns that the user names, if any: those
    of other labels are none of chats.
    """
    data: dict[str, Any] = {"kind": "table", "path": written}
    chats = [] if label else [name for name in frame.columns if _holds_chats(frame, name)]
    pair = None if chats else _find_pair(frame, label)
    summed = None if chats or pair else _find_named(frame, label, _SUMMARISED, ())
    written_for = None if chats or pair or summed else _find_written(frame, label)
    if chats:
        add_with_reason(data, "input", chats[0], "its cells are lists of messages, each with a role and a text")
    elif pair:
        add_with_reason(data, "input", pair[0], "what is asked, by the name of the column")
        add_with_reason(data, "label", pair[1], "what is to be answered, by the name of the column")
    elif summed:
        add_with_reason(data, "input", summed[0], "what is summarized, by the name of the column")
        add_with_reason(data, "label", summed[1], "what is to be written for it, by the name of the column")
    elif written_for:
        add_with_reason(data, "input", written_for, "the column of texts beside it")
        add_with_reason(
            data, "label", label[0], "given by --label; its cells are sentences, which a model learns to write"
        )
    elif texts := _find_lone_texts(frame, label):
        add_with_reason(data, "input", texts, "texts, which are learnt whole: the table has no other column")
    else:
        return None
    findings = _finish(data, frame, _make_task(_SUMMARIES, _WHY_SUMMARIES) if summed else _make_task(_TASK, _WHY))
    if written_for:
        findings.asks.append(
            f'is "{label[0]}" an answer to "{written_for}"? Its cells are sentences, too different to be classes; if '
            f'they are summaries, write "kind": "{_SUMMARIES}" in task'
        )
    return findings


def _holds_chats(frame: TextTable, name: str) -> bool:
    """Return whether the first cell with anything in it is a dialogue, learnable or not by its order of turns."""
    if not are_messages(frame.cells[name]):
        return False
    for cell in filter(None, frame.cells[name]):
        try:
            read_messages(cell, is_answered=True)
        except MessageFaultError as fault:
            if str(fault) == NO_MESSAGES:
                # An empty list may be one of anything.
                continue
            # A list of labels has no messages; what is wrong with messages themselves, training says.
            return "message" in str(fault) and "no object" not in str(fault) and "no list" not in str(fault)
        return True
    return False


def _find_pair(frame: TextTable, label: Sequence[str]) -> tuple[str, str] | None:
    return _find_named(frame, label, (*_SURE, *_LIKELY), _SURE)


def _find_named(
    frame: TextTable, label: Sequence[str], pairs: Sequence[tuple[str, str]], sure: Sequence[tuple[str, str]]
) -> tuple[str, str] | None:
    """Return the first of these pairs of columns that is there; second ones of no `sure` pair are to differ."""
    for question, answer in pairs:
        if question not in frame.cells or answer not in frame.cells or (label and tuple(label) != (answer,)):
            continue
        if (question, answer) not in sure and not label and _LABELS & {name.lower() for name in frame.columns}:
            # A pair of texts that belong to a class.
            continue
        try:
            answers = frame.texts(answer, "data")
        except DataError:
            continue
        if (question, answer) in sure or len(set(answers)) > _DISTINCT * len(answers):
            return question, answer
    return None


def _find_written(frame: TextTable, label: Sequence[str]) -> str | None:
    """Return the column of texts that sentences in the column of labels are written for; None for other labels."""
    if len(label) != 1 or label[0] not in frame.cells or not _is_plain(frame, label[0]):
        return None
    if not are_sentences(frame.texts(label[0], "data")):
        return None
    plain = {name: frame.texts(name, "data") for name in frame.columns if name != label[0] and _is_plain(frame, name)}
    found = find_text_columns(plain, ())
    return found.names[0] if found and len(found.names) == 1 else None


def _find_lone_texts(frame: TextTable, label: Sequence[str]) -> str | None:
    """Return the column of texts of a table that has no other, and so nothing that could be their label."""
    if label or len(frame.columns) != 1 or not _is_plain(frame, frame.columns[0]):
        return None
    name = frame.columns[0]
    found = find_text_columns({name: frame.texts(name, "data")}, ())
    return name if found else None


def _finish(data: dict[str, Any], frame: TextTable, task: dict[str, Any]) -> DataFindings:
    examples = len(frame.numbers)
    findings = DataFindings(task, data, examples, int(examples * _TRAIN_SHARE), {}, seen=list(frame.notes))
    others = [name for name in frame.columns if name not in data.values() and _is_plain(frame, name)]
    plain = {name: frame.texts(name, "data") for name in others}
    split = kinds.find_split_column(plain, set())
    if split and split[1]:
        add_with_reason(data, "splits", {"column": split[0]}, "this column assigns examples to splits")
    else:
        add_splits(data, {}, None)
    return findings


def _is_plain(frame: TextTable, name: str) -> bool:
    try:
        frame.texts(name, "data")
    except DataError:
        return False
    return True


def inspect_text_folder(root: Path, written: str, kind: FileKind) -> DataFindings | None:
    """Inspect a folder of plain texts, or of folders that are splits; None where other folders may be classes."""
    if kind.noun != _TEXTS:
        return None
    data: dict[str, Any] = {"kind": "folder", "path": written}
    splits = _find_split_folders(root, kind)
    if splits:
        of_split = {split: Walk(root, file_kind=kind).files(root / name) for split, name in splits.items()}
        files = [path for held in of_split.values() for path in held]
        train = len(of_split["train"])
        add_with_reason(data, "splits", splits, "the folders of these names")
    elif holds(root, kind):
        files = Walk(root, file_kind=kind).files(root)
        train = int(len(files) * _TRAIN_SHARE)
        add_splits(data, {}, None)
    else:
        return None
    findings = DataFindings(_make_task(_TASK, _WHY), data, len(files), train, {}, files)
    findings.seen.append(f"{counted(len(files), 'plain text')}, which are learnt whole; long ones in blocks")
    if splits:
        counts = ", ".join(f"{split} {len(of_split[split]):,}" for split in SPLITS if split in of_split)
        findings.seen.append(f"split folders: {counts}")
    return findings


def _find_split_folders(root: Path, kind: FileKind) -> dict[str, str]:
    """Return the folders that are splits, by their names, where texts lie in all of them and folders in none."""
    top = Walk(root, file_kind=kind).subfolders(root)
    known = usual_split_names(top)
    splits = {split: name for name, split in known.items()}
    are_all = 1 < len(splits) == len(top) and "train" in splits and not holds(root, kind)
    are_flat = all(holds(root / name, kind) and not Walk(root, file_kind=kind).subfolders(root / name) for name in top)
    return {split: splits[split] for split in SPLITS if split in splits} if are_all and are_flat else {}


def _make_task(kind: str, why: str) -> dict[str, Any]:
    task: dict[str, Any] = {}
    add_with_reason(task, "kind", kind, why)
    return task
