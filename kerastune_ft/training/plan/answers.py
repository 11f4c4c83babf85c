"""What the plan says of answers that are generated for metrics: of how many examples, how often, how many tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from kerastune_ft.training.plan.phase_plan import PhasePlan
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.writing.sampled import Sampled


def describe_answers(session: Session, phases: Sequence[PhasePlan]) -> dict[str, Any]:
    """Return the entry `answers` of plan.json; nothing where no metric needs answers.

    Tokens are the most that there can be: most answers end before.
    """
    sampled = Sampled.of(session)
    if not sampled.metrics:
        return {}
    task: Any = session.config.task
    longest = task.generate.max_new_tokens
    sizes = {split: len(indices) for split, indices in session.source.splits.items() if split in ("validation", "test")}
    examples = {split: size if sampled.count is None else min(size, sampled.count) for split, size in sizes.items()}
    # The model before a refit is measured as the one after it.
    times = 2 if session.config.refit else 1
    return {
        "answers": {
            "metrics": list(sampled.metrics),
            "examples": examples,
            "max_new_tokens": longest,
            "times": times,
            "tokens": times * sum(examples.values()) * longest,
            "monitored": list(_list_monitored(sampled, phases, examples.get("validation", 0), longest)),
        }
    }


def _list_monitored(
    sampled: Sampled, phases: Sequence[PhasePlan], examples: int, longest: int
) -> Iterator[dict[str, Any]]:
    """Yield the phases whose epochs are chosen by a metric of answers."""
    for plan in phases:
        if not sampled.keep(plan.phase.monitor.removeprefix("validation_")).metrics:
            continue
        # What a phase has to beat is measured before its first step.
        times = plan.epochs + plan.phase.keep_if_better
        yield {
            "phase": plan.phase.name,
            "monitor": plan.phase.monitor,
            "examples": examples,
            "times": times,
            "tokens": times * examples * longest,
        }
