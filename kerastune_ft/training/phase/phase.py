"""One phase, from its first step or from where an interrupted run stopped."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from kerastune_ft.errors import DivergedError, explain_memory
from kerastune_ft.training.checkpoint import Checkpoints
from kerastune_ft.training.phase import frozen_check, outcome, phase_files, restart, verdict
from kerastune_ft.training.phase.before import measure_before
from kerastune_ft.training.phase.context import RunContext
from kerastune_ft.training.phase.epochs.epoch import EpochTraining
from kerastune_ft.training.phase.prepare import Prepared, prepare
from kerastune_ft.training.phase.work import PhaseWork
from kerastune_ft.training.plan import memory
from kerastune_ft.training.plan.phase_plan import PhasePlan
from kerastune_ft.training.plan.schedules import rate_table


def train_phase(
    context: RunContext, phase: PhasePlan, kept: tuple[str, ...], prepared: Prepared | None = None
) -> dict[str, Any]:
    """Train to the end of a phase and return its result; the variables then hold what the phase leaves.

    The variables of the session hold the weights it starts from. `kept` are the paths of all variables that this or an
    earlier phase trains; `prepared` are optimizer and step where they were made before, fresh.

    Raises Interrupted after writing a checkpoint when a stop is requested, DivergedError at NaN or infinity, and
    PromiseError when a frozen variable changed.
    """
    session = context.session
    work = _begin(context, phase, kept, prepared)
    before_frozen = frozen_check.frozen_hashes(session, phase)
    before = session.values(phase.changing)
    _resume(work)
    context.watch.phase_started(context.plan.document["phases"][phase.index], work.state.step)
    # Until the end of the phase is written: what came after the last checkpoint would be lost.
    with context.stop.defer():
        with explain_memory(*memory.explain_steps(phase, str(context.run))):
            measure_before(work)
            verdict.measure_start(work)
            epochs = EpochTraining(work)
            while work.state.stopped is None:
                try:
                    epochs.train_epoch()
                except DivergedError as error:
                    restart.begin_again(work, before, error)
        return finish_phase(work, before, before_frozen)


def finish_phase(
    work: PhaseWork,
    before: Mapping[str, np.ndarray],
    before_frozen: Mapping[str, str],
    found: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """Check what moved and what did not, write the result of a phase and return it; the best epoch is then set.

    `before` are the values of the variables that the phase changes, `before_frozen` the hashes of all others, as they
    were at its start; `found` are further entries of the result. Raises PromiseError when a frozen variable changed.
    """
    context, session, phase = work.context, work.session, work.phase
    moved, updated = frozen_check.distances(session, phase, before), frozen_check.updates(session, phase, before)
    after_frozen = frozen_check.frozen_hashes(session, phase)
    frozen = frozen_check.check_frozen(session, phase, before_frozen, after_frozen)
    if phase_files.needs_end(work):
        phase_files.write_checkpoint(work)
    work.checkpoints.wait()
    session.assign(work.best)
    done = outcome.describe_outcome(context, phase, work.feed, before, work.state.start)
    # How far it moved is that of its best epoch, whatever is left of it.
    session.assign(verdict.choose_weights(work, before))
    proof = {"moved": moved, "updated": updated, "frozen": frozen}
    result = phase_files.write_result(work, {**proof, **done, **verdict.describe_verdict(work), **found})
    context.watch.phase_done(result)
    return result


def _begin(context: RunContext, phase: PhasePlan, kept: tuple[str, ...], prepared: Prepared | None) -> PhaseWork:
    """Return the work of a phase at its first step."""
    session = context.session
    # The step of the phase before is let go before this one's is made.
    context.compiled = None
    feed = context.feed.for_phase(session, context.plan, phase, context.watch)
    prepared = prepared or (context.prepare or prepare)(context, phase)
    context.compiled = (phase.index, prepared.step)
    checkpoints = Checkpoints(context.run, phase.folder, session.config.output.checkpoint, session.source_hash)
    rates = rate_table(phase.phase.rate_policy, phase.rate_steps, session.config.rules)
    return PhaseWork(context, phase, kept, feed, prepared, checkpoints, rates)


def _resume(work: PhaseWork) -> None:
    """Set the work to the newest checkpoint of its phase, whose rates may be lower than those of the plan."""
    found = work.checkpoints.newest(work.context.watch)
    if found is not None and (retries := found.state.get("retries")):
        restart.prepare_retry(work, len(retries))
    phase_files.resume(work, found)
