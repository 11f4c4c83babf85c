"""One epoch of updates: batch after batch, checkpoints and stops between them, and what the steps add up to."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.errors import DivergedError
from kerastune_ft.input.order import Order, shuffle_batches
from kerastune_ft.training.phase.epochs.epoch_end import end_epoch
from kerastune_ft.training.phase.epochs.many_steps import Pace, can_run_many, run_many
from kerastune_ft.training.phase.evaluate import as_tensor
from kerastune_ft.training.phase.phase_files import interrupt, write_checkpoint
from kerastune_ft.training.phase.work import PhaseWork
from kerastune_ft.training.plan.keys import class_balance
from kerastune_ft.training.profiling.clock import STEP

# The loss is checked this often: often enough to stop a diverged run, seldom enough not to wait for the device.
_STEPS_BETWEEN_SUMS = 20


class EpochTraining:
    """Trains a phase epoch by epoch, step by step, from wherever it is."""

    def __init__(self, work: PhaseWork) -> None:
        self._work = work
        self._runs_many, self._pace = can_run_many(work), Pace()
        # What all workers asked for at the latest step, where there are several.
        self._asked: tf.Tensor | None = None

    def train_epoch(self) -> None:
        """Train to the end of the epoch under way and take in what it came to.

        Raises Interrupted after writing a checkpoint when a stop is requested, and DivergedError at NaN or infinity.
        """
        work, state = self._work, self._work.state
        began = time.monotonic()
        pending: list[Any] = []
        for steps, sums in self._run_updates(find_order(work)):
            pending.append(sums)
            state.epoch_steps += steps
            state.step += steps
            due = work.checkpoints.is_due(state.step, epoch_ended=False)
            stopping = self._stops(sums)
            if due or stopping or steps > 1 or len(pending) >= _STEPS_BETWEEN_SUMS:
                add_sums(work, pending)
            if due or stopping:
                state.seconds, began = state.seconds + time.monotonic() - began, time.monotonic()
                write_checkpoint(work)
            if stopping:
                interrupt(work, f"after step {state.step}")
        add_sums(work, pending)
        end_epoch(work, began)

    def _run_updates(self, order: Order) -> Iterator[tuple[int, Any]]:
        """Make the updates of an order; yield, call by call, how many there were and their sums."""
        if self._runs_many:
            yield from run_many(self._work, self._pace, order)
            return
        epoch, stop = as_tensor(self._work.state.epoch), self._work.context.stop
        clock = self._work.context.clock
        for batch in self._work.feed.training_batches(order, self._work.state.epoch):
            with clock.measure(STEP):
                sums = clock.settle(self._work.prepared.step.train(batch, epoch, [float(stop.reason is not None)]))
            yield 1, sums

    def _stops(self, sums: Any) -> bool:
        """Return whether to stop after this step; of several workers all answer alike.

        They answer by what was asked for before the step before this one, so that none waits for a step under way.
        """
        if self._work.session.devices.workers == 1:
            return self._work.context.stop.reason is not None
        asked, self._asked = self._asked, sums[-1]
        return asked is not None and bool(asked.numpy() > 0)


def find_order(work: PhaseWork) -> Order:
    """Return the batches of the epoch under way that are still to be trained on."""
    session, phase, state = work.session, work.phase, work.state
    place = (session.config.seed, phase.draws, state.epoch)
    examples = class_balance.draw_examples(session.examples, work.options, place)
    replicas, buckets = session.devices.replicas, session.loader.buckets
    order = shuffle_batches(examples, phase.update_batch, replicas, place, phase.micro_batches, buckets)
    started = state.step - state.epoch_steps
    return order.take(min(order.batches, phase.steps - started)).skip(state.epoch_steps)


def add_sums(work: PhaseWork, pending: list[Any]) -> None:
    """Add the sums of the latest steps, in their order, to those of the epoch; none of them is pending afterwards.

    A member of `pending` has the sums of one step, [sums], or of several, [steps, sums]. Raises DivergedError where one
    is NaN or infinite, the phase's state being at that step, or where no scale of the loss keeps gradients finite.
    """
    state, scale = work.state, work.prepared.scale
    if not pending:
        return
    rows = np.concatenate([np.atleast_2d(np.asarray(sums)) for sums in pending])[:, :-1]
    wrong = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(wrong):
        # Steps beyond it may have been made before that was looked at, as the clock would have it.
        state.step = step = state.step - len(rows) + int(wrong[0]) + 1
        clip_norm = work.options.clip_norm
        raise DivergedError(
            f"the loss of phase {work.options.name} became NaN or infinite at step {step} "
            f"(learning rate {work.rates[step - 1]:.3g}); lower its learning_rate"
            + (', or give "clip_norm": 1.0' if clip_norm is None else f" or its clip_norm of {clip_norm:g}")
        )
    for values in rows.tolist():
        state.sums = [a + b for a, b in zip(state.sums or [0.0] * len(values), values, strict=True)]
    if scale is not None and scale.is_failed:
        # As above: the step does not depend on when it is looked at.
        state.step -= scale.steps_since_failure
        raise DivergedError(
            f"the gradients of phase {work.options.name} overflow float16 at step {state.step} whatever the loss "
            'is scaled by; give "precision": "mixed_bfloat16" or "float32" in runtime, or a lower learning_rate'
        )
    # A step whose loss overflowed has no sums.
    work.context.watch.step_done(state.step, state.sums[1] / state.sums[0] if state.sums[0] else None)
    pending.clear()
