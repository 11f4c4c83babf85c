"""Shows examples with several inputs as the model got them: pictures, texts, and the cells of numbers and words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from kerastune_ft.config.options.task_facts import IMAGE, TEXT
from kerastune_ft.training.evaluation.pictures import Shown
from kerastune_ft.training.evaluation.show_images import show_images
from kerastune_ft.training.evaluation.show_texts import show_texts
from kerastune_ft.training.session.session import Session

_SHOW = {IMAGE: show_images, TEXT: show_texts}


def show_several(session: Session, indices: Sequence[int]) -> list[Shown]:
    """Return for each example its texts and cells, and the pictures that entered the backbone."""
    source: Any = session.source
    shown: list[Shown] = [({"columns": _list_cells(source, index)}, []) for index in indices]
    parts = session.parts
    pictures = [name for name, part in parts.items() if part.backbone.input.values]
    for part in parts.values():
        own_shown = _SHOW[part.backbone.input.modality](part, indices)
        for (about, files), (own, own_files) in zip(shown, own_shown, strict=True):
            about |= own
            files += own_files
    for about, _ in shown:
        about |= {"panels": pictures} if len(pictures) > 1 else {}
    return shown


def _list_cells(source: Any, index: int) -> dict[str, Any]:
    """Return the cells of an example by column; None where a number is missing, an empty text where a word is."""
    cells = source.cells
    numbers = {name: float(values[index]) for name, values in cells.numbers.items()}
    found: dict[str, Any] = {name: None if math.isnan(value) else value for name, value in numbers.items()}
    return found | {name: words[index] for name, words in cells.words.items()}
