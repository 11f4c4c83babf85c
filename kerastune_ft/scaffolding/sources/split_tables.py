"""Inspecting the tables of a folder that are splits, such as train.csv beside test.csv."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import TypeAdapter

from kerastune_ft.config.options.data import Label
from kerastune_ft.data.tables.joined_table import join_tables
from kerastune_ft.data.tables.named_tables import name_splits
from kerastune_ft.data.tables.read import read_table
from kerastune_ft.data.tables.split_tables import explain_lacking_labels, find_lacking_labels
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.scaffolding.findings import DataFindings, add_with_reason
from kerastune_ft.scaffolding.sources.tables import inspect_table
from kerastune_ft.wording import counted, first_names

Parts = Mapping[str, Sequence[TextTable]]


def inspect_split_tables(
    folder: Path, tables: Sequence[Path], written: str, label: Sequence[str]
) -> DataFindings | None:
    """Inspect the tables of a folder as splits, by their names; None where they are no such.

    A table without the labels that the training table has is left out, and said. `written` is the path of the folder as
    the configuration will have it.
    """
    names = {split: [one] if isinstance(one, str) else one for split, one in name_splits(tables).items()}
    if "train" not in names or len(names) < 2:
        return None
    parts = {split: [read_table(folder / name) for name in held] for split, held in names.items()}
    findings = inspect_table(join_tables(parts["train"]), _write_path(written, names["train"]), label)
    kept, notes = _keep_labelled(parts, findings)
    if len(kept) > 1:
        rows = {split: sum(len(part.numbers) for part in held) for split, held in kept.items()}
        findings = inspect_table(
            join_tables([part for held in kept.values() for part in held]),
            findings.data["path"],
            [*_label_columns(findings.data["label"])],
            is_given=bool(label),
        )
        _add_splits(findings, kept, rows, written)
    others = [path.name for path in tables if not any(path.name in held for held in names.values())]
    findings.seen += [*notes, *([f"not read: {first_names(others, 5)}"] if others else [])]
    return findings


def _label_columns(label: str | Sequence[str] | Mapping[str, str]) -> Sequence[str]:
    if isinstance(label, Mapping):
        return [label["column"]]
    return [label] if isinstance(label, str) else label


def _write_path(written: str, names: Sequence[str]) -> str:
    """Return the path of the training table, or of the folder where there are several."""
    return f"{written.rstrip('/')}/{names[0]}" if len(names) == 1 else written


def _keep_labelled(parts: Parts, findings: DataFindings) -> tuple[dict[str, Sequence[TextTable]], list[str]]:
    """Return the splits all of whose tables have labels, and sentences about the others."""
    label: object = TypeAdapter(Label).validate_python(findings.data["label"])
    kept, notes = {}, []
    for split, tables in parts.items():
        bare = [(table, lacking) for table in tables if (lacking := find_lacking_labels(table, label))]
        if bare and split != "train":
            notes += [f"not read: {explain_lacking_labels(table, lacking)}" for table, lacking in bare]
        else:
            kept[split] = tables
    return kept, notes


def _add_splits(findings: DataFindings, parts: Parts, rows: Mapping[str, int], written: str) -> None:
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
