"""Measuring a phase on the validation split, with its averaged weights where it averages them."""

from __future__ import annotations

from collections.abc import Callable

from kerastune_ft.errors import DivergedError
from kerastune_ft.training.phase.evaluate import evaluate_split
from kerastune_ft.training.phase.phase_files import interrupt, write_checkpoint
from kerastune_ft.training.phase.work import PhaseWork
from kerastune_ft.training.profiling.clock import VALIDATION
from kerastune_ft.training.writing.sampled import Sampled


def validate(work: PhaseWork) -> dict[str, float]:
    """Return the metrics of the validation split, their names as history.csv has them.

    Raises DivergedError where outputs are NaN or infinite, and Interrupted where a stop is requested meanwhile.
    """
    with work.context.clock.measure(VALIDATION):
        return _validate(work)


def make_stop(work: PhaseWork, when: str = "") -> Callable[[int, int], None]:
    """Return what is called between two batches of a measurement, and stops there where a stop is requested.

    The measurement is repeated on resume; several workers stop at their next step. `when` says in words where it stops,
    by default in a validation.
    """

    def stop(done: int, total: int) -> None:
        if work.session.devices.workers == 1 and work.context.stop.reason is not None:
            write_checkpoint(work)
            interrupt(work, when or f"while validating after step {work.state.step}")

    return stop


def _validate(work: PhaseWork) -> dict[str, float]:
    session, stop = work.session, make_stop(work)
    indices = session.source.splits["validation"]
    with work.use_averages():
        found = evaluate_split(work.prepared.step, session.devices, work.feed, indices, work.phase.batch_size, stop)
        sample = Sampled.of(session).keep(work.options.monitor.removeprefix("validation_"))
        measured = found.measured
        if found.is_finite:
            measured = sample.add_to(session, indices, measured, "validation", work.context.watch)
    if not found.is_finite:
        raise DivergedError(f"the outputs of phase {work.options.name} became NaN or infinite; lower its learning_rate")
    from sklearn import config_context

    # Looking at the same numbers again, metric by metric, takes longer than the metrics do.
    with config_context(assume_finite=True, skip_parameter_validation=True):
        metrics = session.task.summarise(measured)
    return {f"validation_{name}": value for name, value in metrics.items()}
