"""Numbers and words as one vector: numbers standardised, words one of their categories, by the training split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kerastune_ft.data.several.columns import ColumnCells
from kerastune_ft.errors import DataError
from kerastune_ft.wording import counted

MOST_CATEGORIES = 1000
# Beyond this float32 has fewer than three digits left for how numbers differ.
_FAR = 1e4
_OF_TRAINING = "of the training split"


@dataclass(frozen=True)
class NumberScale:
    """How a column of numbers is standardised: by the mean and the deviation of the training examples that have one."""

    name: str
    mean: float
    deviation: float
    missing: int
    """Training examples without the number; where there are some, one more input says which examples lack it."""
    place: bool | None = None
    """Whether the vector has a place for that input, where folds share its layout; None: where training lacked some."""

    @property
    def has_place(self) -> bool:
        """Whether the vector has a place that says which examples lack the number."""
        return bool(self.missing) if self.place is None else self.place

    def scale(self, values: np.ndarray) -> np.ndarray:
        """Return values standardised, float32; 0, which is the mean, where one is missing."""
        # In float32, as the saved model computes.
        centred = values.astype(np.float32) - np.float32(self.mean)
        scaled = centred * np.float32(1.0 / self.deviation)
        return np.where(np.isnan(values), np.float32(0), scaled).astype(np.float32)

    def mark(self, values: np.ndarray) -> np.ndarray:
        """Return 1 where a value is missing, float32; 0 everywhere if training examples had all of them."""
        return (np.isnan(values) & bool(self.missing)).astype(np.float32)


@dataclass(frozen=True)
class WordList:
    """The categories of a column of words: the words of the training split."""

    name: str
    categories: tuple[str, ...]
    missing: int
    """Training examples without a word; where there are some, words that are missing or unknown are a category."""
    known: tuple[str, ...] | None = None
    """The categories that the training examples have, where folds share a layout; None where they have all."""
    place: bool | None = None
    """Whether the vector has a place for missing words, where folds share its layout; None: where training had some."""

    @property
    def has_place(self) -> bool:
        """Whether the vector has a place for words that are missing or unknown."""
        return bool(self.missing) if self.place is None else self.place

    @property
    def table(self) -> np.ndarray:
        """Return the places of the vector that each number of a category has, float32 [categories + 1, places]."""
        hot = np.eye(len(self.categories) + 1, dtype=np.float32)
        strange = [] if self.known is None else [word not in self.known for word in self.categories]
        hot[np.flatnonzero([False, *strange])] = hot[0]
        if not self.missing:
            hot[:, 0] = 0
        return hot if self.has_place else hot[:, 1:]

    def number(self, words: list[str]) -> np.ndarray:
        """Return for each word its category, counted from 1, int32; 0 where it is missing or training had no such."""
        places = {word: place for place, word in enumerate(self.categories, start=1)}
        return np.array([places.get(word, 0) for word in words], np.int32)


@dataclass(frozen=True)
class ColumnEncoding:
    """How numbers and words become a vector.

    Its parts are the standardised numbers; for each number that training examples lack, 1 where it is missing; for each
    column of words a place for every category, which has 1, the first of them for missing and unknown words where
    training examples lack one.
    """

    numbers: tuple[NumberScale, ...]
    words: tuple[WordList, ...]
    members: tuple[ColumnEncoding, ...] = ()
    """Of an ensemble the encodings of its members, whose vectors stand one behind the other; its own only names."""

    @classmethod
    def fit(cls, cells: ColumnCells, train: np.ndarray) -> ColumnEncoding:
        """Return the encoding by the training examples `train`.

        Raises DataError for numbers that none of them has, and for words that are different in nearly all.
        """
        numbers = tuple(_fit_numbers(name, values[train]) for name, values in cells.numbers.items())
        words = tuple(_fit_words(name, [own[row] for row in train]) for name, own in cells.words.items())
        return cls(numbers, words)

    def refit(self, cells: ColumnCells, train: np.ndarray) -> ColumnEncoding:
        """Return the encoding by other training examples, of the layout of this one: its categories and places.

        What those examples lack is 0 in all of them, and stays 0: a category that they have not is unknown.
        """
        own = ColumnEncoding.fit(cells, train)
        numbers = (replace(each, place=old.has_place) for each, old in zip(own.numbers, self.numbers, strict=True))
        words = (
            replace(old, missing=each.missing, known=each.categories, place=old.has_place)
            for each, old in zip(own.words, self.words, strict=True)
        )
        return ColumnEncoding(tuple(numbers), tuple(words))

    @property
    def indicators(self) -> tuple[NumberScale, ...]:
        """The numbers that have an input for those that are missing."""
        return tuple(each for each in self.numbers if each.has_place)

    @property
    def width(self) -> int:
        """The size of the vector."""
        if self.members:
            return sum(member.width for member in self.members)
        words = sum(len(each.categories) + each.has_place for each in self.words)
        return len(self.numbers) + len(self.indicators) + words

    def encode(self, cells: ColumnCells) -> np.ndarray:
        """Return the vectors of examples, float32 [examples, width]."""
        if self.members:
            return np.concatenate([member.encode(cells) for member in self.members], axis=1)
        parts = [each.scale(cells.numbers[each.name])[:, np.newaxis] for each in self.numbers]
        parts += [each.mark(cells.numbers[each.name])[:, np.newaxis] for each in self.indicators]
        parts += [each.table[each.number(list(cells.words[each.name]))] for each in self.words]
        return np.concatenate(parts, axis=1)

    def to_json(self) -> dict[str, Any]:
        """Return the encoding as plan.json has it."""
        found = {"numbers": [*map(_write, self.numbers)], "words": [*map(_write, self.words)], "width": self.width}
        return found | ({"members": [member.to_json() for member in self.members]} if self.members else {})

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> ColumnEncoding:
        """Return what `to_json` returned."""
        numbers = (NumberScale(**each) for each in document["numbers"])
        words = (WordList(**{key: _as_tuple(value) for key, value in each.items()}) for each in document["words"])
        return cls(tuple(numbers), tuple(words), tuple(cls.from_json(each) for each in document.get("members", ())))

    def describe(self, cells: ColumnCells, train: np.ndarray) -> list[str]:
        """Return what the user should know of the cells of all examples: what is missing, unknown or tells nothing."""
        said = [note for each in self.numbers for note in _describe_number(each, cells.numbers[each.name])]
        for each in self.words:
            said += _describe_words(each, list(cells.words[each.name]))
        return said


def _write(column: NumberScale | WordList) -> dict[str, Any]:
    """Return a column as plan.json has it: what only folds have is left out elsewhere."""
    found = {name: list(value) if isinstance(value, tuple) else value for name, value in vars(column).items()}
    return {name: value for name, value in found.items() if value is not None}


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _fit_numbers(name: str, values: np.ndarray) -> NumberScale:
    present = values[~np.isnan(values)]
    if not len(present):
        raise DataError(f"data.input.numbers: none of the training examples has a {name}; remove the column.")
    deviation = float(present.std())
    return NumberScale(name, float(present.mean()), deviation if deviation > 0 else 1.0, len(values) - len(present))


def _fit_words(name: str, words: list[str]) -> WordList:
    categories = tuple(sorted({word for word in words if word}))
    if not categories:
        raise DataError(f"data.input.words: none of the training examples has a {name}; remove the column.")
    if len(categories) > MOST_CATEGORIES:
        raise DataError(
            f"data.input.words: {name} has {len(categories):,} different words in {len(words):,} training examples, "
            f'and categories are at most {MOST_CATEGORIES:,}; name it among "numbers" if they are numbers, read it as '
            '"text" if they are sentences, or remove it: a model learns nothing of ids.'
        )
    return WordList(name, categories, words.count(""))


def _describe_number(each: NumberScale, values: np.ndarray) -> list[str]:
    absent = int(np.isnan(values).sum())
    said = []
    if absent and each.missing:
        said.append(
            f"{each.name} is missing in {absent} of {counted(len(values), 'example')}: the mean {_OF_TRAINING} stands "
            "for it, and one more input says where"
        )
    elif absent:
        said.append(
            f"{each.name} is missing in {absent} of {counted(len(values), 'example')}, none of them {_OF_TRAINING}: "
            "its mean stands for it"
        )
    present = values[~np.isnan(values)]
    if len(present) and not (present != present[0]).any():
        said.append(f"{each.name} is {present[0]:g} in all examples and tells nothing")
    if abs(each.mean) > _FAR * each.deviation:
        said.append(
            f"{each.name} has a mean of {each.mean:g} and a deviation of {each.deviation:g}, between which float32 has "
            "few digits; write what it differs from, as days since the first"
        )
    return said


def _describe_words(each: WordList, words: list[str]) -> list[str]:
    absent, known = words.count(""), {*each.categories, ""}
    said = []
    if absent:
        what = "they are a category of their own" if each.missing else f"none of them {_OF_TRAINING}, so no category"
        said.append(f"{each.name} is missing in {absent} of {counted(len(words), 'example')}: {what}")
    if strange := sorted({word for word in words if word not in known}):
        count = sum(word not in known for word in words)
        what = "count as missing" if each.missing else "are no category"
        said.append(
            f"{each.name} has {counted(len(strange), 'word')} that none {_OF_TRAINING} has, in "
            f"{counted(count, 'example')}: they {what}"
        )
    return said
