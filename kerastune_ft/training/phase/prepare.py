"""What a phase trains by, made before its first step: the layers set to train, an optimizer, the compiled step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

from kerastune_ft.graph import keras_private, randomness
from kerastune_ft.graph.decay import find_undecayed
from kerastune_ft.losses.options import LossOptions
from kerastune_ft.training.checkpoint import read_end
from kerastune_ft.training.phase.context import RunContext
from kerastune_ft.training.phase.freeze import freeze_all_but
from kerastune_ft.training.plan.keys.pull import find_pulled
from kerastune_ft.training.plan.keys.recompute import number_blocks
from kerastune_ft.training.plan.phase_plan import PhasePlan
from kerastune_ft.training.plan.schedules import momentum_table, rate_table
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.updates import loss_scale, optimizers
from kerastune_ft.training.updates.gradient_norms import GradientNorms
from kerastune_ft.training.updates.loss_scale import LossScale
from kerastune_ft.training.updates.pretrained_pull import PretrainedPull
from kerastune_ft.training.updates.step import PhaseStep
from kerastune_ft.training.updates.weight_average import WeightAverage

# Steps of a phase from which on compiling them once more, as many to a call, costs less than it saves.
FEWEST_STEPS = 50


def address(session: Session, plan: PhasePlan) -> str:
    """Return the address of a phase's random draws: its seed and place in the schedule."""
    return f"{session.config.seed}/{plan.draws}"


def find_loss(phase: PhasePlan) -> LossOptions:
    """Return what a phase changes about the loss that it trains on."""
    return LossOptions(phase.phase.label_smoothing, phase.class_weights, phase.phase.loss)


def build_step(
    session: Session,
    phase: PhasePlan,
    optimizer: keras.optimizers.Optimizer | None,
    scale: LossScale | None = None,
    norms: GradientNorms | None = None,
    average: WeightAverage | None = None,
    pull: PretrainedPull | None = None,
) -> PhaseStep:
    """Return the compiled calls of a phase's tail."""
    variables = session.variables
    return PhaseStep(
        session.devices,
        phase.partition.tail,
        session.task,
        [variables[path] for path in phase.trained],
        address=address(session, phase),
        optimizer=optimizer,
        clip_norm=phase.phase.clip_norm,
        accumulate=phase.micro_batches,
        loss=find_loss(phase),
        loss_scale=scale,
        norms=norms,
        average=average,
        pull=pull,
        many=phase.steps >= FEWEST_STEPS,
        measured=phase.cut_at(None).partition.tail,
        blocks=number_blocks(session) if session.config.runtime.recompute else None,
    )


class Prepared(NamedTuple):
    """What a phase trains by: an optimizer, the scale of its loss where it has one, the compiled step.

    `norms` are those of its gradients and `average` is that of its weights, where they are asked for.
    """

    optimizer: keras.optimizers.Optimizer | None
    """None in a phase that a solver sets, which makes no updates."""
    scale: LossScale | None
    step: PhaseStep
    norms: GradientNorms | None = None
    average: WeightAverage | None = None

    @property
    def slots(self) -> dict[str, Any]:
        """Return the variables of the optimizer's state by name."""
        return {} if self.optimizer is None else keras_private.optimizer_slots(self.optimizer)

    @property
    def updates_before(self) -> dict[str, int]:
        """Return the updates made before a variable joined, by its path."""
        return {} if self.optimizer is None else dict(self.optimizer.begun)

    @property
    def skipped_steps(self) -> int:
        """Return the steps so far that made no update."""
        return 0 if self.scale is None else self.scale.skipped_steps


def find_dropout(session: Session, phase: PhasePlan) -> float:
    """Return the dropout of the head in a phase."""
    own = phase.phase.dropout
    return session.config.head.dropout if own is None else own


def set_layers(session: Session, phase: PhasePlan) -> None:
    """Set which layers train in a phase, and the dropout of its head."""
    freeze_all_but(session, phase.selection, phase.trained)
    set_dropout(session, phase)


def set_dropout(session: Session, phase: PhasePlan) -> None:
    """Set the dropout of the head in a phase; a head of the caller's own keeps its rates."""
    python = session.config.python
    if python is not None and python.head is not None:
        return
    with session.devices.strategy.scope():
        for layer in session.head.layers:
            if isinstance(layer, keras.layers.Dropout):
                randomness.set_rate(layer, find_dropout(session, phase))


def prepare(context: RunContext, phase: PhasePlan, rates: np.ndarray | None = None) -> Prepared:
    """Return a new optimizer and step for a phase, its layers set to train or not.

    `rates` [steps] are learning rates to take instead of the phase's own.
    """
    session, options = context.session, phase.phase
    set_layers(session, phase)
    if options.is_solved:
        return Prepared(None, None, build_step(session, phase, None))
    variables = session.variables
    undecayed = find_undecayed((layer for unit in session.units for layer in unit.layers), session.config.rules)
    pulled = find_pulled(session, phase.trained) if options.l2_sp else []
    policy, rules = options.rate_policy, session.config.rules
    if rates is None:
        rates, momentum = rate_table(policy, phase.rate_steps, rules), momentum_table(policy, phase.rate_steps, rules)
    else:
        # As at the peak, for which a rate is looked for.
        momentum = None if policy.momentum is None else np.full(len(rates), policy.momentum[1], np.float32)
    with session.devices.strategy.scope():
        optimizer = optimizers.build(
            options,
            [variables[path] for path in phase.trained],
            rates,
            phase.factors,
            _find_carried(context, phase),
            # What is pulled to its pretrained value is not pulled to zero as well.
            undecayed.union(pulled),
            rules,
            momentum,
        )
    scale = loss_scale.choose_loss_scale(session.devices, phase.update_batch)
    norms, average = _count_norms(session, phase), _make_average(session, phase)
    pull = _make_pull(session, phase, pulled)
    step = build_step(session, phase, optimizer, scale, norms, average, pull)
    return Prepared(optimizer, scale, step, norms, average)


def _make_average(session: Session, phase: PhasePlan) -> WeightAverage | None:
    if phase.phase.ema is None:
        return None
    changing = [session.variables[path] for path in phase.changing]
    return WeightAverage(session.devices.strategy, changing, phase.phase.ema)


def _make_pull(session: Session, phase: PhasePlan, pulled: Sequence[str]) -> PretrainedPull | None:
    if not pulled:
        return None
    trained = [session.variables[path] for path in phase.trained]
    pretrained = {path: session.origin[path] for path in pulled}
    return PretrainedPull(session.devices.strategy, trained, pretrained, phase.phase.l2_sp)


def _count_norms(session: Session, phase: PhasePlan) -> GradientNorms | None:
    if not session.config.output.gradient_norms:
        return None
    unit_of = {variable.path: unit.id for unit in session.units for variable in unit.variables}
    return GradientNorms(session.devices, [unit_of[path] for path in phase.trained])


def _find_carried(context: RunContext, phase: PhasePlan) -> optimizers.Carried | None:
    """Return the state that the optimizer of the phase before ended with, if this one goes on from it."""
    if not phase.phase.carry_optimizer:
        return None
    previous, session = context.plan.phases[phase.index - 1], context.session
    end = read_end(context.run, previous.folder, session.source_hash)
    trained = [session.variables[path] for path in previous.trained]
    return optimizers.read_carried(previous.phase, trained, end.tensors.optimizer, end.state["begun"])
