"""One phase, from its first step or from where an interrupted run stopped."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.errors import DivergedError, Interrupted, explain_memory
from kerastune_ft.graph import keras_private
from kerastune_ft.graph.decay import find_undecayed
from kerastune_ft.input.order import Order, shuffle_batches
from kerastune_ft.tasks.base import LossOptions
from kerastune_ft.training.checkpoint import Checkpoints, Snapshot, Tensors, pack, read_end
from kerastune_ft.training.history import columns, write_history
from kerastune_ft.training.phase import frozen_check, loss_scale, optimizers
from kerastune_ft.training.phase.context import RunContext
from kerastune_ft.training.phase.evaluate import as_tensor, evaluate_split
from kerastune_ft.training.phase.freeze import freeze_all_but
from kerastune_ft.training.phase.loss_scale import LossScale
from kerastune_ft.training.phase.state import PhaseState, check_monitor
from kerastune_ft.training.phase.step import PhaseStep
from kerastune_ft.training.plan import class_balance, memory
from kerastune_ft.training.plan.phase_plan import PhasePlan
from kerastune_ft.training.plan.schedules import rate_table
from kerastune_ft.training.session.session import Session

# The loss is checked this often: often enough to stop a diverged run, seldom enough not to wait for the device.
_STEPS_BETWEEN_SUMS = 20
# Seconds between two times that history and manifest are written at the ends of epochs.
_SECONDS_BETWEEN_WRITES = 1.0


def address(session: Session, plan: PhasePlan) -> str:
    """Return the address of a phase's random draws: its seed and place in the schedule."""
    return f"{session.config.seed}/{plan.index}"


def build_step(
    session: Session, phase: PhasePlan, optimizer: keras.optimizers.Optimizer, scale: LossScale | None = None
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
        loss=LossOptions(phase.phase.label_smoothing, phase.class_weights),
        loss_scale=scale,
    )


class Prepared(NamedTuple):
    """What a phase trains by: an optimizer, the scale of its loss where it has one, and the compiled step."""

    optimizer: keras.optimizers.Optimizer
    scale: LossScale | None
    step: PhaseStep


def prepare(context: RunContext, phase: PhasePlan) -> Prepared:
    """Return a new optimizer and step for a phase, its layers set to train or not."""
    session, options = context.session, phase.phase
    freeze_all_but(session, phase.selection, phase.trained)
    dropout = options.dropout if options.dropout is not None else session.config.head.dropout
    for layer in session.head.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = dropout
    with session.devices.strategy.scope():
        variables = session.variables
        optimizer = optimizers.build(
            options,
            [variables[path] for path in phase.trained],
            rate_table(options.learning_rate, phase.steps, session.config.rules),
            phase.factors,
            _find_carried(context, phase),
            find_undecayed((layer for unit in session.units for layer in unit.layers), session.config.rules),
            session.config.rules,
        )
    scale = loss_scale.choose_loss_scale(session.devices, phase.update_batch)
    return Prepared(optimizer, scale, build_step(session, phase, optimizer, scale))


def _find_carried(context: RunContext, phase: PhasePlan) -> optimizers.Carried | None:
    """Return the state that the optimizer of the phase before ended with, if this one goes on from it."""
    if not phase.phase.carry_optimizer:
        return None
    previous, session = context.plan.phases[phase.index - 1], context.session
    end = read_end(context.run, previous.folder, session.source_hash)
    trained = [session.variables[path] for path in previous.trained]
    return optimizers.read_carried(previous.phase, trained, end.tensors.optimizer, end.state["begun"])


class PhaseTraining:
    """Trains one phase; the variables of the session hold the weights it starts from."""

    def __init__(
        self, context: RunContext, phase: PhasePlan, kept: tuple[str, ...], prepared: Prepared | None = None
    ) -> None:
        """`kept` are the paths of all variables that this or an earlier phase trains: what checkpoints hold.

        `prepared` are optimizer and step where they were made before, fresh.
        """
        self._context, self._phase, self._kept, self._prepared = context, phase, kept, prepared
        session = context.session
        self._options = phase.phase
        self._rates = rate_table(phase.phase.learning_rate, phase.steps, session.config.rules)
        self._checkpoints = Checkpoints(
            context.run, phase.folder, session.config.output.checkpoint, session.source_hash
        )
        self._state = PhaseState()
        self._best: Mapping[str, np.ndarray] = {}
        self._last_written = -math.inf
        # What all workers asked for at the latest step, where there are several.
        self._asked: tf.Tensor | None = None

    def train(self) -> dict[str, Any]:
        """Train to the end of the phase and return its result; the variables then hold its best epoch.

        Raises Interrupted after writing a checkpoint when a stop is requested, DivergedError at NaN or infinity, and
        PromiseError when a frozen variable changed.
        """
        context = self._context
        session, phase = context.session, self._phase
        # The step of the phase before is let go before this one's is made.
        context.compiled = None
        self._feed = context.feed.for_phase(session, context.plan, phase, context.watch)
        self._prepare()
        before_frozen = frozen_check.frozen_hashes(session, phase)
        before = session.values(phase.changing)
        self._resume()
        self._context.watch.phase_started(self._context.plan.document["phases"][phase.index], self._state.step)
        # Until the end of the phase is written: what came after the last checkpoint would be lost.
        with self._context.stop.defer():
            with explain_memory(*memory.explain_steps(phase, str(context.run))):
                while self._state.stopped is None:
                    self._train_epoch()
            moved, updated = (
                frozen_check.distances(session, phase, before),
                frozen_check.updates(session, phase, before),
            )
            frozen = frozen_check.check_frozen(
                session, phase, before_frozen, frozen_check.frozen_hashes(session, phase)
            )
            if self._needs_end():
                self._write_checkpoint()
            self._checkpoints.wait()
            session.assign(self._best)
            return self._finish(moved, updated, frozen)

    def _prepare(self) -> None:
        self._optimizer, self._scale, self._step = self._prepared or prepare(self._context, self._phase)
        self._prepared = None
        self._context.compiled = (self._phase.index, self._step)

    def _needs_end(self) -> bool:
        """Return whether the next phase goes on from the last step of this one; of a phase added later none knows."""
        following = self._context.plan.phases[self._phase.index + 1 :]
        return not following or following[0].phase.carry_optimizer or following[0].phase.start_from == "last"

    def _resume(self) -> None:
        self._state.begun = dict(self._optimizer.begun)
        found = self._checkpoints.newest(self._context.watch)
        if found is None:
            return
        self._context.session.assign(found.tensors.variables)
        slots = keras_private.optimizer_slots(self._optimizer)
        for name, value in found.tensors.optimizer.items():
            slots[name].assign(value)
        self._state, self._best = PhaseState.from_json(found.state), found.best
        if self._scale is not None:
            self._scale.restore(self._state.loss_scale)

    def _order(self) -> Order:
        """Return the batches of the epoch under way that are still to be trained on."""
        session, phase, state = self._context.session, self._phase, self._state
        place = (session.config.seed, phase.index, state.epoch)
        examples = class_balance.draw_examples(session.source, self._options, place)
        replicas, buckets = session.devices.replicas, session.loader.buckets
        order = shuffle_batches(examples, phase.update_batch, replicas, place, phase.micro_batches, buckets)
        started = state.step - state.epoch_steps
        return order.take(min(order.batches, phase.steps - started)).skip(state.epoch_steps)

    def _train_epoch(self) -> None:
        state = self._state
        began = time.monotonic()
        epoch = as_tensor(state.epoch)
        pending: list[tf.Tensor] = []
        for batch in self._feed.training_batches(self._order(), state.epoch):
            pending.append(self._step.train(batch, epoch, [float(self._context.stop.reason is not None)]))
            state.epoch_steps += 1
            state.step += 1
            due = self._checkpoints.is_due(state.step, epoch_ended=False)
            stopping = self._stops(pending[-1])
            if due or stopping or len(pending) >= _STEPS_BETWEEN_SUMS:
                self._add_sums(pending)
            if due or stopping:
                state.seconds, began = state.seconds + time.monotonic() - began, time.monotonic()
                self._write_checkpoint()
            if stopping:
                self._interrupt(f"after step {state.step}")
        self._add_sums(pending)
        self._end_epoch(began)

    def _stops(self, sums: tf.Tensor) -> bool:
        """Return whether to stop after this step; of several workers all answer alike.

        They answer by what was asked for before the step before this one, so that none waits for a step under way.
        """
        if self._context.session.devices.workers == 1:
            return self._context.stop.reason is not None
        asked, self._asked = self._asked, sums[-1]
        return asked is not None and bool(asked.numpy() > 0)

    def _interrupt(self, where: str) -> NoReturn:
        """End the run once the checkpoint is written and all workers know."""
        self._checkpoints.wait()
        if self._state.history:
            self._write_progress(at_once=True)
        self._context.session.devices.agree()
        raise Interrupted(
            f"{self._context.stop.reason or 'another worker was asked to stop'}: stopped {where} of phase "
            f"{self._options.name}, nothing is lost; the same command goes on"
        )

    def _add_sums(self, pending: list[tf.Tensor]) -> None:
        """Add the sums of the latest steps, in their order, to those of the epoch."""
        state = self._state
        for sums in pending:
            values = [float(value) for value in sums.numpy()[:-1]]
            if not all(map(math.isfinite, values)):
                clip_norm = self._options.clip_norm
                raise DivergedError(
                    f"the loss of phase {self._options.name} became NaN or infinite within {len(pending)} steps before "
                    f"step {state.step} (learning rate {self._rates[state.step - 1]:.3g}); lower its learning_rate"
                    + (', or give "clip_norm": 1.0' if clip_norm is None else f" or its clip_norm of {clip_norm:g}")
                )
            state.sums = [a + b for a, b in zip(state.sums or [0.0] * len(values), values, strict=True)]
        if self._scale is not None and self._scale.is_failed:
            raise DivergedError(
                f"the gradients of phase {self._options.name} overflow float16 at step {state.step} whatever the loss "
                'is scaled by; give "precision": "mixed_bfloat16" or "float32" in runtime, or a lower learning_rate'
            )
        if pending:
            # A step whose loss overflowed has no sums.
            self._context.watch.step_done(state.step, state.sums[1] / state.sums[0] if state.sums[0] else None)
        pending.clear()

    def _end_epoch(self, began: float) -> None:
        session, state, options = self._context.session, self._state, self._options
        metrics = self._validate()
        state.epoch += 1
        if self._skipped_steps > state.skipped_before:
            self._context.watch.note(
                f"epoch {state.epoch} of phase {options.name}: {self._skipped_steps - state.skipped_before} of "
                f"{state.epoch_steps} updates skipped, since their gradients overflowed float16"
            )
            state.skipped_before = self._skipped_steps
        count, *sums = state.sums
        names = ("loss", *session.task.training_metrics)
        row = {
            "phase": options.name,
            "epoch": state.epoch,
            "step": state.step,
            "seconds": round(state.seconds + time.monotonic() - began, 3),
            "learning_rate": float(self._rates[max(0, state.step - 1 - self._skipped_steps)]),
            **{f"train_{name}": value / count if count else math.nan for name, value in zip(names, sums, strict=True)},
            **metrics,
        }
        state.history.append(row)
        state.epoch_steps, state.sums, state.seconds = 0, [], 0.0
        stopping = options.early_stopping
        maximise = session.task.metric_directions[options.monitor.removeprefix("validation_")] == "max"
        check_monitor(options, metrics, len(session.source.splits["validation"]))
        is_best = state.judge(options.monitor, maximise, metrics, stopping.min_delta if stopping else 0.0)
        if is_best:
            state.best_step, self._best = state.step, session.values(self._phase.changing)
        if state.step >= self._phase.steps:
            state.stopped = "epochs" if options.steps is None else "steps"
        elif stopping and state.waited >= stopping.patience:
            state.stopped = "early_stopping"
        self._context.run.event("epoch", **row)
        self._write_progress(at_once=state.stopped is not None)
        self._context.watch.epoch_done(row, is_best)
        if state.stopped is None and self._checkpoints.is_due(state.step, epoch_ended=True):
            self._write_checkpoint()

    def _write_progress(self, *, at_once: bool) -> None:
        """Write histories and manifest: files that are only read while the run goes on, since checkpoints hold all.

        An epoch on stored features takes less time than writing them does, so that not every one does it. Workers, who
        look at the run directory together, do.
        """
        run = self._context.run
        is_alone = self._context.session.devices.workers == 1
        if not at_once and is_alone and time.monotonic() - self._last_written < _SECONDS_BETWEEN_WRITES:
            return
        task = self._context.session.task
        run.commit_csv(f"{self._phase.folder}/history.csv", columns(task), self._state.history)
        write_history(run, task, [phase.folder for phase in self._context.plan.phases])
        run.update_manifest(phase=self._options.name, epoch=self._state.epoch)
        self._last_written = time.monotonic()

    @property
    def _skipped_steps(self) -> int:
        """Return the steps so far that made no update."""
        return 0 if self._scale is None else self._scale.skipped_steps

    def _validate(self) -> dict[str, float]:
        session = self._context.session
        indices = session.source.splits["validation"]
        found = evaluate_split(
            self._step, session.devices, self._feed, indices, self._phase.batch_size, self._stop_validation
        )
        if not found.is_finite:
            raise DivergedError(
                f"the outputs of phase {self._options.name} became NaN or infinite; lower its learning_rate"
            )
        from sklearn import config_context

        # Looking at the same numbers again, metric by metric, takes longer than the metrics do.
        with config_context(assume_finite=True, skip_parameter_validation=True):
            metrics = session.task.summarise(found.measured)
        return {f"validation_{name}": value for name, value in metrics.items()}

    def _stop_validation(self, done: int, total: int) -> None:
        """Stop between two batches of a validation, which is repeated on resume; workers stop at their next step."""
        if self._context.session.devices.workers == 1 and self._context.stop.reason is not None:
            self._write_checkpoint()
            self._interrupt(f"while validating after step {self._state.step}")

    def _write_checkpoint(self) -> None:
        if not self._checkpoints.writes:
            return
        session, state = self._context.session, self._state
        if self._scale is not None:
            state.loss_scale = self._scale.state()
        slots = keras_private.optimizer_slots(self._optimizer)
        tensors = Tensors(
            session.values(self._phase.changing), {name: np.array(slot.numpy()) for name, slot in slots.items()}
        )
        self._checkpoints.write(Snapshot(state.step, tensors, state.to_json(), state.best_step, self._best))

    def _finish(
        self, moved: Mapping[str, float], updated: Mapping[str, Any], frozen: Mapping[str, Any]
    ) -> dict[str, Any]:
        context, state, options = self._context, self._state, self._options
        result = {
            "name": options.name,
            "index": self._phase.index,
            "state": "done",
            "epochs": state.epoch,
            "steps": state.step,
            "skipped_steps": self._skipped_steps,
            "best_epoch": state.best_epoch,
            "best": state.best,
            "monitor": options.monitor,
            "stopped": state.stopped,
            "seconds": round(sum(row["seconds"] for row in state.history), 3),
            "checkpoint_bytes": self._checkpoints.bytes,
            "lora": context.plan.document["phases"][self._phase.index]["lora"],
            "moved": dict(moved),
            "updated": dict(updated),
            "frozen": dict(frozen),
        }
        weights = pack(
            context.session.values(self._kept), context.session.source_hash, phase=options.name, epoch=state.best_epoch
        )
        context.run.commit(f"{self._phase.folder}/best.safetensors", weights)
        # Written last: from here on the phase is done, whatever happens.
        context.run.commit_json(f"{self._phase.folder}/result.json", result)
        self._drop_checkpoints()
        context.watch.phase_done(result)
        return result

    def _drop_checkpoints(self) -> None:
        """Remove what no later phase can begin with: checkpoints within this phase, and the end of the one before."""
        self._checkpoints.clear(but=self._state.step if self._needs_end() else None)
        if self._phase.index:
            before = self._context.plan.phases[self._phase.index - 1]
            session = self._context.session
            options = session.config.output.checkpoint
            Checkpoints(self._context.run, before.folder, options, session.source_hash).clear()
