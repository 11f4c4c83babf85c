"""Shows texts as the model read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerastune_ft.training.evaluation.pictures import MediaFile
from kerastune_ft.training.session.session import Session

# Beyond it a text is no longer looked at in a page: of the 24 worst of long documents it would be megabytes.
_MOST_CHARACTERS = 4000


def show_texts(session: Session, indices: Sequence[int]) -> list[tuple[dict[str, Any], list[MediaFile]]]:
    """Return for each example its texts, up to 4,000 characters of each, and no file."""
    source: Any = session.source
    return [({"texts": [text[:_MOST_CHARACTERS] for text in source.texts[index]]}, []) for index in indices]
