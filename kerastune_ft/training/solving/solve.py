"""A phase whose head a convex solver sets on the features of all examples, instead of updates by batches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from kerastune_ft.errors import DivergedError, explain_memory
from kerastune_ft.input.loader import Loader
from kerastune_ft.input.order import Order
from kerastune_ft.losses.options import LossOptions
from kerastune_ft.solvers.linear import Iterate, fit_linear
from kerastune_ft.training.checkpoint import Checkpoints
from kerastune_ft.training.features.feed import Feed
from kerastune_ft.training.phase import frozen_check, phase_files
from kerastune_ft.training.phase.context import RunContext
from kerastune_ft.training.phase.epochs.validate import validate
from kerastune_ft.training.phase.evaluate import Measure, evaluate_split
from kerastune_ft.training.phase.phase import finish_phase
from kerastune_ft.training.phase.prepare import prepare
from kerastune_ft.training.phase.state import check_monitor
from kerastune_ft.training.phase.verdict import measure_start
from kerastune_ft.training.phase.work import PhaseWork
from kerastune_ft.training.plan import memory
from kerastune_ft.training.plan.keys.solved import LinearHead, find_head
from kerastune_ft.training.plan.phase_plan import PhasePlan

# The largest derivative that is none: the loss is then within a thousandth of its minimum, whatever the features.
_TOLERANCE = 1e-5


def solve_phase(context: RunContext, phase: PhasePlan, kept: tuple[str, ...]) -> dict[str, Any]:
    """Set the head of a phase to its optimum and return the phase's result; see `train_phase` for the arguments.

    An iteration of the solver is an epoch of the history. A head that was trained before, by an earlier phase or run,
    is where it begins, unless weights of 0 are better; a new one begins with these. The phase ends with the optimum, or
    with the last iteration it may have, whatever the monitor: the penalty is what keeps the head simple. An interrupted
    phase starts over, which takes seconds and gives the same bits.
    """
    session = context.session
    context.compiled = None
    feed = context.feed.for_phase(session, context.plan, phase, context.watch)
    prepared = prepare(context, phase)
    context.compiled = (phase.index, prepared.step)
    checkpoints = Checkpoints(context.run, phase.folder, session.config.output.checkpoint, session.source_hash)
    work = PhaseWork(context, phase, kept, feed, prepared, checkpoints, np.zeros(0, np.float32))
    before_frozen, before = frozen_check.frozen_hashes(session, phase), session.values(phase.changing)
    context.watch.phase_started(context.plan.document["phases"][phase.index], 0)
    with context.stop.defer():
        with explain_memory(*memory.explain_steps(phase, str(context.run))):
            measure_start(work)
            found = _Solving(work).solve()
        return finish_phase(work, before, before_frozen, {"solver": found})


@dataclass(frozen=True)
class _View:
    """One view of the training examples, as `evaluate_split` reads them."""

    feed: Feed
    number: int

    plain: ClassVar[None] = None

    def can_stack(self, supply: None) -> bool:
        """Return that batches of a view are read one by one."""
        return False

    @property
    def loader(self) -> Loader:
        """Return the loader of the examples."""
        return self.feed.loader

    def evaluation_batches(self, order: Order) -> Iterable[tuple]:
        """Return the batches of an order in this view."""
        return self.feed.training_batches(order, self.number)


class _Keep(Measure):
    """Measures features and targets as they are; of several inputs the features of all are one row."""

    def measure(self, features: Any, targets: Any) -> dict[str, Any]:
        """Return both by name."""
        joined = tf.concat(features, axis=-1) if isinstance(features, list | tuple) else features
        return {"features": joined, "targets": targets}

    def find_many(self, rows: int) -> Callable[[tuple], Any]:
        """Return what gives stacks of batches by name as they are."""
        return lambda stack: self.measure(*stack)


@dataclass(frozen=True)
class _Examples:
    """Features [rows, width] and targets [rows, ...] of a split, in memory."""

    features: np.ndarray
    targets: np.ndarray


class _Solving:
    """A fit under way: the examples it looks at, and what its iterations came to."""

    def __init__(self, work: PhaseWork) -> None:
        self._work = work
        self._head: LinearHead = find_head(work.session, work.phase)
        self._began = time.monotonic()
        self._validation: _Examples | None = None

    def solve(self) -> dict[str, Any]:
        """Fit the head, set it, say in the phase's state how it went, and return what the result has of it."""
        work, session, options = self._work, self._work.session, self._work.options
        loss = session.task.linear_loss(LossOptions(options.label_smoothing, work.phase.class_weights))
        assert loss is not None
        views = options.augment.views if work.phase.operations else 1
        self._train = self._collect("train", [_View(work.feed, view) for view in range(views or 1)])
        # In a refit there is nothing to validate on.
        self._validation = None if work.phase.refit else self._collect("validation", [work.feed])
        looked_at = (self._train, self._validation)
        if not all(np.isfinite(each.features).all() for each in looked_at if each is not None):
            raise DivergedError(f"the features of phase {options.name} are NaN or infinite; is the backbone trained?")
        self._began = time.monotonic()
        l2 = float(options.optimizer.options["l2"])
        found = fit_linear(
            self._train.features, self._train.targets, loss, l2,
            iterations=options.epochs or 1, tolerance=_TOLERANCE, start=self._find_start(), report=self._take_iteration,
        )  # fmt: skip
        if not work.state.history:
            # The start is the optimum already.
            self._take_iteration(found.head)
        self._set_head(found.head)
        work.state.stopped = "converged" if found.is_converged else "epochs"
        if not found.is_converged:
            work.context.watch.note(
                f"phase {options.name}: the solver did not reach the optimum in {options.epochs} iterations; give it "
                "more epochs, or a larger l2"
            )
        self._end()
        ends = {"loss": found.head.loss, "penalty": found.head.penalty, "converged": found.is_converged}
        return {"l2": l2, "iterations": found.head.iteration, **ends}

    def _find_start(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Return kernel and bias of the head where an earlier phase or run trained them."""
        work, session = self._work, self._work.session
        if work.phase.index == 0 and getattr(session.config.backbone, "head", "new") != "keep":
            return None
        values = session.values(tuple(self._head))
        return values[self._head.kernel], values[self._head.bias]

    def _collect(self, split: str, feeds: Sequence[Any]) -> _Examples:
        """Return the examples of a split in each of these feeds, one view after the other."""
        work, indices = self._work, self._work.session.examples.splits[split]
        total = len(indices) * len(feeds)
        parts = []
        for number, feed in enumerate(feeds):

            def show(done: int, _: int, before: int = number * len(indices)) -> None:
                self._stop("while reading features")
                work.context.watch.work("reading features", before + done, total)

            parts.append(
                evaluate_split(_Keep(), work.session.devices, feed, indices, work.phase.batch_size, show).measured
            )
        names = ("features", "targets")
        return _Examples(*(np.concatenate([part[name] for part in parts]) for name in names))

    def _stop(self, where: str) -> None:
        """End the run where that was asked for; of several workers none stops within these seconds."""
        if self._work.session.devices.workers == 1 and self._work.context.stop.reason is not None:
            phase_files.interrupt(self._work, where)

    def _take_iteration(self, head: Iterate) -> None:
        """Write the history's row of an iteration."""
        work, state = self._work, self._work.state
        state.epoch = state.step = len(state.history) + 1
        self._stop(f"after iteration {state.epoch}")
        row = {
            "phase": work.options.name,
            "epoch": state.epoch,
            "step": state.step,
            "seconds": round(time.monotonic() - self._began, 3),
            "learning_rate": None,
            "train_loss": head.loss,
            **self._measure_training(head),
            **self._measure_validation(head),
        }
        self._began = time.monotonic()
        state.history.append(row)
        work.context.run.event("epoch", **row, **({"refit": True} if work.phase.refit else {}))
        phase_files.write_progress(work, at_once=False)
        work.context.watch.step_done(state.step, head.loss)
        if state.epoch & (state.epoch - 1) == 0:
            # Iterations take milliseconds: the first, second, fourth and so on are enough to look at.
            work.context.watch.epoch_done(row, False)

    def _outputs(self, examples: _Examples, head: Iterate) -> tf.Tensor:
        """Return the raw outputs of a head, computed as the model does, in float32."""
        features = np.asarray(examples.features, np.float32)
        return tf.constant(features @ head.kernel.astype(np.float32) + head.bias.astype(np.float32))

    def _measure_training(self, head: Iterate) -> dict[str, float]:
        task, targets = self._work.session.task, tf.constant(self._train.targets)
        sums = task.training_sums(targets, self._outputs(self._train, head), tf.ones(len(targets)))
        return {f"train_{name}": float(value) / len(targets) for name, value in sums.items()}

    def _measure_validation(self, head: Iterate) -> dict[str, float]:
        if self._validation is None:
            return {}
        task, targets = self._work.session.task, tf.constant(self._validation.targets)
        measured = task.measure(targets, self._outputs(self._validation, head))
        found = task.summarise({name: np.asarray(value) for name, value in measured.items()})
        return {f"validation_{name}": value for name, value in found.items()}

    def _set_head(self, head: Iterate) -> None:
        """Set the head's variables, on all workers to the chief's."""
        session = self._work.session
        for path, value in ((self._head.kernel, head.kernel), (self._head.bias, head.bias)):
            content = session.devices.agree(value.astype(np.float32).tobytes())
            session.assign({path: np.frombuffer(content, np.float32).reshape(value.shape)})

    def _end(self) -> None:
        """Measure the head as it is set, by the compiled step, and take it for the phase's best epoch."""
        work, state = self._work, self._work.state
        metrics: dict[str, float] = {}
        if self._validation is not None:
            metrics = validate(work)
            check_monitor(work.options, metrics, len(self._validation.targets))
        state.history[-1] |= metrics
        state.best_epoch = state.best_step = state.step
        state.best, work.best = metrics, work.session.values(work.phase.changing)
        phase_files.write_progress(work, at_once=True)
        work.context.watch.epoch_done(state.history[-1], True)
