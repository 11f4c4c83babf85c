"""Which examples may be left out: of copies those that cost least, never one of test for one of train.

Leaving out examples of test because a model disagrees with them, or because they are odd, would only flatter figures.
So of test nothing goes but the second of two copies that are both there.
"""

from __future__ import annotations

from collections.abc import Sequence

from kerastune_ft.inspection.contents.base import Fault
from kerastune_ft.inspection.findings import CONFLICTS, CONSTANT, EXACT, LABELS, NEAR, Example, Exclusions
from kerastune_ft.inspection.labels.base import Suspect

RULE = (
    "of copies in several splits those in test stay, else those in validation; within one split the first stays; from "
    "train go examples that show nothing and those whose label is nearly certainly wrong, from train and validation "
    "copies whose labels differ"
)
_RANK = {"test": 0, "validation": 1, "train": 2}
_TRAINED = ("train",)
_LEARNED_FROM = ("train", "validation")


def choose_left_out(
    examples: Sequence[Example],
    exact: Sequence[Sequence[int]],
    clusters: Sequence[Sequence[int]],
    conflicts: Sequence[Sequence[int]],
    flat: Sequence[Fault],
    suspects: Sequence[Suspect],
) -> Exclusions:
    """Return what may be left out by `RULE`.

    `exact` are the positions of exact copies, `clusters` those of all copies, `conflicts` those whose labels differ.
    """
    reasons: dict[int, str] = {}
    kinds: dict[int, str] = {}

    def leave_out(position: int, kind: str, reason: str) -> None:
        if position not in reasons:
            reasons[position], kinds[position] = reason, kind

    for fault in flat:
        if examples[fault.position].split in _TRAINED:
            leave_out(fault.position, CONSTANT, fault.words)
    for held in conflicts:
        for position in held:
            if examples[position].split in _LEARNED_FROM:
                others = next(other for other in held if examples[other].label != examples[position].label)
                reason = (
                    f"labelled {examples[position].label}; its copy {examples[others].key} {examples[others].label}"
                )
                leave_out(position, CONFLICTS, reason)
    equal = {position: number for number, held in enumerate(exact) for position in held}
    for held in clusters:
        for position, kept in _choose_of_copies(examples, held):
            is_exact = equal.get(position, -1) == equal.get(kept, -2)
            words = "copy of" if is_exact else "nearly a copy of"
            reason = f"{words} {examples[kept].key} in {examples[kept].split}"
            leave_out(position, EXACT if is_exact else NEAR, reason)
    for suspect in suspects:
        if suspect.is_sure and examples[suspect.position].split in _TRAINED:
            leave_out(suspect.position, LABELS, f"likely {suspect.suggested}, not {suspect.given}: {suspect.words}")
    return Exclusions(reasons, kinds)


def _choose_of_copies(examples: Sequence[Example], held: Sequence[int]) -> list[tuple[int, int]]:
    """Return the members of a cluster that go, each with one that stays."""
    ranks = [_RANK[examples[position].split] for position in held]
    best = [position for position, rank in zip(held, ranks, strict=True) if rank == min(ranks)]
    rest = [position for position in held if position not in best]
    first = min(best, key=lambda position: examples[position].key)
    if rest:
        return [(position, first) for position in rest]
    return [(position, first) for position in best if position != first]
