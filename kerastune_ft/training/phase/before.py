"""What a model that writes gives before its first phase, so that a run can say what its training changed."""

from __future__ import annotations

from kerastune_ft.config.options.task_facts import facts
from kerastune_ft.metrics.document import BEFORE
from kerastune_ft.training.phase.epochs.validate import make_stop
from kerastune_ft.training.phase.evaluate import evaluate_split
from kerastune_ft.training.phase.work import PhaseWork


def measure_before(work: PhaseWork) -> None:
    """Measure validation and test before the first step of a run whose model writes, and write their metrics.

    Models with a new head, which says nothing yet, are not measured. It is done once: a run that goes on knows the
    figures, or has made steps. Metrics that need answers are left out. Raises Interrupted where a stop is requested
    meanwhile.
    """
    context, session, phase = work.context, work.session, work.phase
    is_first = phase.index == 0 and phase.refit is None and work.state.step == 0
    if not is_first or not facts(session.config.task).learns_tokens or context.run.exists(BEFORE):
        return
    stop = make_stop(work, "while measuring the model before its first step")
    found = {}
    for split in ("validation", "test"):
        if split in session.source.splits:
            indices = session.source.splits[split]
            measured = evaluate_split(
                work.prepared.step, session.devices, work.feed, indices, phase.batch_size, stop
            ).measured
            found[split] = session.task.summarise(measured)
    context.run.commit_json(BEFORE, found)
