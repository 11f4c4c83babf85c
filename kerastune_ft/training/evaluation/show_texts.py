"""Shows texts as the model read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerastune_ft.training.evaluation.pictures import Shown
from kerastune_ft.training.session.session import Session

# Beyond it a text is no longer looked at in a page: of the 24 worst of long documents it would be megabytes.
_MOST_CHARACTERS = 4000
# So many more than the model read show where it stopped.
_UNREAD = 400


def show_texts(session: Session, indices: Sequence[int]) -> list[Shown]:
    """Return for each example its texts and no file: up to 4,000 characters of each, or what the model read and 400."""
    source: Any = session.source
    became = session.loader.describe_inputs(indices)
    shown: list[Shown] = []
    for index, seen in zip(indices, became, strict=True):
        ends = [max(_MOST_CHARACTERS, read + _UNREAD) for read in seen["read"]]
        shown.append(({"texts": [text[:end] for text, end in zip(source.texts[index], ends, strict=True)]}, []))
    return shown
