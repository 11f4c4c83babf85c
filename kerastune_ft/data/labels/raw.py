"""Labels as the data has them, before the task's options say what they are read as."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from kerastune_ft.data.labels.empty import refuse_empty
from kerastune_ft.data.remedies import other_data
from kerastune_ft.errors import DataError

SEPARATOR = "|"
"""Between several labels of one example, wherever they are written as one text."""


@dataclass(frozen=True)
class SingleLabels:
    """One label per example."""

    texts: Sequence[str]

    @property
    def as_texts(self) -> list[str]:
        """By example: its label as one text."""
        return list(self.texts)

    def refuse_several(self, place: str) -> None:
        """Accept them: there is one label per example."""

    def refuse_fractions(self, place: str) -> None:
        """Raise DataError where labels of classes are fractions; `place` says where they are."""
        if any("." in text and text.strip("-.e0123456789") == "" for text in self.texts):
            raise DataError(f"{place} has fractions, and class labels are integers or strings. Save y.astype(int).")

    def keep(self, kept: Sequence[int]) -> SingleLabels:
        """Return the labels of some examples."""
        return SingleLabels([self.texts[index] for index in kept])

    def convert(self, change: Callable[[str], str]) -> SingleLabels:
        """Return the labels with every text changed."""
        changed = {text: change(text) for text in set(self.texts)}
        return SingleLabels([changed[text] for text in self.texts])

    def refuse_empty(self, keys: Sequence[str], origin: str) -> None:
        """Raise DataError where an example has a label without a letter to be seen; `keys` name the examples."""
        refuse_empty(self.texts, keys, origin)


@dataclass(frozen=True)
class LabelSets:
    """Any number of labels per example."""

    sets: Sequence[Sequence[str]]

    def keep(self, kept: Sequence[int]) -> LabelSets:
        """Return the labels of some examples."""
        return LabelSets([self.sets[index] for index in kept])

    def convert(self, change: Callable[[str], str]) -> LabelSets:
        """Return the labels with every text changed."""
        changed = {text: change(text) for texts in self.sets for text in texts}
        return LabelSets([tuple(dict.fromkeys(changed[text] for text in texts)) for texts in self.sets])

    def refuse_empty(self, keys: Sequence[str], origin: str) -> None:
        """Raise DataError where one of an example's labels has no letter to be seen; `keys` name the examples."""
        named = [(text, key) for key, texts in zip(keys, self.sets, strict=True) for text in texts]
        refuse_empty([text for text, _ in named], [key for _, key in named], origin)


@dataclass(frozen=True)
class LabelColumns:
    """One column per class (0 or 1) or per target (numbers); `rows` are as long as `names`."""

    names: tuple[str, ...]
    rows: Sequence[Sequence[str]]

    @property
    def as_texts(self) -> list[str]:
        """By example: its labels as one text."""
        return [SEPARATOR.join(row) for row in self.rows]

    def refuse_several(self, place: str) -> None:
        """Raise DataError: there are several labels per example; `place` says where."""
        several = "" if other_data() else ', for several labels write "multi_label": true in task'
        raise DataError(
            f"{place} has {len(self.names)} labels per example; of one-hot rows save y.argmax(axis=1){several}."
        )

    def refuse_fractions(self, place: str) -> None:
        """Accept them: whether columns hold 0 and 1 is checked where they are numbered."""

    def keep(self, kept: Sequence[int]) -> LabelColumns:
        """Return the labels of some examples."""
        return LabelColumns(self.names, [self.rows[index] for index in kept])

    def convert(self, change: Callable[[str], str]) -> LabelColumns:
        """Return the labels with the names of the columns changed."""
        return LabelColumns(tuple(map(change, self.names)), self.rows)

    def refuse_empty(self, keys: Sequence[str], origin: str) -> None:
        """Accept them: cells are checked where they are numbered."""


class MaskFile(Protocol):
    """A checked file whose pixels are the label of an example."""

    @property
    def key(self) -> str:
        """Return what identifies the mask to the user: a relative path."""

    @property
    def sha256(self) -> str:
        """Return the hash of the file."""

    @property
    def counts(self) -> Mapping[int, int]:
        """Return by raw value the number of pixels that have it."""

    def read(self, numbers: Mapping[int, int], ignore: int | None) -> np.ndarray:
        """Return class numbers, uint8 [height, width], 255 where the raw value is `ignore`."""

    def find_problem(self, numbers: Mapping[int, int], ignore: int | None, size: tuple[int, int] | None) -> str | None:
        """Return why the mask does not fit the classes or the size of its image; None where it does."""

    def has_changed(self) -> bool:
        """Tell whether the file is no longer what it was when it was checked."""

    def find_loss(self) -> str | None:
        """Return why the file can no longer be read; None where it can."""


@dataclass(frozen=True)
class MaskFiles:
    """One mask per example."""

    files: Sequence[MaskFile]
    names: Mapping[int, str] = field(default_factory=dict)
    """By raw value the name of its class, with task.classes applied, where the format itself says what values are.

    The order is that of the classes. Empty where values are what the user's files have, and task.classes names them.
    """
    texts: Mapping[int, str] = field(default_factory=dict)
    """By raw value what task.classes calls it, such as a folder; "" where nothing stands for it there."""

    def keep(self, kept: Sequence[int]) -> MaskFiles:
        """Return the masks of some examples."""
        return replace(self, files=[self.files[index] for index in kept])

    def convert(self, change: Callable[[str], str]) -> MaskFiles:
        """Return the same masks: their labels are numbers, of which only the names may change."""
        return replace(self, names={value: change(name) for value, name in self.names.items()})

    def refuse_empty(self, keys: Sequence[str], origin: str) -> None:
        """Accept them: every example has a mask."""


@dataclass(frozen=True)
class BoxList:
    """The boxes of one picture as an annotation has them; there may be none."""

    sides: np.ndarray
    """float64 [n, 4]: the left, upper, right and lower edge of each box."""
    classes: tuple[str, ...]
    """The class of each box."""
    crowd: np.ndarray
    """bool [n]: whether a box holds a crowd of objects that are not told apart."""
    difficult: np.ndarray
    """bool [n]: whether a box is said to be too difficult to count."""
    areas: np.ndarray
    """float64 [n]: the area of the object in pixels; NaN where only its box says it."""
    place: str
    """The file of the annotation, for messages."""
    size: tuple[int, int] | None = None
    """Height and width of the picture as the annotation has them; None where it does not say."""

    @classmethod
    def make(cls, sides: Sequence[Sequence[float]], classes: Sequence[str], place: str, **more: Any) -> BoxList:
        """Return the boxes with these edges; without `more`, none is a crowd or difficult, and no area is known."""
        count = len(classes)
        known: dict[str, Any] = {
            "crowd": np.zeros(count, bool),
            "difficult": np.zeros(count, bool),
            "areas": np.full(count, np.nan),
            "size": None,
        } | more
        return cls(
            np.asarray(sides, np.float64).reshape(-1, 4),
            tuple(classes),
            np.asarray(known["crowd"], bool),
            np.asarray(known["difficult"], bool),
            np.asarray(known["areas"], np.float64),
            place,
            known["size"],
        )

    @property
    def content(self) -> str:
        """A SHA-256 (hex) over the boxes, wherever they are written."""
        numbers = np.column_stack([self.sides, self.crowd, self.difficult, self.areas]).astype("<f8")
        document = json.dumps([self.classes, self.size], ensure_ascii=False).encode(errors="surrogateescape")
        return hashlib.sha256(numbers.tobytes() + document).hexdigest()


@dataclass(frozen=True)
class BoxLists:
    """The boxes of every picture."""

    lists: Sequence[BoxList]
    are_fractions: bool = False
    """Whether edges are fractions of the width and height of their picture, and not pixels."""
    named: tuple[str, ...] = ()
    """Classes that the annotations define, whether they have boxes or not."""

    def keep(self, kept: Sequence[int]) -> BoxLists:
        """Return the boxes of some pictures."""
        return replace(self, lists=[self.lists[index] for index in kept])

    def convert(self, change: Callable[[str], str]) -> BoxLists:
        """Return the boxes with the names of their classes changed."""
        changed = {text: change(text) for one in self.lists for text in one.classes}
        lists = [replace(one, classes=tuple(changed[text] for text in one.classes)) for one in self.lists]
        return replace(self, lists=lists, named=tuple(map(change, self.named)))

    def refuse_empty(self, keys: Sequence[str], origin: str) -> None:
        """Raise DataError where the class of a box has no letter to be seen; `keys` name the pictures."""
        named = [(text, key) for key, one in zip(keys, self.lists, strict=True) for text in one.classes]
        refuse_empty([text for text, _ in named], [key for _, key in named], origin)


RawLabels = SingleLabels | LabelSets | LabelColumns | MaskFiles | BoxLists
