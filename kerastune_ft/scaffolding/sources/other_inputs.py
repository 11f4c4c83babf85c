"""Columns of a table beside its pictures: texts, numbers and words, where it is clear that they are inputs."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from kerastune_ft.scaffolding.sources import columns as kinds
from kerastune_ft.wording import counted

# Facts about a file, a row or where it came from, which nobody has of a new example or which say nothing of it.
_ABOUT_FILES = re.compile(
    r"(unnamed)?\d*|(row|image|img|file|photo|example|sample|frame|record)?(id|ids|index|idx|no|nr|num|number|name|key|"
    r"uuid|hash|md5|sha\d*|path|url|link|source)|(image|img)?(width|height|size|bytes|channels|mode|format|ext|extension|"
    r"dpi|xmin|xmax|ymin|ymax)|.*(date|time|timestamp|year|month|created|updated|licen[cs]e|annotator|rater|reader)"
)
_MOST_WORDS, _FEWEST_EACH, _FEWEST_NUMBERS, _PRESENT = 50, 3, 2, 0.5


@dataclass(frozen=True)
class OtherInputs:
    """What stands beside the pictures of a table."""

    text: str | None
    numbers: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def reason(self) -> str:
        """Return why they are inputs."""
        found = [
            *([f'texts in "{self.text}"'] if self.text else []),
            *([f"{counted(len(self.numbers), 'column')} of numbers"] if self.numbers else []),
            *([f"{counted(len(self.words), 'column')} of words"] if self.words else []),
        ]
        return f"beside the pictures the table has {' and '.join(found)}, and no column whose use is unclear"

    @property
    def names(self) -> str:
        """Return the names of the columns, for a sentence."""
        return ", ".join(filter(None, [self.text, *self.numbers, *self.words]))

    def to_json(self, image: str) -> dict[str, object]:
        """Return the configuration's `input`, with the column or template of the pictures."""
        named: dict[str, object] = {"image": image}
        named |= {"text": self.text} if self.text else {}
        named |= {"numbers": list(self.numbers)} if self.numbers else {}
        return named | ({"words": list(self.words)} if self.words else {})


def find_other_inputs(
    columns: Mapping[str, Sequence[str]], taken: Collection[str], labels: Sequence[str], texts: Sequence[str]
) -> OtherInputs | None:
    """Return the inputs beside pictures; None where there are none, or one column may be something else.

    `taken` are the columns that have another use, `texts` those of texts. A column that tells the label, or whose name
    means a label, a group or something about the file, is unclear: then the pictures stay the only input.
    """
    free = {name: cells for name, cells in columns.items() if name not in {*taken, *labels}}
    numbers, words = [], []
    for name, cells in free.items():
        if name in texts:
            continue
        if _is_unclear(name, cells, [columns[label] for label in labels]):
            return None
        if kinds.are_amounts(cells) or _are_grades(cells):
            numbers.append(name)
        elif _are_words(cells):
            words.append(name)
        else:
            return None
    # One number beside pictures is a fact about them as often as an input.
    if len(texts) > 1 or not (texts or len(numbers) >= _FEWEST_NUMBERS):
        return None
    return OtherInputs(texts[0] if texts else None, tuple(numbers), tuple(words))


def _is_unclear(name: str, cells: Sequence[str], labels: Sequence[Sequence[str]]) -> bool:
    given = [cell for cell in cells if cell]
    is_named = kinds.is_label_name(name) or kinds.is_group_name(name) or kinds.is_split_name(name)
    is_about = _ABOUT_FILES.fullmatch(kinds.normalise_name(name)) is not None
    is_rare = len(given) < _PRESENT * len(cells)
    return is_named or is_about or is_rare or any(_tells(cells, label) for label in labels)


def _tells(cells: Sequence[str], label: Sequence[str]) -> bool:
    """Return whether the cells of a column, of which each occurs often, determine the label, as a code of it does."""
    pairs, distinct = set(zip(cells, label, strict=True)), len(set(cells))
    return distinct > 1 and len(pairs) == distinct and distinct * _FEWEST_EACH <= len(cells)


def _are_grades(cells: Sequence[str]) -> bool:
    """Return whether cells are a few different numbers, as of rooms; two of them are the flags of a class."""
    values = kinds.parse_numbers(cells)
    return values is not None and len(set(values)) > 2


def _are_words(cells: Sequence[str]) -> bool:
    distinct = {cell for cell in cells if cell}
    return (
        kinds.parse_numbers(cells) is None
        and 1 < len(distinct) <= _MOST_WORDS
        and _FEWEST_EACH * len(distinct) <= len(cells)
    )
