"""What a phase leaves: its best epoch or, with `keep_if_better`, what it began with where no epoch was better."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from kerastune_ft.errors import DivergedError
from kerastune_ft.training.phase.epochs.validate import validate
from kerastune_ft.training.phase.state import check_monitor, is_better
from kerastune_ft.training.phase.work import PhaseWork


def measure_start(work: PhaseWork) -> None:
    """Measure the weights that a phase begins with, where its result is kept only if it is better.

    It is measured once, before the first step, by the metrics of the phase; a phase that goes on knows them. Raises
    DataError for a monitor that is not defined on the validation split.
    """
    if not work.options.keep_if_better or work.state.start or work.phase.refit:
        return
    try:
        measured = validate(work)
    except DivergedError as error:
        raise DivergedError(
            f"the outputs of phase {work.options.name} are NaN or infinite before its first step, with the weights it "
            "begins with"
        ) from error
    check_monitor(work.options, measured, len(work.session.source.splits["validation"]))
    work.state.start = measured
    if not _is_written(work):
        work.context.run.event("start", phase=work.options.name, **measured)
    monitor = work.options.monitor
    said = f"{monitor.replace('_', ' ')} {measured[monitor]:.4g}"
    work.context.watch.note(f"phase {work.options.name} begins at {said}, which it has to beat to be kept")


def _is_written(work: PhaseWork) -> bool:
    """Return whether a process wrote the event that was killed before the first checkpoint of the phase."""
    run, name = work.context.run, "events.jsonl"
    wanted = {"event": "start", "phase": work.options.name, **work.state.start}
    lines = run.read_bytes(name).splitlines() if run.exists(name) else []
    for line in lines:
        # A line may be half written.
        with contextlib.suppress(ValueError):
            found = json.loads(line)
            if {**wanted, "time": found.get("time")} == found:
                return True
    return False


def is_kept(work: PhaseWork) -> bool:
    """Return whether the phase leaves its best epoch: what it began with is kept where no epoch was better.

    Monitors are compared in six significant digits, as epochs are. A refit, which has none, does as the phase did.
    """
    state, monitor = work.state, work.options.monitor
    if work.phase.refit is not None:
        return work.phase.refit.kept
    if not state.start:
        return True
    maximise = work.session.task.metric_directions[monitor.removeprefix("validation_")] == "max"
    return is_better(state.best[monitor], state.start[monitor], maximise)


def choose_weights(work: PhaseWork, start: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
    """Return the values that the variables of a phase are left with; `start` are those before its first step."""
    return work.best if is_kept(work) else start


def describe_verdict(work: PhaseWork) -> dict[str, Any]:
    """Return the entry of a phase's result about this; none where everything is kept."""
    is_asked = bool(work.state.start) or not is_kept(work)
    return {"kept": is_kept(work)} if is_asked else {}
