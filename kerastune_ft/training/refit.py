"""The refit of a run: its phases again, on training and validation examples together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerastune_ft.errors import PromiseError
from kerastune_ft.metrics.document import REFIT, REFIT_PLAN
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.features.feed import PhaseFeed
from kerastune_ft.training.loop import result_of
from kerastune_ft.training.phase.context import RunContext
from kerastune_ft.training.plan.phase_plan import Plan
from kerastune_ft.training.plan.refit import join_splits, plan_refit
from kerastune_ft.wording import counted

# What decides how a phase is trained again; all else is that of the run.
_DECIDING = ("name", "steps", REFIT)
_CHECKPOINT = "checkpoint"


def begin_refit(context: RunContext, feed: PhaseFeed) -> RunContext:
    """Return the refit of a run whose phases are all trained; what the run holds of it stays as far as it is the same.

    A refit is another one where phases were added since.
    """
    run = context.run
    results = [result_of(run, phase) for phase in context.plan.phases]
    done = [result for result in results if result is not None]
    if len(done) < len(results):
        raise PromiseError("a refit was begun before all phases were trained")
    session = join_splits(context.session)
    plan = plan_refit(session, context.plan, done)
    write_refit_plan(run, plan)
    context.session.devices.agree()
    examples = len(session.source.splits["train"])
    context.watch.note(
        f"refit: the {counted(len(plan.phases), 'phase')} again, for the epochs chosen, on {examples} training and "
        "validation examples together"
    )
    return RunContext(session, plan, run, context.watch, context.stop, feed, clock=context.clock)


def write_refit_plan(run: RunDirectory, plan: Plan) -> None:
    """Write the plan of the refit; remove what an earlier one left of phases from the first that differs on."""
    writer = run.writer
    if writer is None:
        return
    entries = plan.document["phases"]
    earlier = writer.read_json(REFIT_PLAN)["phases"] if writer.exists(REFIT_PLAN) else []
    alike = 0
    for before, now in zip(earlier, entries, strict=False):
        if not _is_alike(before, now):
            break
        alike += 1
    for phase in plan.phases[alike:]:
        for folder in (f"{phase.folder}/{_CHECKPOINT}", phase.folder):
            for name in (name for name in writer.list_files(folder) if name != _CHECKPOINT):
                writer.remove(f"{folder}/{name}")
    writer.commit_json(REFIT_PLAN, {"phases": entries})


def _is_alike(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    return all(before[key] == now[key] for key in _DECIDING)
