"""What the answer columns of a sample submission want, by the kind of the run's labels."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kerastune_ft.config.options.task_facts import LabelKind
from kerastune_ft.config.words import nearest
from kerastune_ft.data.labels.raw import SEPARATOR
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.data.labels.spelling import find_label, normalise
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import DataError
from kerastune_ft.wording import first_names

_SHOWN = 5
# What may part several labels in a cell; where the sample has none of them, the first that is in no class.
_SEPARATORS = (" ", SEPARATOR, ",", ";")


@dataclass(frozen=True)
class Answers:
    """How rows of predictions fill the answer columns."""

    fill: Callable[[Mapping[str, Any]], dict[str, Any]]
    """Returns the cells of the answer columns for a row of predictions."""
    description: str
    """What the columns get, for the user."""


def choose_answers(sample: TextTable, id_column: str, scheme: LabelScheme, positive: str | None) -> Answers:
    """Return what the columns of a sample beside its ids get, as their names and values say.

    `positive` is the class of binary metrics; None means the last. Raises DataError where a column can have no answer
    of the run.
    """
    columns = {name: sample.texts(name, "--submission") for name in sample.columns if name != id_column}
    place = f"--submission: {sample.path}"
    if not columns:
        raise DataError(f"{place} has no column beside {id_column}; give the sample with its answer column")
    if scheme.kind not in _ANSWERS:
        raise DataError(f"{place}: predictions of this run are {scheme.meaning}, which no cell of a table holds")
    return _ANSWERS[scheme.kind](place, columns, scheme, positive)


def _choose_class(
    place: str, columns: Mapping[str, Sequence[str]], scheme: LabelScheme, positive: str | None
) -> Answers:
    if (found := _match_classes(columns, scheme.names)) is not None:
        return _give_probabilities(found)
    column = _get_only(place, columns, scheme)
    values = [value for value in dict.fromkeys(columns[column]) if value]
    if all(find_label(value, scheme.names) is not None for value in values):
        return Answers(lambda row: {column: row["label"]}, f"{column} gets the class")
    shown = f"{place}: its column {column} has {first_names(values, 3)}; the classes are {_name_all(scheme.names)}"
    if not all(_is_share(value) for value in values):
        raise DataError(
            f"{shown}. Write a class of the run in {column} where the class is wanted, and .5 for a probability"
        )
    if len(scheme.names) > 2:
        raise DataError(
            f"{shown}, and a probability would be that of one of them. Give a column for each class, or write a class "
            f"in {column} where the class is wanted"
        )
    if all(value.strip("+-").isdigit() for value in values):
        raise DataError(
            f"{shown}, so {column} may want a class or a probability. Write a class of the run in it where the class "
            "is wanted, and .5 for a probability"
        )
    chosen = find_label(positive, scheme.names) if positive else None
    chosen = chosen or scheme.names[-1]
    why = "task.positive" if positive else "the last class"
    return Answers(
        lambda row: {column: row[f"probability_{chosen}"]}, f"{column} gets the probability of {chosen} ({why})"
    )


def _choose_label_set(
    place: str, columns: Mapping[str, Sequence[str]], scheme: LabelScheme, positive: str | None
) -> Answers:
    if (found := _match_classes(columns, scheme.names)) is not None:
        return _give_probabilities(found)
    column = _get_only(place, columns, scheme)
    values = [value for value in dict.fromkeys(columns[column]) if value]
    mark = _find_separator(values, scheme.names)
    if mark is None:
        raise DataError(
            f"{place}: its column {column} has {first_names(values, 3)}, which are no labels of the run; they are "
            f"{_name_all(scheme.names)}"
        )
    return Answers(
        lambda row: {column: mark.join(row["label"].split(SEPARATOR)) if row["label"] else ""},
        f'{column} gets the labels, with "{mark}" between them',
    )


def _choose_values(
    place: str, columns: Mapping[str, Sequence[str]], scheme: LabelScheme, positive: str | None
) -> Answers:
    for column, texts in columns.items():
        if wrong := [text for text in dict.fromkeys(texts) if text and not _is_number(text)]:
            raise DataError(
                f"{place}: its column {column} has {first_names(wrong, 3)}, and the run predicts numbers; give the "
                "sample of this run's task"
            )
    if len(scheme.names) == 1:
        column = _get_only(place, columns, scheme)
        return Answers(lambda row: {column: row["value"]}, f"{column} gets the value")
    if set(columns) != set(scheme.names):
        raise DataError(_explain_columns(place, columns, scheme))
    return Answers(
        lambda row: {name: row[f"value_{name}"] for name in scheme.names}, "the columns of targets get their values"
    )


_ANSWERS: Mapping[LabelKind, Callable[[str, Mapping[str, Sequence[str]], LabelScheme, str | None], Answers]] = {
    "one": _choose_class,
    "several": _choose_label_set,
    "values": _choose_values,
}


def _give_probabilities(classes: Mapping[str, str]) -> Answers:
    return Answers(
        lambda row: {column: row[f"probability_{name}"] for column, name in classes.items()},
        "the columns of classes get their probabilities",
    )


def _match_classes(columns: Mapping[str, Any], names: Sequence[str]) -> dict[str, str] | None:
    """Return the class of each column, if there is one for every class, all behind the same letters or none."""
    given = {normalise(column): column for column in columns}
    wanted = [normalise(name) for name in names]
    first = next(iter(given))
    for beginning in {"": None} | {first.removesuffix(name): None for name in wanted if first.endswith(name)}:
        if set(given) == {beginning + name for name in wanted}:
            return {given[beginning + text]: name for text, name in zip(wanted, names, strict=True)}
    return None


def _get_only(place: str, columns: Mapping[str, Any], scheme: LabelScheme) -> str:
    if len(columns) != 1:
        raise DataError(_explain_columns(place, columns, scheme))
    return next(iter(columns))


def _explain_columns(place: str, columns: Mapping[str, Any], scheme: LabelScheme) -> str:
    """Return the message about columns that are not those of the classes or targets."""
    one, several = ("class", "classes") if scheme.has_classes else ("target", "targets")
    strange = [name for name in columns if normalise(name) not in map(normalise, scheme.names)]
    absent = [name for name in scheme.names if normalise(name) not in map(normalise, columns)]
    parts = []
    if strange:
        meant = {name: nearest(name, absent) for name in strange}
        shown = [f'{name} (did you mean "{meant[name]}"?)' if meant[name] else name for name in strange]
        verb = f"is no {one}" if len(strange) == 1 else f"are no {several}"
        parts.append(f"{len(strange):,} of its columns {verb} of the run: {first_names(shown, _SHOWN)}")
    if absent:
        verb = f"{one} of the run has" if len(absent) == 1 else f"{several} of the run have"
        parts.append(f"{len(absent):,} {verb} no column: {first_names(absent, _SHOWN)}")
    return f"{place}: {'; '.join(parts)}. Give a sample with one answer column, or with a column for each of them"


def _find_separator(values: Sequence[str], names: Sequence[str]) -> str | None:
    """Return what parts the labels in the cells of a sample; None where they hold anything else."""
    free = [mark for mark in _SEPARATORS if not any(mark in name for name in names)] or [SEPARATOR]
    for mark in free:
        if any(mark in value for value in values) and _are_labels(values, mark, names):
            return mark
    return free[0] if _are_labels(values, free[0], names) else None


def _are_labels(values: Sequence[str], mark: str, names: Sequence[str]) -> bool:
    return all(find_label(part.strip(), names) is not None for value in values for part in value.split(mark))


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _is_share(text: str) -> bool:
    return _is_number(text) and 0 <= float(text) <= 1


def _name_all(names: Sequence[str]) -> str:
    return first_names(names, _SHOWN)
