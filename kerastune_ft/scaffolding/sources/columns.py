"""Recognising the label, group and split columns of a table by their names and texts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from kerastune_ft.config.options.data import SPLITS
from kerastune_ft.data.labels.written_numbers import have_decimal_commas, read_number, with_point
from kerastune_ft.data.splits.names import SPLIT_OF_WORD

Columns = Mapping[str, Sequence[str]]

_LABEL_NAMES = (
    r"(image|true|final)?(labels?|class(es)?|classname|targets?|findings?|findinglabels?|diagnos[ie]s)(name|code|id)?",
    r"(dx|category|categories|outcome|disease|pathology|condition|species|breed|tags?)(name|id)?",
    r"(sentiment|emotion|intent|topic|queue|polarity|stance|similarity|entailment)(name|id)?",
    r"(y|grade|stage|severity|level|score|rating|stars|overall|result|answer|type|kind|command|digit)",
    r"(count|value|age|boneage|weight|price)",
)
# A column with a name of these first rows is a label, however long its cells are.
_SURE_LABELS = 3
# Without the last row, whose names are often those of other facts about an example.
_CLASS_NAMES = _LABEL_NAMES[:4]
_GROUP_NAME = re.compile(
    r"(patient|subject|participant|person|case|donor|animal|mouse|specimen|slide|lesion|study|series|family|client|"
    r"user|individual|eye|plant|scene|video|group|site|hospital|camera|speaker|author|customer|conversation|thread|session)s?(id|no|nr|num|number|code|name|index|key)?"
)
# From the widest group to the narrowest: all slides of a patient stay together.
_WIDEST = (
    "patient", "subject", "participant", "person", "individual", "speaker", "author", "customer", "donor", "animal",
    "mouse", "family", "case",
)  # fmt: skip
_SPLIT_NAME = re.compile(r"(split|set|subset|partition|fold|dataset|usage|phase|purpose)(name)?")
_NO_LABEL = re.compile(r"(no[ _-]?(finding|label|disease|defect)s?|none|normal|nothing|healthy|negative|no|-)", re.I)
_FLAGS = {"0", "1"}
_MOST_CLASSES = 20
_SEPARATORS = ("|", ";", ",")
# Cells of which a larger share than these are distinct, and of several words, are sentences rather than classes.
_DISTINCT, _OF_WORDS = 0.5, 0.5


def normalise_name(name: str) -> str:
    """Return a column's name for comparison: letters and digits only, in lower case."""
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def is_flag(texts: Sequence[str]) -> bool:
    """Return whether a column consists of 0 and 1, both present."""
    return set(texts) == _FLAGS


def parse_numbers(texts: Sequence[str]) -> list[float] | None:
    """Return the numbers of a column without blanks, or None if it holds anything else; decimal commas are known."""
    given = map(with_point, texts) if have_decimal_commas(texts) else texts
    values = [read_number(text) for text in given if text]
    found = [value for value in values if value is not None]
    return found if found and len(found) == len(values) else None


def are_amounts(texts: Sequence[str]) -> bool:
    """Return whether a column's numbers are amounts rather than codes of classes."""
    values = parse_numbers(texts)
    if values is None:
        return False
    distinct = len(set(values))
    return distinct > _MOST_CLASSES or (distinct > 5 and any(value != int(value) for value in values))


def is_label_name(name: str) -> bool:
    """Return whether a column's name clearly means a label."""
    return any(re.fullmatch(pattern, normalise_name(name)) for pattern in _LABEL_NAMES[:_SURE_LABELS])


def is_group_name(name: str) -> bool:
    """Return whether a column's name means a group, such as a patient."""
    return _GROUP_NAME.fullmatch(normalise_name(name)) is not None


def is_split_name(name: str) -> bool:
    """Return whether a column's name means the split of each example."""
    return _SPLIT_NAME.fullmatch(normalise_name(name)) is not None


def find_group_column(columns: Columns, taken: Collection[str]) -> str | None:
    """Return the column that groups examples, such as by patient, if groups have several examples."""
    rows = max((len(texts) for texts in columns.values()), default=0)
    found = [
        name
        for name, texts in columns.items()
        if name not in taken and is_group_name(name) and 2 < len(set(texts)) < rows and all(texts)
    ]

    def rank(name: str) -> int:
        return next(
            (place for place, word in enumerate(_WIDEST) if normalise_name(name).startswith(word)), len(_WIDEST)
        )

    return min(found, key=rank, default=None)


def find_split_column(columns: Columns, taken: Collection[str]) -> tuple[str, bool] | None:
    """Return the column of splits, and whether its words are those that data.splits understands."""
    for name, texts in columns.items():
        words = {text.casefold() for text in texts}
        if name in taken or not is_split_name(name) or not any(word.startswith("tr") for word in words):
            continue
        if len(words) <= len(SPLITS):
            return name, {"train"} <= {SPLIT_OF_WORD.get(word) for word in words} <= set(SPLITS)
    return None


def find_label_columns(columns: Columns, taken: Collection[str]) -> list[str]:
    """Return the most likely label columns: one, or several of 0 and 1; none or several others if unclear."""
    free = {name: texts for name, texts in columns.items() if name not in taken and len(set(filter(None, texts))) > 1}
    for pattern in _LABEL_NAMES:
        named = [name for name in free if re.fullmatch(pattern, normalise_name(name))]
        if named:
            return named
    flags = [name for name, texts in free.items() if is_flag(texts)]
    if len(flags) > 1:
        return flags
    few = [name for name, texts in free.items() if _has_few_values(texts)]
    return few or [name for name, texts in free.items() if are_amounts(texts)]


def find_possible_labels(columns: Columns, taken: Collection[str]) -> list[str]:
    """Return the columns that could each be a class label, by name and content."""
    return [
        name
        for name, texts in columns.items()
        if name not in taken
        and any(re.fullmatch(pattern, normalise_name(name)) for pattern in _CLASS_NAMES)
        and len(set(filter(None, texts))) > 1
        and (_has_few_values(texts) or find_separator(texts) is not None)
    ]


def _has_few_values(texts: Sequence[str]) -> bool:
    distinct = len(set(texts))
    return distinct <= max(2, min(_MOST_CLASSES, len(texts) // 3)) and all(texts)


def are_sentences(texts: Sequence[str]) -> bool:
    """Return whether the cells of a column are sentences, most of them different and of several words."""
    given = [text for text in texts if text.strip()]
    of_words = sum(len(text.split()) > 1 for text in given)
    return len(set(given)) > _DISTINCT * len(given) and of_words > _OF_WORDS * len(given)


def are_equivalent(columns: Sequence[Sequence[str]]) -> bool:
    """Return whether each column determines the others, as a code and its name do."""
    sizes = {len(set(texts)) for texts in columns}
    return sizes == {len(set(zip(*columns, strict=True)))}


def find_separator(texts: Sequence[str]) -> str | None:
    """Return the separator between several labels in one cell, if there is one.

    A mark inside a name, as in "carcinoma, in situ", does not count: most parts must occur in several combinations.
    """
    cells = set(filter(None, texts))
    if have_decimal_commas(cells):
        return None
    for mark in _SEPARATORS:
        combined = [cell for cell in cells if mark in cell]
        if not combined:
            continue
        occurs = Counter(part.strip() for cell in cells for part in set(cell.split(mark)))
        parts = {part.strip() for cell in combined for part in cell.split(mark)}
        if sum(occurs[part] > 1 for part in parts) >= len(parts) / 2:
            return mark
    return None


def split_labels(column: str, texts: Sequence[str], mark: str) -> tuple[dict[str, Any], Counter[str]]:
    """Return the `label` option of a column with several labels per cell, and the number of examples of each."""
    parts = [[part.strip() for part in text.split(mark) if part.strip()] for text in texts]
    combined = {part for cell in parts if len(cell) > 1 for part in cell}
    alone = sorted({cell[0] for cell in parts if len(cell) == 1} - combined)
    none = next((name for name in alone if _NO_LABEL.fullmatch(name)), None)
    label: dict[str, Any] = {"column": column, "separator": mark}
    if none is not None:
        label["none"] = none
    return label, Counter(part for cell in parts for part in cell if part != none)
