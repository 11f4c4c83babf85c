"""One phase, from its first step or from where an interrupted run stopped."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.errors import DivergedError, Interrupted
from kerastune_ft.graph import keras_private
from kerastune_ft.input.pipeline import Order, balanced, shuffled
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.tasks.base import LossOptions
from kerastune_ft.training import balance, optimizers, proof
from kerastune_ft.training.assemble import Session
from kerastune_ft.training.checkpoint import Checkpoints, Tensors, pack
from kerastune_ft.training.evaluate import as_tensor, distributed, evaluate_split
from kerastune_ft.training.history import columns, write_history
from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.plan import PhasePlan, Plan, freeze_all_but, has_augmentation
from kerastune_ft.training.schedules import rate_table
from kerastune_ft.training.state import PhaseState
from kerastune_ft.training.step import PhaseStep
from kerastune_ft.training.watch import Watch

# The loss is looked at this often: often enough to stop a diverged run, seldom enough not to wait for the device.
_STEPS_BETWEEN_LOOKS = 20


@dataclass(frozen=True)
class Around:
    """What surrounds a phase: the run it belongs to."""

    session: Session
    plan: Plan
    run: RunDirectory
    watch: Watch
    stop: StopRequest


def address(session: Session, plan: PhasePlan) -> str:
    """Return the address of a phase's random draws: its seed and place in the schedule."""
    return f"{session.config.seed}/{plan.index}"


def build_step(session: Session, plan: Plan, phase: PhasePlan, optimizer: keras.optimizers.Optimizer) -> PhaseStep:
    """Return the compiled calls of a phase."""
    variables = session.variables
    return PhaseStep(
        session.devices,
        phase.partition,
        session.task,
        [variables[path] for path in phase.trained],
        chunk=plan.chunk,
        address=address(session, phase),
        optimizer=optimizer,
        clip_norm=phase.phase.clip_norm,
        accumulate=phase.phase.accumulate,
        loss=LossOptions(phase.phase.label_smoothing, phase.class_weights),
    )


class PhaseTraining:
    """Trains one phase; the variables of the session hold the weights it starts from."""

    def __init__(self, around: Around, phase: PhasePlan, kept: tuple[str, ...]) -> None:
        """`kept` are the paths of all variables that this or an earlier phase trains: what checkpoints hold."""
        self._around, self._phase, self._kept = around, phase, kept
        session = around.session
        self._options = phase.phase
        self._rates = rate_table(phase.phase.learning_rate, phase.steps)
        self._checkpoints = Checkpoints(around.run, phase.folder, session.config.output.checkpoint, session.source_hash)
        self._state = PhaseState()
        self._best: dict[str, np.ndarray] = {}

    def train(self) -> dict[str, Any]:
        """Train to the end of the phase and return its result; the variables then hold its best epoch.

        Raises Interrupted after writing a checkpoint when a stop is requested, DivergedError at NaN or infinity, and
        PromiseError when a frozen variable changed.
        """
        session, phase = self._around.session, self._phase
        self._prepare()
        before_frozen = proof.frozen_hashes(session, phase)
        before_trained = session.values(phase.trained)
        self._resume()
        self._around.watch.phase_started(self._around.plan.document["phases"][phase.index], self._state.step)
        while self._state.stopped is None:
            self._train_epoch()
        moved = proof.distances(session, phase, before_trained)
        frozen = proof.check_frozen(session, phase, before_frozen, proof.frozen_hashes(session, phase))
        self._write_checkpoint()
        session.assign(self._best)
        return self._finish(moved, frozen)

    def _prepare(self) -> None:
        session, phase = self._around.session, self._phase
        freeze_all_but(session, phase.selection, phase.trained)
        dropout = self._options.dropout if self._options.dropout is not None else session.config.head.dropout
        for layer in session.head.layers:
            if isinstance(layer, keras.layers.Dropout):
                layer.rate = dropout
        with session.devices.strategy.scope():
            variables = session.variables
            self._optimizer = optimizers.build(
                self._options, [variables[path] for path in phase.trained], self._rates, phase.factors
            )
        self._step = build_step(session, self._around.plan, phase, self._optimizer)

    def _resume(self) -> None:
        found = self._checkpoints.newest(self._around.watch)
        if found is None:
            return
        tensors, state, self._best = found
        self._around.session.assign(tensors.variables)
        slots = keras_private.optimizer_slots(self._optimizer)
        for name, value in tensors.optimizer.items():
            slots[name].assign(value)
        self._state = PhaseState.from_json(state)

    def _order(self) -> Order:
        """Return the batches of the epoch under way that are still to be trained on."""
        session, phase, state = self._around.session, self._phase, self._state
        multiple = session.devices.replicas * self._options.accumulate
        place = (session.config.seed, phase.index, state.epoch)
        examples = session.source.splits["train"]
        if self._options.sampling is not None:
            classes = balance.rarest_class(session.source, examples)
            examples = balanced(examples, classes, balance.sampling_shares(session.source, examples), place)
        order = shuffled(examples, phase.update_batch, multiple, place)
        started = state.step - state.epoch_steps
        return order.first(min(order.batches, phase.steps - started)).after(state.epoch_steps)

    def _train_epoch(self) -> None:
        session, state = self._around.session, self._state
        began = time.monotonic()
        batches = distributed(
            session.devices,
            session.loader,
            self._order(),
            augmentation=self._options.augment.resolved() if has_augmentation(self._options) else None,
            address=address(session, self._phase),
            epoch=state.epoch,
        )
        epoch = as_tensor(state.epoch)
        pending: list[tf.Tensor] = []
        for batch in batches:
            pending.append(self._step.train(batch, epoch))
            state.epoch_steps += 1
            state.step += 1
            due = self._checkpoints.is_due(state.step, epoch_ended=False)
            stopping = self._around.stop.reason is not None
            if due or stopping or len(pending) >= _STEPS_BETWEEN_LOOKS:
                self._look(pending)
            if due or stopping:
                state.seconds, began = state.seconds + time.monotonic() - began, time.monotonic()
                self._write_checkpoint()
            if stopping:
                raise Interrupted(
                    f"{self._around.stop.reason}: stopped after step {state.step} of phase {self._options.name}, "
                    "nothing is lost; the same command goes on"
                )
        self._look(pending)
        self._end_epoch(began)

    def _look(self, pending: list[tf.Tensor]) -> None:
        """Add the sums of the latest steps, in their order, to those of the epoch."""
        state = self._state
        for sums in pending:
            values = [float(value) for value in sums.numpy()]
            if not all(map(math.isfinite, values)):
                raise DivergedError(
                    f"the loss of phase {self._options.name} became NaN or infinite within {len(pending)} steps before "
                    f"step {state.step} (learning rate {self._rates[state.step - 1]:.3g}); lower its learning_rate, "
                    'or give "clip_norm": 1.0'
                )
            state.sums = [a + b for a, b in zip(state.sums or [0.0] * len(values), values, strict=True)]
        if pending:
            self._around.watch.step_done(state.step, state.sums[1] / state.sums[0])
        pending.clear()

    def _end_epoch(self, began: float) -> None:
        session, state, options = self._around.session, self._state, self._options
        metrics = self._validate()
        state.epoch += 1
        count, *sums = state.sums
        names = ("loss", *session.task.training_metrics)
        row = {
            "phase": options.name,
            "epoch": state.epoch,
            "step": state.step,
            "seconds": round(state.seconds + time.monotonic() - began, 3),
            "learning_rate": float(self._rates[state.step - 1]),
            **{f"train_{name}": value / count for name, value in zip(names, sums, strict=True)},
            **metrics,
        }
        state.history.append(row)
        state.epoch_steps, state.sums, state.seconds = 0, [], 0.0
        stopping = options.early_stopping
        maximise = session.task.metric_directions[options.monitor.removeprefix("validation_")] == "max"
        is_best = state.judge(options.monitor, maximise, metrics, stopping.min_delta if stopping else 0.0)
        if is_best:
            self._best = session.values(self._kept)
        if state.step >= self._phase.steps:
            state.stopped = "epochs" if options.steps is None else "steps"
        elif stopping and state.waited >= stopping.patience:
            state.stopped = "early_stopping"
        self._around.run.event("epoch", **row)
        self._around.run.commit_csv(f"{self._phase.folder}/history.csv", columns(session.task), state.history)
        write_history(self._around.run, session.task, [phase.folder for phase in self._around.plan.phases])
        self._around.run.update_manifest(phase=options.name, epoch=state.epoch)
        self._around.watch.epoch_done(row, is_best)
        if state.stopped is None and self._checkpoints.is_due(state.step, epoch_ended=True):
            self._write_checkpoint()

    def _validate(self) -> dict[str, float]:
        session = self._around.session
        indices = session.source.splits["validation"]
        found = evaluate_split(self._step, session.devices, session.loader, indices, self._phase.batch_size)
        if not np.isfinite(found.outputs).all():
            raise DivergedError(
                f"the outputs of phase {self._options.name} became NaN or infinite; lower its learning_rate"
            )
        metrics = session.task.evaluate(found.targets, found.outputs)
        return {f"validation_{name}": value for name, value in metrics.items()}

    def _write_checkpoint(self) -> None:
        session, state = self._around.session, self._state
        slots = keras_private.optimizer_slots(self._optimizer)
        tensors = Tensors(session.values(self._kept), {name: np.array(slot.numpy()) for name, slot in slots.items()})
        self._checkpoints.write(state.step, tensors, state.to_json(), self._best)

    def _finish(self, moved: Mapping[str, float], frozen: Mapping[str, Any]) -> dict[str, Any]:
        around, state, options = self._around, self._state, self._options
        result = {
            "name": options.name,
            "index": self._phase.index,
            "state": "done",
            "epochs": state.epoch,
            "steps": state.step,
            "best_epoch": state.best_epoch,
            "best": state.best,
            "monitor": options.monitor,
            "stopped": state.stopped,
            "seconds": round(sum(row["seconds"] for row in state.history), 3),
            "moved": dict(moved),
            "frozen": dict(frozen),
        }
        weights = pack(self._best, around.session.source_hash, phase=options.name, epoch=state.best_epoch)
        around.run.commit(f"{self._phase.folder}/best.safetensors", weights)
        # Written last: from here on the phase is done, whatever happens.
        around.run.commit_json(f"{self._phase.folder}/result.json", result)
        around.watch.phase_done(result)
        return result
