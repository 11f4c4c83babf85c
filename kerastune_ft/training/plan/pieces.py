"""Dividing the batch of one update into micro-batches that are computed one after another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from kerastune_ft.training.plan.phase_plan import PhasePlan

LARGEST_CHUNK = 32
CHUNK_STEP = 8
"""The rows that a call of the frozen part gets on a replica are a multiple of this, up to the largest chunk."""


def piece_counts(update: int, replicas: int) -> list[int]:
    """Return the numbers of pieces to try for an update of so many examples, fewest first.

    Each is at least twice and at most three times the one before, the one among them that needs least padding: pieces
    are of one size, as many rows on every replica. The last has one example on each.
    """

    def all_rows(count: int) -> int:
        return count * -(-math.ceil(update / count) // replicas) * replicas

    most = max(1, math.ceil(update / replicas))
    counts = [1]
    while counts[-1] < most:
        candidates = range(min(2 * counts[-1], most), min(3 * counts[-1], most) + 1)
        counts.append(min(candidates, key=all_rows))
    return counts


def in_pieces(plan: PhasePlan, count: int) -> PhasePlan:
    """Return the plan of a phase whose updates are computed in so many pieces, of the same examples as before."""
    size = math.ceil(plan.update_batch / count)
    return replace(plan, batch_size=size, micro_batches=count, pieces=count)


def find_pieces(earlier: Mapping[str, Any] | None, index: int, replicas: int) -> int | None:
    """Return the pieces that the plan.json of a run chose for a phase on as many replicas; None where it chose none."""
    phases: Sequence[Mapping[str, Any]] = () if earlier is None else earlier["phases"]
    if earlier is None or index >= len(phases) or earlier["devices"]["replicas"] != replicas:
        return None
    return phases[index].get("pieces")


def smaller_pair(plan: PhasePlan) -> tuple[int, int] | None:
    """Return the next smaller `batch_size` with the `accumulate` that makes the same updates; None where there is none.

    BatchNorm layers that train would take their moments of the smaller batches: then there is none either.
    """
    size, count = plan.batch_size, plan.micro_batches
    if plan.phase.accumulate == "auto" and plan.update_batch % count:
        # The last piece has padding, which no batch_size has.
        size, count = plan.update_batch, 1
    if plan.phase.batch_norm != "frozen" or size == 1:
        return None
    if plan.update_batch <= plan.phase.batch_size and count == 1 and size < plan.phase.batch_size:
        # All examples in one update, however it is divided.
        return math.ceil(size / 2), 2
    part = next(number for number in range(2, size + 1) if size % number == 0)
    return size // part, count * part


def describe_pair(pair: tuple[int, int]) -> str:
    """Return a pair as a configuration has it."""
    return f'"batch_size": {pair[0]} with "accumulate": {pair[1]}'
