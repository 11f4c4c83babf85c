"""What many boxes in a picture cost: every candidate is compared with every other."""

from __future__ import annotations

from typing import Any

from kerastune_ft.config.options.byte_sizes import size_text
from kerastune_ft.layers.detection.suppression import USUAL_CANDIDATES, count_candidates
from kerastune_ft.training.session.session import Session

_BYTES_OF_PAIR = 30


def notes(session: Session) -> list[str]:
    """Return a note where `task.max_detections` makes more pairs of boxes than usual."""
    if not session.task.predicts_boxes:
        return []
    task: Any = session.task
    count = count_candidates(int(session.model.output.shape[1]), len(task.classes), task.limit)
    if count <= USUAL_CANDIDATES:
        return []
    size = size_text(_BYTES_OF_PAIR * count**2)
    return [
        f"at most {task.limit:,} boxes in a picture (task.max_detections): {count:,} x {count:,} pairs are compared in "
        f"each, about {size}, whenever pictures are measured or predicted, and in exports; up to "
        f"{USUAL_CANDIDATES // 4} there are {USUAL_CANDIDATES} x {USUAL_CANDIDATES} pairs"
    ]
