"""Sweeping the learning rate of a phase: a few updates at rising rates, from the weights that the phase begins with."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kerastune_ft.input.order import shuffle_batches
from kerastune_ft.training.features.feed import Feed
from kerastune_ft.training.phase.context import RunContext
from kerastune_ft.training.phase.evaluate import as_tensor
from kerastune_ft.training.phase.prepare import prepare
from kerastune_ft.training.plan.keys import class_balance
from kerastune_ft.training.plan.phase_plan import PhasePlan
from kerastune_ft.tuning.suggestions import EXPLODED, smooth


@dataclass(frozen=True)
class Sweep:
    """The steps that a sweep made, in order."""

    rates: np.ndarray
    """float64 [steps]: the phase's peak rate at each step; units have their factors on it."""
    losses: np.ndarray
    """float64 [steps]: the training loss of each step's examples, before its update."""
    is_exploded: bool
    """Whether it ended early, since the loss was too high or no number."""

    @property
    def running_mean(self) -> np.ndarray:
        """Return the running mean of the losses."""
        return smooth(self.losses.tolist())


def spread_rates(low: float, high: float, steps: int) -> np.ndarray:
    """Return rates in even multiples from the lowest to the highest (Smith, 2017), float32 [steps]."""
    return np.geomspace(low, high, steps).astype(np.float32)


def sweep(context: RunContext, phase: PhasePlan, rates: np.ndarray) -> Sweep:
    """Return what updates at these rates come to; the session's variables have their values again afterwards.

    The session must hold the weights that the phase begins with. Batches, their order and their random draws are those
    of the phase's own first steps. It ends where the smoothed loss is `EXPLODED` times its least, or NaN. Raises
    Interrupted where that is asked for.
    """
    session = context.session
    feed = context.feed.for_phase(session, context.plan, phase, context.watch)
    before = session.values(phase.changing)
    prepared = prepare(context, phase, rates)
    losses: list[float] = []
    is_exploded = False
    try:
        for epoch, batch in _list_batches(context, phase, feed, len(rates)):
            context.stop.honour()
            count, total, *_ = (float(value) for value in prepared.step.train(batch, as_tensor(epoch), [0.0]).numpy())
            loss = total / count if count else math.nan
            if not math.isfinite(loss):
                is_exploded = True
                break
            losses.append(loss)
            context.watch.work(f"sweeping the rate of phase {phase.phase.name}", len(losses), len(rates))
            smoothed = smooth(losses)
            if smoothed[-1] > EXPLODED * smoothed.min():
                is_exploded = True
                break
    finally:
        session.assign(before)
    context.watch.work(f"sweeping the rate of phase {phase.phase.name}", len(rates), len(rates))
    return Sweep(np.asarray(rates[: len(losses)], np.float64), np.array(losses), is_exploded)


def _list_batches(context: RunContext, phase: PhasePlan, feed: Feed, steps: int) -> Iterator[tuple[int, tuple]]:
    """Yield the batches of a phase's first steps with their epochs, as training has them."""
    session, epoch, made = context.session, 0, 0
    while made < steps:
        place = (session.config.seed, phase.draws, epoch)
        examples = class_balance.draw_examples(session.examples, phase.phase, place)
        order = shuffle_batches(
            examples, phase.update_batch, session.devices.replicas, place, phase.micro_batches, session.loader.buckets
        ).take(steps - made)
        for batch in feed.training_batches(order, epoch):
            yield epoch, batch
        made, epoch = made + order.batches, epoch + 1
