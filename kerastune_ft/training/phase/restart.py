"""Beginning a phase again at lower rates after it diverged, as `on_divergence` asks.

The phase starts from the same weights, with a new optimizer and the same random draws, which are addressed and have no
state. The times it diverged are part of its state, so that a run that is killed meanwhile goes on with the same rates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from kerastune_ft.errors import DivergedError
from kerastune_ft.training.checkpoint import Checkpoints
from kerastune_ft.training.history import columns
from kerastune_ft.training.phase.phase_files import write_checkpoint, write_progress
from kerastune_ft.training.phase.prepare import prepare
from kerastune_ft.training.phase.state import PhaseState
from kerastune_ft.training.phase.work import PhaseWork
from kerastune_ft.training.plan.keys.retries import lower_rates
from kerastune_ft.training.plan.schedules import rate_table
from kerastune_ft.wording import counted


def prepare_retry(work: PhaseWork, retries: int) -> None:
    """Give a phase the optimizer, step and rates that it has after so many times of beginning again."""
    context = work.context
    planned = context.plan.phases[work.phase.index]
    work.phase = lower_rates(replace(work.phase, phase=planned.phase), retries)
    work.rates = rate_table(work.options.rate_policy, work.phase.rate_steps, work.session.config.rules)
    # The step that diverged is let go before the next is made.
    context.compiled = None
    del work.prepared
    work.prepared = prepare(context, work.phase)
    context.compiled = (work.phase.index, work.prepared.step)


def begin_again(work: PhaseWork, start: Mapping[str, np.ndarray], error: DivergedError) -> None:
    """Set a phase that diverged back to its first step at lower rates; `start` are the values it began with.

    The history so far is kept beside that of the phase, and a checkpoint is written at once. Raises DivergedError, with
    what was tried, where the phase may not begin again.
    """
    retry, state, run = work.options.on_divergence, work.state, work.context.run
    if retry is None:
        raise error
    peak = work.options.rate_policy.peak
    tried = [*state.retries, {"step": state.step, "epoch": state.epoch, "peak": peak, "reason": error.sentence}]
    if len(tried) > retry.retry:
        raise DivergedError(f"{error.sentence}; {_describe_tries(tried)}") from error
    work.checkpoints.wait()
    if state.history:
        # Before the checkpoint that forgets them.
        run.commit_csv(f"{work.phase.folder}/diverged-{len(tried)}.csv", columns(work.session.task), state.history)
    work.session.assign(start)
    work.state, work.best = PhaseState(start=state.start, retries=tried), {}
    prepare_retry(work, len(tried))
    work.state.begun = work.prepared.updates_before
    options = work.session.config.output.checkpoint
    # Those of the steps that diverged are dropped with it, and so is what was known of their best weights.
    work.checkpoints = Checkpoints(run, work.phase.folder, options, work.session.source_hash)
    write_checkpoint(work)
    write_progress(work, at_once=True)
    run.event("diverged", phase=work.options.name, **tried[-1])
    lower = work.options.rate_policy.peak
    work.context.watch.note(
        f"phase {work.options.name} diverged at step {state.step} at a peak rate of {peak:.3g}; it begins again at "
        f"{lower:.3g} (retry {len(tried)} of {retry.retry})"
    )


def _describe_tries(tried: list[dict[str, float]]) -> str:
    places = ", ".join(f"{each['peak']:.3g} (at step {each['step']})" for each in tried)
    return (
        f"on_divergence began the phase again {counted(len(tried) - 1, 'time')}, and it diverged at every peak rate: "
        f"{places}; the cause may be in the data and not in the rate"
    )
