"""Compiled steps for phases of several schedules on one model: taken again where nothing but numbers differs."""

from __future__ import annotations

import json
import weakref
from typing import Any, NamedTuple

import keras
import numpy as np

from kerastune_ft.config.options.phases import Phase
from kerastune_ft.training.phase.context import RunContext
from kerastune_ft.training.phase.prepare import Prepared, find_dropout, find_loss, prepare, set_layers
from kerastune_ft.training.plan.phase_plan import PhasePlan
from kerastune_ft.training.plan.schedules import momentum_table, rate_table
from kerastune_ft.training.session.session import Session

# Steps that are held at a time, and the bytes that the states of their optimizers may take besides.
_MOST_STEPS, _LARGEST_STATE = 12, 200_000_000
# What a compiled step holds as variables, or does not depend on at all.
_FREE = {
    "learning_rate", "dropout", "epochs", "steps", "monitor", "early_stopping", "start_from", "cache", "sampling",
    "class_weights", "keep_if_better", "on_divergence",
}  # fmt: skip
# Numbers without which it is compiled otherwise, and which it holds as variables, or gets with its batches, else.
_SWITCHES = {"weight_decay", "label_smoothing", "clip_norm", "l2_sp", "ema", "mixup", "cutmix"}
# What it is compiled for. A phase that has any other key is prepared anew.
_COMPILED = {
    "name", "unfreeze", "optimizer", "batch_size", "accumulate", "augment", "loss", "batch_norm", "lora", "image_size",
}  # fmt: skip


class _Held(NamedTuple):
    model: weakref.ReferenceType[keras.Model]
    """The model whose variables the step trains: its id, which stands in the key, may be that of a later one."""
    prepared: Prepared
    initial: list[np.ndarray]
    """The values of the optimizer's variables before its first update."""


class StepReuse:
    """Prepares the phases of schedules on one model, with the compiled steps of those before where they are the same.

    A step that is taken again computes what a new one would: its numbers are variables in either.
    """

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}
        self.reused = 0
        """How often a compiled step was taken again."""

    def prepare(self, context: RunContext, phase: PhasePlan) -> Prepared:
        """Return an optimizer and step for a phase, as `prepare` makes them."""
        key = _describe(context.session, phase)
        held = self._held.pop(key, None) if key is not None else None
        if key is None or held is None or held.model() is not context.session.model:
            prepared = prepare(context, phase)
            if key is None or prepared.optimizer is None or prepared.scale is not None or prepared.norms is not None:
                return prepared
            variables = prepared.optimizer.variables
            if sum(np.prod(variable.shape) * 4 for variable in variables) > _LARGEST_STATE:
                return prepared
            initial = [np.array(variable.numpy()) for variable in variables]
            held = _Held(weakref.ref(context.session.model), prepared, initial)
            while len(self._held) >= _MOST_STEPS:
                del self._held[next(iter(self._held))]
        else:
            _restart(context.session, phase, held)
            self.reused += 1
        # The latest are kept.
        self._held[key] = held
        return held.prepared


def _restart(session: Session, phase: PhasePlan, held: _Held) -> None:
    """Give a step the values of another phase, and its optimizer the state of a new one."""
    set_layers(session, phase)
    options, rules = phase.phase, session.config.rules
    optimizer: Any = held.prepared.optimizer
    policy, steps = options.rate_policy, phase.rate_steps
    momentum = momentum_table(policy, steps, rules)
    optimizer.rates.set(rate_table(policy, steps, rules), options.weight_decay, momentum)
    for variable, value in zip(optimizer.variables, held.initial, strict=True):
        variable.assign(value)
    step, average = held.prepared.step, held.prepared.average
    step.numbers.set(find_loss(phase), options.clip_norm)
    if step.pull is not None:
        step.pull.set(options.l2_sp)
    if average is not None and options.ema is not None:
        average.begin_again(options.ema)


def _cycles_momentum(options: Phase) -> bool:
    return options.learning_rate is not None and options.learning_rate.momentum is not None


def _describe(session: Session, phase: PhasePlan) -> str | None:
    """Return all that a compiled step depends on as text, or None for a phase whose step may hold something else."""
    options = phase.phase
    document = options.model_dump(mode="json")
    plain = Phase(name="x", unfreeze="none", learning_rate=1.0, epochs=1).model_dump(mode="json")  # type: ignore[arg-type]
    others = set(document) - _FREE - _COMPILED - _SWITCHES
    if any(document[key] != plain[key] for key in others) or options.accumulate == "auto":
        return None
    has_factors = any(factor != 1.0 for factor in phase.factors.values())
    return json.dumps(
        [
            {key: document[key] for key in sorted(_COMPILED)},
            [id(session.model), session.config.seed, session.config.rules.version, phase.draws],
            [list(phase.trained), list(phase.partition.cut_names), phase.batch_size, phase.micro_batches],
            [phase.steps, phase.rate_steps, phase.class_weights is not None],
            {key: bool(document[key]) for key in sorted(_SWITCHES)},
            [find_dropout(session, phase) > 0, _cycles_momentum(options)],
            dict(phase.factors) if has_factors else None,
        ]
    )
