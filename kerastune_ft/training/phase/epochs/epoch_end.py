"""The end of an epoch: validation, the row of the history, the best epoch so far, and whether to go on."""

from __future__ import annotations

import math
import time

from kerastune_ft.training.phase.epochs.validate import validate
from kerastune_ft.training.phase.phase_files import write_checkpoint, write_progress
from kerastune_ft.training.phase.state import check_monitor
from kerastune_ft.training.phase.work import PhaseWork


def end_epoch(work: PhaseWork, began: float) -> None:
    """Validate, take the finished epoch in, and say in the phase's state where training stops after it.

    `began` is when the time that `work.state.seconds` does not have yet began. Raises DivergedError where outputs are
    NaN or infinite, and Interrupted where a stop is requested during validation.
    """
    session, state, options = work.session, work.state, work.options
    metrics = {} if work.phase.refit else validate(work)
    state.epoch += 1
    skipped = work.prepared.skipped_steps
    if skipped > state.skipped_before:
        work.context.watch.note(
            f"epoch {state.epoch} of phase {options.name}: {skipped - state.skipped_before} of "
            f"{state.epoch_steps} updates skipped, since their gradients overflowed float16"
        )
        state.skipped_before = skipped
    count, *sums = state.sums
    names = ("loss", *session.task.training_metrics)
    row = {
        "phase": options.name,
        "epoch": state.epoch,
        "step": state.step,
        "seconds": round(state.seconds + time.monotonic() - began, 3),
        "learning_rate": float(work.rates[max(0, state.step - 1 - skipped)]),
        **{f"train_{name}": value / count if count else math.nan for name, value in zip(names, sums, strict=True)},
        **metrics,
    }
    state.history.append(row)
    if work.prepared.norms is not None:
        state.norms += work.prepared.norms.end_epoch(state.epoch)
    state.epoch_steps, state.sums, state.seconds = 0, [], 0.0
    is_best = _judge(work, metrics)
    work.context.run.event("epoch", **row, **({"refit": True} if work.phase.refit else {}))
    write_progress(work, at_once=state.stopped is not None)
    work.context.watch.epoch_done(row, is_best)
    if state.stopped is None and work.checkpoints.is_due(state.step, epoch_ended=True):
        write_checkpoint(work)


def _judge(work: PhaseWork, metrics: dict[str, float]) -> bool:
    """Return whether the epoch is the best so far, whose weights are then kept; say where training stops.

    Its validation metrics tell; in a refit, which has none, the epoch that they chose before.
    """
    session, state, options = work.session, work.state, work.options
    stopping = options.early_stopping
    if work.phase.refit is not None:
        state.best_epoch = work.phase.refit.best_epoch
        is_best = state.epoch == state.best_epoch
    else:
        maximise = session.task.metric_directions[options.monitor.removeprefix("validation_")] == "max"
        check_monitor(options, metrics, len(session.source.splits["validation"]))
        is_best = state.judge(options.monitor, maximise, metrics, stopping.min_delta if stopping else 0.0)
    if is_best:
        state.best_step, work.best = state.step, work.measured_values()
    if state.step >= work.phase.steps:
        state.stopped = "epochs" if options.steps is None else "steps"
    elif stopping and state.waited >= stopping.patience:
        state.stopped = "early_stopping"
    return is_best
