"""Finds the number of pieces in which the batch of a phase's updates fits the memory, before its first step."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from kerastune_ft.config.options.gpu_memory import gpu_bytes
from kerastune_ft.errors import ResourceError, is_exhaustion
from kerastune_ft.graph.lengths import total_length
from kerastune_ft.graph.units import is_seed
from kerastune_ft.input.order import Order, order_batches
from kerastune_ft.metrics.document import REFIT_PLAN
from kerastune_ft.training.devices.memory import find_limit
from kerastune_ft.training.phase.context import RunContext
from kerastune_ft.training.phase.evaluate import as_tensor, evaluate_split
from kerastune_ft.training.phase.prepare import Prepared, prepare
from kerastune_ft.training.plan import memory
from kerastune_ft.training.plan.document import phase_document
from kerastune_ft.training.plan.phase_plan import PhasePlan
from kerastune_ft.training.plan.pieces import in_pieces, piece_counts
from kerastune_ft.training.session.session import Session
from kerastune_ft.wording import counted


def fit_memory(context: RunContext, phase: PhasePlan) -> tuple[PhasePlan, Prepared | None]:
    """Return the phase with the pieces of its updates chosen, and the step that was tried; write plan.json.

    It is the phase itself, without a step, where its number of batches is given or was chosen before. Call it with the
    weights that the phase starts from, which are the same afterwards.
    """
    if phase.phase.accumulate != "auto" or phase.pieces is not None:
        return phase, None
    # The step of the phase before is let go before this one's is made.
    context.compiled = None
    counts = piece_counts(phase.update_batch, context.session.devices.replicas)
    first = _estimate(context, phase, counts)
    chosen, prepared = _try(context, phase, counts[counts.index(first) :])
    # Of several workers none tried, and each may know of another limit.
    chosen = int(context.session.devices.agree(str(chosen).encode()))
    settled = in_pieces(phase, chosen)
    _keep(context, settled)
    what = "whole" if chosen == 1 else f"in {chosen} pieces of {settled.batch_size}"
    context.watch.note(f"phase {phase.phase.name}: batches of {phase.update_batch} are computed {what}")
    return settled, prepared


def _estimate(context: RunContext, phase: PhasePlan, counts: list[int]) -> int:
    """Return the fewest pieces whose estimate fits the memory that is known to be left; the most where none does.

    A process that goes over a limit of a CPU's memory is killed, with nothing to catch: so the estimate comes first.
    """
    session = context.session
    limit = find_limit(session.devices.names, allowed=gpu_bytes(session.config.runtime.gpu_memory))
    sizes = {count: memory.step_bytes(session, in_pieces(phase, count), context.plan.chunk) for count in counts}
    return next((count for count in counts if memory.fits(sizes[count], limit)), counts[-1])


def _try(context: RunContext, phase: PhasePlan, counts: list[int]) -> tuple[int, Prepared | None]:
    """Return the first of these numbers of pieces with which a step does not run out of memory, and that step.

    Workers in several processes would wait for one that ran out: they go by the estimate alone. Raises ResourceError
    where the smallest pieces run out too.
    """
    if context.session.devices.workers > 1:
        return counts[0], None
    for count in counts:
        try:
            return count, _make_step(context, in_pieces(phase, count))
        except Exception as error:
            if not is_exhaustion(error):
                raise
    raise ResourceError(
        f"out of memory in a step of phase {phase.phase.name}, even with "
        f"{counted(in_pieces(phase, counts[-1]).batch_size, 'example')} at a time; give a smaller image_size or "
        "sequence_length, unfreeze less, or use lora"
    )


def _make_step(context: RunContext, phase: PhasePlan) -> Prepared:
    """Return the optimizer and step of a phase, which have made an update of which nothing is left.

    It is one on the first training examples of the greatest length.
    """
    feed = context.feed.for_phase(context.session, context.plan, phase, context.watch)
    prepared = prepare(context, phase)
    with _restore_after(context.session, phase, prepared):
        batch = next(iter(feed.training_batches(_longest_batch(context.session, phase), 0)))
        prepared.step.train(batch, as_tensor(0), [0.0]).numpy()
    if phase.at_own_size is not None and not phase.refit:
        # Images of another size, which may be the larger ones.
        examples = context.session.source.splits["validation"][: phase.batch_size]
        evaluate_split(prepared.step, context.session.devices, feed, examples, phase.batch_size)
    return prepared


def _longest_batch(session: Session, phase: PhasePlan) -> Order:
    """Return one batch: of the training examples that have the most tokens or windows, where they differ."""
    examples, buckets = session.examples.splits["train"], session.loader.buckets
    if buckets is not None:
        lengths = np.array([total_length(session.loader.length(int(number)) or 0) for number in buckets[examples]])
        examples = examples[lengths == lengths.max()]
    size = phase.update_batch
    return order_batches(examples[:size], size, session.devices.replicas, phase.micro_batches, buckets)


@contextlib.contextmanager
def _restore_after(session: Session, phase: PhasePlan, prepared: Prepared) -> Iterator[None]:
    """Put the values of all that a step may change back at the end; draws are addressed and have no state."""
    assert prepared.optimizer is not None
    states = [*prepared.optimizer.variables, *filter(is_seed, session.model.variables)]
    before, values = session.values(phase.changing), [np.array(state.numpy()) for state in states]
    scale = prepared.scale.state() if prepared.scale is not None else None
    averages = prepared.average.values() if prepared.average is not None else {}
    try:
        yield
    finally:
        session.assign(before)
        for state, value in zip(states, values, strict=True):
            state.assign(value)
        if prepared.scale is not None and scale is not None:
            prepared.scale.restore(scale)
        if prepared.average is not None:
            prepared.average.restore(averages, 0)


def _keep(context: RunContext, phase: PhasePlan) -> None:
    """Put a phase into the run's plan, and its entry into plan.json."""
    plan = context.plan
    phases = tuple(phase if each.index == phase.index else each for each in plan.phases)
    entries = list(plan.document["phases"])
    entry = phase_document(context.session, phase, plan.chunk, plan.decision)
    entries[phase.index] = entry | ({"refit": phase.refit.to_json()} if phase.refit else {})
    context.plan = replace(plan, phases=phases, document={**plan.document, "phases": entries})
    if plan.is_refit:
        context.run.commit_json(REFIT_PLAN, {"phases": entries})
    else:
        context.run.commit_json("plan.json", context.plan.document)
    context.run.update_manifest()
