"""Inspecting tables that are splits, such as train.csv beside test.csv, given by their folder or by one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import TypeAdapter

from kerastune_ft.config.options.data import Label
from kerastune_ft.data.splits.names import split_names
from kerastune_ft.data.tables.joined_table import join_tables
from kerastune_ft.data.tables.named_tables import list_tables, name_splits, split_of_table
from kerastune_ft.data.tables.read import read_table
from kerastune_ft.data.tables.split_tables import explain_lacking_labels, find_filler_label, find_lacking_labels
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import DataError
from kerastune_ft.scaffolding.findings import DataFindings, add_with_reason
from kerastune_ft.scaffolding.sources.given_input import GivenInput
from kerastune_ft.scaffolding.sources.tables import inspect_table
from kerastune_ft.scaffolding.sources.writing.dialogues import inspect_dialogues
from kerastune_ft.wording import counted, first_names

Parts = Mapping[str, Sequence[TextTable]]


def inspect_split_tables(
    folder: Path, tables: Sequence[Path], written: str, label: Sequence[str], given: GivenInput = None
) -> DataFindings | None:
    """Inspect the tables of a folder as splits, by their names; None where they are no such.

    A table without the labels that the training table has is left out, and said. `written` is the path of the folder as
    the configuration will have it.
    """
    names = {split: [one] if isinstance(one, str) else one for split, one in name_splits(tables).items()}
    if "train" not in names or len(names) < 2:
        return None
    parts = {split: [read_table(folder / name) for name in held] for split, held in names.items()}
    findings = _inspect(join_tables(parts["train"]), _write_path(written, names["train"]), label, given)
    findings, kept = _join_splits(findings, parts, label, given)
    if len(kept) == 1 and len(names["train"]) > 1:
        # The folder would have the tables read that are left out.
        findings.data["path"] = [f"{written.rstrip('/')}/{name}" for name in names["train"]]
    others = [path.name for path in tables if not any(path.name in held for held in names.values())]
    findings.seen += [f"not read: {first_names(others, 5)}"] if others else []
    return findings


def inspect_table_beside_splits(
    path: Path, written: str, label: Sequence[str], given: GivenInput = None
) -> DataFindings:
    """Inspect a table and, where its name says that it is to learn from, the tables of other splits beside it.

    A table beside it that is not read is said. `written` is the path of the table as the configuration will have it.
    """
    train = read_table(path)
    findings = _inspect(train, written, label, given)
    beside = _find_beside(path)
    if beside is None or "column" in findings.data["splits"]:
        return findings
    parts: dict[str, list[TextTable]] = {"train": [train]}
    for split, places in beside.items():
        for place in places:
            try:
                part = read_table(place)
            except DataError as problem:
                findings.seen.append(f"not read: {place.name} beside it ({str(problem).splitlines()[0]})")
                continue
            missing = [name for name in train.columns if name not in {*part.columns, *_labels_of(findings)}]
            if missing:
                findings.seen.append(f'not read: {place.name} beside it, which has no column "{missing[0]}"')
            else:
                parts.setdefault(split, []).append(part)
    return _join_splits(findings, parts, label, given)[0]


def _find_beside(path: Path) -> dict[str, list[Path]] | None:
    """Return the tables of other splits beside a table by their names; None where it is not one to learn from."""
    stems = {one: one.name.split(".", 1)[0] for one in list_tables(path.parent)}
    stems[path] = path.name.split(".", 1)[0]
    words = split_names(stems.values())
    splits = {one: split_of_table(one) or words.get(stem) for one, stem in stems.items()}
    if splits.pop(path) != "train":
        return None
    found: dict[str, list[Path]] = {}
    for split in ("validation", "test"):
        held = [one for one in splits if splits[one] == split and one.name != path.name]
        exact = [one for one in held if split_of_table(one)]
        if held:
            found[split] = exact or held
    return found


def _inspect(
    frame: TextTable, written: str, label: Sequence[str], given: GivenInput, is_given: bool | None = None
) -> DataFindings:
    """Inspect a table of chats, of questions with their answers or of examples with labels."""
    found = None if given else inspect_dialogues(frame, written, label)
    return found or inspect_table(frame, written, label, is_given=is_given, given=given)


def _labels_of(findings: DataFindings) -> Sequence[str]:
    return _label_columns(findings.data.get("label"))


def _join_splits(
    findings: DataFindings, parts: Parts, label: Sequence[str], given: GivenInput
) -> tuple[DataFindings, Mapping[str, Sequence[TextTable]]]:
    """Return the findings about all tables that have labels, and these by split; the others are said."""
    kept, notes = _keep_labelled(parts, findings)
    if len(kept) > 1:
        rows = {split: sum(len(part.numbers) for part in held) for split, held in kept.items()}
        seen = [note for note in findings.seen if note.startswith("not read")]
        findings = _inspect(
            join_tables([part for held in kept.values() for part in held]),
            findings.data["path"],
            [*_labels_of(findings)],
            given,
            is_given=bool(label),
        )
        _add_splits(findings, kept, rows)
        notes = [*seen, *notes]
    findings.seen += notes
    return findings, kept


def _label_columns(label: str | Sequence[str] | Mapping[str, str] | None) -> Sequence[str]:
    if isinstance(label, Mapping):
        return [label["column"]]
    return [label] if isinstance(label, str) else label or ()


def _write_path(written: str, names: Sequence[str]) -> str:
    """Return the path of the training table, or of the folder where there are several."""
    return f"{written.rstrip('/')}/{names[0]}" if len(names) == 1 else written


def _keep_labelled(parts: Parts, findings: DataFindings) -> tuple[dict[str, Sequence[TextTable]], list[str]]:
    """Return the splits all of whose tables have labels, and sentences about the others."""
    written = findings.data.get("label")
    label: object = None if written is None else TypeAdapter(Label).validate_python(written)
    kept, notes = {}, []
    for split, tables in parts.items():
        bare = [why for table in tables if split != "train" and (why := _explain_no_labels(table, parts, label))]
        if bare:
            notes += [f"not read: {why}" for why in bare]
        else:
            kept[split] = tables
    return kept, notes


def _explain_no_labels(table: TextTable, parts: Parts, label: object) -> str:
    """Return why a table has no labels to measure by; nothing where it has."""
    if lacking := find_lacking_labels(table, label):
        return explain_lacking_labels(table, lacking)
    return find_filler_label(table, parts["train"], label)


def _add_splits(findings: DataFindings, parts: Parts, rows: Mapping[str, int]) -> None:
    """Write the tables of the splits into the findings in place of shares."""
    names = {split: [table.path.name for table in tables] for split, tables in parts.items()}
    short = {split: held[0] if len(held) == 1 else held for split, held in names.items()}
    if len(names["train"]) == 1:
        del short["train"]
    reason = ", ".join(f"{split} {counted(count, 'row')}" for split, count in rows.items())
    for key in ("splits", "// splits"):
        findings.data.pop(key, None)
    add_with_reason(findings.data, "splits", short, f"the tables of the folder: {reason}")
    findings.train = rows["train"]
    findings.seen.append(f"tables as splits: {reason}")
