"""What the plan says of the measurement before the first phase."""

from __future__ import annotations

from typing import Any

from kerastune_ft.config.options.task_facts import facts
from kerastune_ft.training.session.session import Session


def describe_before(session: Session) -> dict[str, Any]:
    """Return the entry `before` of plan.json: the examples by split that a model that writes is measured on at first.

    Models with a new head have none.
    """
    if not facts(session.config.task).learns_tokens:
        return {}
    splits = session.source.splits
    return {"before": {split: len(splits[split]) for split in ("validation", "test") if split in splits}}
