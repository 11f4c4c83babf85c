"""Inspecting tables of chats, of questions with their answers, and folders of plain texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kerastune_ft.data.dialogues.messages import MessageFaultError, are_messages, read_messages
from kerastune_ft.data.files.find import FileKind, Walk, holds
from kerastune_ft.data.tables.read import read_table
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import DataError
from kerastune_ft.scaffolding.findings import DataFindings, add_splits, add_with_reason
from kerastune_ft.scaffolding.sources import columns as kinds
from kerastune_ft.wording import counted

_TASK = "causal_lm"
_WHY = "a model that writes learns to go on with these texts"
_SUMMARIES, _WHY_SUMMARIES = "summarization", "a model that writes learns to write the one text for the other"
# The usual names of columns of texts and their summaries.
_SUMMARISED = tuple(
    (text, summary)
    for summary in ("summary", "highlights", "abstract")
    for text in ("text", "document", "article", "dialogue")
)
_TRAIN_SHARE = 0.7
# The usual names of columns of questions and their answers; where names may mean classes too, answers must differ.
_SURE = (("prompt", "response"), ("prompt", "completion"), ("instruction", "output"), ("instruction", "response"))
_LIKELY = (("question", "answer"),)
_DISTINCT = 0.5
# The names of columns of classes and grades, beside which two texts are a pair.
_LABELS = {"label", "labels", "class", "category", "target", "score", "is_duplicate", "grade"}
_TEXTS = "text"


def inspect_dialogues(place: Path, written: str, label: Sequence[str]) -> DataFindings | None:
    """Inspect a table of chats, or of questions and answers; None for another table.

    `label` are the columns that the user names, if any: those of other labels are none of chats.
    """
    frame = read_table(place)
    data: dict[str, Any] = {"kind": "table", "path": written}
    chats = [] if label else [name for name in frame.columns if _holds_chats(frame, name)]
    pair = None if chats else _find_pair(frame, label)
    summed = None if chats or pair else _find_named(frame, label, _SUMMARISED, ())
    if chats:
        add_with_reason(data, "input", chats[0], "its cells are lists of messages, each with a role and a text")
    elif pair:
        add_with_reason(data, "input", pair[0], "what is asked, by the name of the column")
        add_with_reason(data, "label", pair[1], "what is to be answered, by the name of the column")
    elif summed:
        add_with_reason(data, "input", summed[0], "what is summarized, by the name of the column")
        add_with_reason(data, "label", summed[1], "what is to be written for it, by the name of the column")
    else:
        return None
    return _finish(data, frame, _make_task(_SUMMARIES, _WHY_SUMMARIES) if summed else _make_task(_TASK, _WHY))


def _holds_chats(frame: TextTable, name: str) -> bool:
    """Return whether the first cell with anything in it is a dialogue, learnable or not by its order of turns."""
    if not are_messages(frame.cells[name]):
        return False
    cell = next((cell for cell in frame.cells[name] if cell), None)
    try:
        read_messages(cell, is_answered=True)
    except MessageFaultError as fault:
        # A list of labels has no messages; what is wrong with messages themselves, training says.
        return "message" in str(fault) and "no object" not in str(fault) and "no list" not in str(fault)
    return True


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
    """Inspect a folder of plain texts; None where its texts are in folders, which may be classes."""
    if kind.noun != _TEXTS or not holds(root, kind):
        return None
    files = Walk(root, file_kind=kind).files(root)
    data: dict[str, Any] = {"kind": "folder", "path": written}
    add_splits(data, {}, None)
    findings = DataFindings(_make_task(_TASK, _WHY), data, len(files), int(len(files) * _TRAIN_SHARE), {}, files)
    findings.seen.append(f"{counted(len(files), 'plain text')}, which are learnt whole; long ones in blocks")
    return findings


def _make_task(kind: str, why: str) -> dict[str, Any]:
    task: dict[str, Any] = {}
    add_with_reason(task, "kind", kind, why)
    return task
