"""Shows dialogues by their turns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerastune_ft.training.evaluation.pictures import Shown
from kerastune_ft.training.session.session import Session

# Beyond it a turn is no longer looked at in a page.
_MOST_CHARACTERS = 4000


def show_dialogues(session: Session, indices: Sequence[int]) -> list[Shown]:
    """Return for each example its turns, each as who says it and what, up to 4,000 characters of it, and no file."""
    source: Any = session.source
    return [
        ({"texts": [f"{turn.role}: {turn.content[:_MOST_CHARACTERS]}" for turn in source.read_dialogue(index)]}, [])
        for index in indices
    ]
