"""Updates of an epoch in few compiled calls, where features are stored and steps are small: how many go into each."""

from __future__ import annotations

import time
from collections.abc import Iterator

import tensorflow as tf

from kerastune_ft.input.order import Order
from kerastune_ft.training.phase.evaluate import as_tensor
from kerastune_ft.training.phase.work import PhaseWork
from kerastune_ft.training.profiling.clock import STEP

# Seconds that a call may take by the time of those before, so that requests to stop are soon seen.
_SECONDS = 0.4


def can_run_many(work: PhaseWork) -> bool:
    """Return whether many updates of a phase go into a call: small ones, on features that are stored as they enter."""
    return work.feed.can_stack(work.feed.training) and work.prepared.step.runs_many(work.phase.update_batch)


class Pace:
    """The number of steps of the next call: it doubles while calls are short. Results do not depend on it."""

    def __init__(self) -> None:
        self._steps = 1
        self._is_compiled = False

    def limit(self, possible: int) -> int:
        """Return the steps of the next call, of so many that are possible."""
        return max(1, min(self._steps, possible))

    def note(self, steps: int, seconds: float) -> None:
        """Take in how long a call took; the first one compiled its steps, which says nothing."""
        if self._is_compiled:
            allowed = int(_SECONDS * steps / max(seconds, 1e-6))
            self._steps = max(1, min(2 * max(steps, self._steps), allowed))
        self._is_compiled = True


def run_many(work: PhaseWork, pace: Pace, order: Order) -> Iterator[tuple[int, tf.Tensor]]:
    """Yield the number of updates that a call made, and their sums [updates, sums], until the order is done.

    No call goes beyond a step after which a checkpoint is due. `work.state.step` must be brought up to date between.
    """
    epoch = as_tensor(work.state.epoch)
    for stack in work.feed.training_stacks(order, work.state.epoch):
        batches, done = int(stack[-1].shape[0]), 0
        while done < batches:
            until_due = work.checkpoints.steps_until_due(work.state.step) or batches
            count = pace.limit(min(batches - done, until_due))
            began = time.monotonic()
            with work.context.clock.measure(STEP):
                sums = work.prepared.step.train_many(stack, done, count, epoch).numpy()
            pace.note(count, time.monotonic() - began)
            done += count
            yield count, sums
