"""Splits that are written down: in a column of a table, or in the splits.csv of another run."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from kerastune_ft.config.options.data import SPLITS, Column, File
from kerastune_ft.config.run_command import find_command, find_maker
from kerastune_ft.data.blocks import text_of_block
from kerastune_ft.data.splits.examples import SplitExamples
from kerastune_ft.data.splits.names import SPLIT_OF_WORD
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.storage import path_of
from kerastune_ft.wording import counted, first_names

_SHOWN = 5
_COLUMNS = ("input", "split")
Placed = tuple[dict[str, np.ndarray], list[str]]
"""Indices by split, and sentences for the user."""


def column_splits(requested: Column, examples: SplitExamples) -> Placed:
    """Return the splits that a column of the table says."""
    if examples.column is None:
        raise ConfigError(
            f'data.splits.column: only a table has columns, and this data has no column "{requested.column}".\n'
            'Give fractions, as {"train": 0.7, "validation": 0.15, "test": 0.15}, or names of splits that the data has.'
        )
    texts = examples.column(requested.column)
    return _place(texts, examples, "data.splits.column", f'the column "{requested.column}"')


def file_splits(requested: File, examples: SplitExamples) -> Placed:
    """Return the splits that the file gives these examples, matched by key."""
    rows = _read_rows(requested.file)
    split_of = {key: row["split"] or "" for key, row in rows.items()}
    split_of = _join_blocks(split_of) | split_of
    # A run that left them out too did not write them; they are taken out again in the end.
    split_of |= {key: "train" for key in _list_excluded(examples) if key not in split_of}
    absent = [key for key in examples.keys if key not in split_of]
    if absent:
        raise DataError(_explain_missing_places(requested.file, absent, split_of, examples))
    place = f"the file {requested.file}"
    found, notes = _place([split_of[key] for key in examples.keys], examples, "data.splits.file", place)
    known = set(examples.keys)
    left = sum(key not in known and text_of_block(key) not in known for key in rows)
    if left:
        verb = "names" if left == 1 else "name"
        notes.append(f"splits: {counted(left, 'row')} of {requested.file} {verb} no example of this data")
    return found, notes + _other_labels(requested.file, rows, examples)


def _join_blocks(split_of: Mapping[str, str]) -> dict[str, str]:
    """Return the splits of whole texts that a run divided into blocks, of those whose blocks are all in one split."""
    found: dict[str, set[str]] = {}
    for key, split in split_of.items():
        if (text := text_of_block(key)) is not None:
            found.setdefault(text, set()).add(split)
    return {text: next(iter(splits)) for text, splits in found.items() if len(splits) == 1}


def _list_excluded(examples: SplitExamples) -> list[str]:
    return [examples.keys[index] for index in examples.excluded]


def _other_labels(file: str, rows: Mapping[str, Mapping[str, str]], examples: SplitExamples) -> list[str]:
    """Return a sentence where the file was written for other labels than the data has."""
    if examples.texts is None:
        return []
    pairs = [
        (rows[key].get("label"), text) for key, text in zip(examples.keys, examples.texts(), strict=True) if key in rows
    ]
    changed = Counter((was, text) for was, text in pairs if was is not None and was != text)
    # A run on texts without labels wrote none.
    if not changed or not any(was for was, _ in pairs):
        return []
    count = changed.total()
    verb = "has another label" if count == 1 else "have another label"
    ((was, text), _) = changed.most_common(1)[0]
    each = f'"{was}" there and "{text}" here' + (", ..." if len(changed) > 1 else "")
    return [
        f"splits: {count} of {counted(len(pairs), examples.noun)} {verb} in {file} than in this data ({each}); "
        "the splits are taken from the file, the labels from the data"
    ]


def _place(texts: Sequence[str], examples: SplitExamples, option: str, place: str) -> Placed:
    """Return the indices by split from the text of every example."""
    words = {text: SPLIT_OF_WORD.get(text.strip().casefold()) for text in dict.fromkeys(texts)}
    if unknown := [text for text, split in words.items() if split is None]:
        raise DataError(_explain_words(unknown, texts, examples, option, place))
    found = {split: np.flatnonzero([words[text] == split for text in texts]) for split in SPLITS}
    if not len(found["train"]):
        raise DataError(f"{option}: {place} places no {examples.noun} in train, so there is nothing to learn from.")
    renamed = [f'"{text}" is taken as {split}' for text, split in words.items() if text != split]
    notes = [f"splits: in {place} {', '.join(sorted(renamed))}"] if renamed else []
    return {split: indices for split, indices in found.items() if len(indices)}, notes


def _explain_words(
    unknown: Sequence[str], texts: Sequence[str], examples: SplitExamples, option: str, place: str
) -> str:
    lines = []
    for word in unknown[:_SHOWN]:
        keys = [key for key, text in zip(examples.keys, texts, strict=True) if text == word]
        said = f'"{word}"' if word.strip() else "nothing"
        lines.append(f"  {said} for {counted(len(keys), examples.noun)}: {first_names(keys, _SHOWN)}")
    if len(unknown) > _SHOWN:
        lines.append(f"  and {len(unknown) - _SHOWN} more values")
    return (
        f"{option}: {place} must say train, validation or test for every {examples.noun}, and says\n"
        + "\n".join(lines)
        + "\nWrite one of the three words there."
    )


def _explain_missing_places(
    file: str, absent: Sequence[str], split_of: Mapping[str, str], examples: SplitExamples
) -> str:
    place = f"data.splits.file: {file} places"
    if len(absent) == len(examples.keys):
        return (
            f"{place} none of the {counted(len(absent), examples.noun)}: the data has {absent[0]}, "
            f"the file {next(iter(split_of), 'nothing')}.\nGive the splits.csv of a run on this data."
        )
    command = find_maker(file)
    remedy = f"Make that run anew on the data as it is: {command} --fresh.\nOr add" if command else "Add"
    return (
        f"{place} {len(examples.keys) - len(absent)} of {counted(len(examples.keys), examples.noun)}, but not "
        f"{first_names(absent, _SHOWN)}.\n{remedy} a row with input and split for each to a copy of the file, or take "
        "them out of the data."
    )


def _read_rows(file: str) -> dict[str, dict[str, str]]:
    """Return the row of every input of the file as it is written."""
    path = path_of(file)
    try:
        # Within a run the file is always called so, and the run is easily named in its place.
        content = (path / "splits.csv" if path.is_dir() else path).read_bytes()
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        columns = list(reader.fieldnames or ())
        if not set(_COLUMNS) <= set(columns):
            has = ", ".join(columns) or "none"
            raise ConfigError(
                f"data.splits.file: {file} needs the columns input and split; it has {has}.\n"
                "Give the splits.csv of another run."
            )
        rows = [(row["input"], row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        reason = "it is not there" if isinstance(problem, FileNotFoundError) else str(problem)
        command = find_command(file)
        remedy = f"Make the run first: {command}" if command else "Give the splits.csv of another run."
        raise ConfigError(f"data.splits.file: {file} cannot be read: {reason}.\n{remedy}") from problem
    if double := [key for key, count in Counter(key for key, _ in rows).items() if count > 1]:
        raise ConfigError(
            f"data.splits.file: {file} has several rows for {first_names(double, _SHOWN)}. Leave one of each."
        )
    return dict(rows)
