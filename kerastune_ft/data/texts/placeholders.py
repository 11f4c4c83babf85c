"""Texts that are nothing but a word which programs write for a value that is not there, as NaN."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from kerastune_ft.data.labels.spelling import plain_form, reads_as_missing
from kerastune_ft.wording import counted

# A class may be called so; a text that says nothing else hardly is one.
_OF_TEXTS = ("na", "none")
_SHOWN = 3
_WHAT = "a word for a missing value alone"


def describe_placeholders(column: str, texts: Sequence[str], is_learnt: bool) -> list[str]:
    """Return the remark on cells of a column of texts that hold a word for a missing value alone; nothing without any.

    `is_learnt` says whether the texts are what a model learns to write, and not what it reads.
    """
    found = Counter(text.strip() for text in texts if reads_as_missing(text) or plain_form(text.strip()) in _OF_TEXTS)
    if not found:
        return []
    words = ", ".join(f'"{word}" ({count:,})' for word, count in found.most_common(_SHOWN))
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    total = sum(found.values())
    return [
        f'"{column}": {counted(total, "row")} {"holds" if total == 1 else "hold"} {_WHAT}, '
        f"{words}{more}, which is {'learnt' if is_learnt else 'read'} as text; if it is none, empty these cells, and "
        "data.on_missing says what becomes of them"
    ]


def find_placeholder_notes(notes: Iterable[str]) -> list[str]:
    """Return those of the notes on data that are such remarks."""
    return [note for note in notes if _WHAT in note]
