"""The plan of a refit: the phases again, on training and validation examples together, for the epochs chosen before.

A refit has nothing that tells when to stop. A phase that could stop early makes as many epochs as it made then, with
its learning rates laid out over these: its best epoch is the luckiest of several that were about as good, and a refit
cannot pick the luckiest. Any other phase makes as many epochs as its best one was; its rates are laid out over its
maximum and cut where it ends, so that every epoch has the rates that it had when validation chose it. An epoch has more
examples and with them more steps, and a maximum of steps grows by the same factor. What a solver sets is the optimum on
all these examples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from kerastune_ft.training.left_weights import is_discarded
from kerastune_ft.training.plan.build import batch_sizes, count_steps
from kerastune_ft.training.plan.document import phase_document
from kerastune_ft.training.plan.keys import class_balance
from kerastune_ft.training.plan.keys.mixing import find_mixing
from kerastune_ft.training.plan.keys.retries import lower_rates
from kerastune_ft.training.plan.phase_plan import REFIT_DRAWS, PhasePlan, Plan, Refit
from kerastune_ft.training.plan.pieces import in_pieces
from kerastune_ft.training.session.adapters import place_of
from kerastune_ft.training.session.session import Session


def join_splits(session: Session) -> Session:
    """Return the session with the validation examples among the training examples, and none to validate."""
    splits = session.source.splits
    together = np.sort(np.concatenate([splits["train"], splits["validation"]]))
    source = session.source.with_splits({**splits, "train": together, "validation": together[:0]})
    return replace(session, source=source)


def plan_refit(session: Session, plan: Plan, results: Sequence[Mapping[str, Any]]) -> Plan:
    """Return the plan of the refit of a run; `session` has the joined splits, `results` are those of all its phases.

    Cuts, chunk and what is stored are those of the run's plan, so that its stores are read.
    """
    phases = tuple(
        _plan_phase(session, plan, phase, result) for phase, result in zip(plan.phases, results, strict=True)
    )
    entries = [
        {**phase_document(session, phase, plan.chunk, plan.decision), "refit": phase.refit and phase.refit.to_json()}
        for phase in phases
    ]
    return replace(plan, phases=phases, document={**plan.document, "phases": entries})


def _plan_phase(session: Session, plan: Plan, planned: PhasePlan, result: Mapping[str, Any]) -> PhasePlan:
    # The rates with which validation chose its epochs.
    phase = lower_rates(planned, len(result.get("retries") or ()))
    options, draws = phase.phase, phase.index + REFIT_DRAWS
    batch_size, micro_batches = batch_sizes(session, options)
    update = batch_size * micro_batches

    def count(epochs: int) -> int:
        return count_steps(session, draws, options, update, epochs)

    steps_per_epoch = count(1)
    if options.steps is None:
        rate_steps = count(phase.epochs)
    else:
        rate_steps = max(1, round(options.steps * steps_per_epoch / phase.steps_per_epoch))
    best = result["best_epoch"]
    if options.early_stopping is not None and session.config.rules.refits_to_the_stop:
        best = result["epochs"]
        rate_steps = min(rate_steps, count(best))
    # The next phase may go on from the last step, and not from the best epoch.
    epochs = result["epochs"] if _is_end_needed(plan, phase) else best
    if options.is_solved:
        # The optimum on more examples is as many iterations away as it takes.
        epochs = phase.epochs
    if is_discarded(result):
        # It leaves what it begins with, however far it trains.
        epochs = 1
    again = replace(
        phase,
        class_weights=class_balance.class_weights(session.source, options, place_of(phase.index, options)),
        batch_size=batch_size,
        micro_batches=micro_batches,
        update_batch=update,
        steps_per_epoch=steps_per_epoch,
        epochs=epochs,
        steps=min(rate_steps, count(epochs)),
        pieces=None,
        refit=Refit(min(best, epochs), rate_steps, not is_discarded(result)),
        # Views of mixtures are stored with the partners that they had.
        mixing=phase.mixing if options.augment.views else find_mixing(session.examples, options),
    )
    return again if phase.pieces is None else in_pieces(again, phase.pieces)


def _is_end_needed(plan: Plan, phase: PhasePlan) -> bool:
    following = plan.phases[phase.index + 1 : phase.index + 2]
    return any(each.phase.carry_optimizer or each.phase.start_from == "last" for each in following)
