"""The files of a phase under way: checkpoints that it goes on from, progress that is read, its result at the end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NoReturn

from kerastune_ft.errors import Interrupted
from kerastune_ft.graph.values import view_values
from kerastune_ft.training.checkpoint import Checkpoints, Snapshot, Tensors, pack
from kerastune_ft.training.history import columns, write_history
from kerastune_ft.training.left_weights import left_epoch
from kerastune_ft.training.phase.state import PhaseState
from kerastune_ft.training.phase.work import PhaseWork
from kerastune_ft.training.plan.phase_plan import NORMS_FILE
from kerastune_ft.training.profiling.clock import CHECKPOINTS
from kerastune_ft.training.updates.gradient_norms import COLUMNS, summarise_norms

# Seconds between two times that history and manifest are written at the ends of epochs.
_SECONDS_BETWEEN_WRITES = 1.0


def resume(work: PhaseWork, found: Snapshot | None) -> None:
    """Set everything to a checkpoint of the phase, or to its beginning where there is none."""
    scale, slots = work.prepared.scale, work.prepared.slots
    work.state.begun = work.prepared.updates_before
    if work.prepared.norms is not None:
        # A step that was tried for its memory left some.
        work.prepared.norms.restore(found.state.get("norm_sums", {}) if found else {})
    if found is None:
        return
    work.session.assign(found.tensors.variables)
    for name, value in found.tensors.optimizer.items():
        slots[name].assign(value)
    work.state, work.best = PhaseState.from_json(found.state), found.best
    if scale is not None:
        scale.restore(work.state.loss_scale)
    if work.prepared.average is not None:
        work.prepared.average.restore(found.tensors.average, work.state.averaged_updates)


def write_checkpoint(work: PhaseWork) -> None:
    """Begin to write a checkpoint of the phase as it is now; workers but the chief write none."""
    if not work.checkpoints.writes:
        return
    with work.context.clock.measure(CHECKPOINTS):
        _write_checkpoint(work)


def _write_checkpoint(work: PhaseWork) -> None:
    state, scale = work.state, work.prepared.scale
    if scale is not None:
        state.loss_scale = scale.state()
    if work.prepared.norms is not None:
        state.norm_sums = work.prepared.norms.state()
    average = work.prepared.average
    if average is not None:
        state.averaged_updates = average.updates
    state_of_optimizer = {name: view_values(slot) for name, slot in work.prepared.slots.items()}
    tensors = Tensors(work.raw_values(), state_of_optimizer, {} if average is None else average.values())
    work.checkpoints.write(Snapshot(state.step, tensors, state.to_json(), state.best_step, work.best))


def write_progress(work: PhaseWork, *, at_once: bool) -> None:
    """Write histories and manifest: files that are only read while the run goes on, since checkpoints hold all.

    An epoch on stored features takes less time than writing them does, so that not every one does it. Workers, who
    look at the run directory together, do.
    """
    run, task = work.context.run, work.session.task
    is_alone = work.session.devices.workers == 1
    if not at_once and is_alone and time.monotonic() - work.last_written < _SECONDS_BETWEEN_WRITES:
        return
    run.commit_csv(f"{work.phase.folder}/history.csv", columns(task), work.state.history)
    if work.state.norms:
        run.commit_csv(f"{work.phase.folder}/{NORMS_FILE}", COLUMNS, work.state.norms)
    plan = work.context.plan
    write_history(run, task, [phase.folder for phase in plan.phases], plan.history_file)
    run.update_manifest(phase=work.options.name, epoch=work.state.epoch)
    work.last_written = time.monotonic()


def interrupt(work: PhaseWork, where: str) -> NoReturn:
    """End the run once the checkpoint is written and all workers know."""
    work.checkpoints.wait()
    if work.state.history:
        write_progress(work, at_once=True)
    work.session.devices.agree()
    raise Interrupted(
        f"{work.context.stop.reason or 'another worker was asked to stop'}: stopped {where} of phase "
        f"{work.options.name}, nothing is lost; the same command goes on"
    )


def needs_end(work: PhaseWork) -> bool:
    """Return whether the next phase goes on from the last step of this one; of a phase added later none knows."""
    following = work.context.plan.phases[work.phase.index + 1 :]
    return not following or following[0].phase.carry_optimizer or following[0].phase.start_from == "last"


def write_result(work: PhaseWork, found: Mapping[str, Any]) -> dict[str, Any]:
    """Write the weights that a phase leaves and its result, and return the result.

    The session's variables must hold these weights. `found` are entries of the result that are known only now.
    """
    context, phase, state, options = work.context, work.phase, work.state, work.options
    result = {
        "name": options.name,
        "index": phase.index,
        "state": "done",
        "epochs": state.epoch,
        "steps": state.step,
        "skipped_steps": work.prepared.skipped_steps,
        "best_epoch": state.best_epoch,
        "best": state.best,
        "monitor": options.monitor,
        "stopped": state.stopped,
        "seconds": round(sum(row["seconds"] for row in state.history), 3),
        "checkpoint_bytes": work.checkpoints.bytes,
        "lora": context.plan.document["phases"][phase.index]["lora"],
        **_describe_retries(work),
        **found,
        **({"refit": phase.refit.to_json()} if phase.refit else {}),
        **({"gradient_norms": summarise_norms(state.norms)} if state.norms else {}),
    }
    source_hash = work.session.source_hash
    weights = pack(work.session.values(work.kept), source_hash, phase=options.name, epoch=left_epoch(result))
    context.run.commit(f"{phase.folder}/best.safetensors", weights)
    # Written last: from here on the phase is done, whatever happens.
    context.run.commit_json(f"{phase.folder}/result.json", result)
    _drop_checkpoints(work)
    return result


def _describe_retries(work: PhaseWork) -> dict[str, Any]:
    """Return the entries of a phase's result about the times it diverged; none where it may not begin again."""
    if work.options.on_divergence is None:
        return {}
    return {"retries": work.state.retries, "peak": work.options.rate_policy.peak}


def _drop_checkpoints(work: PhaseWork) -> None:
    """Remove what no later phase can begin with: checkpoints within this phase, and the end of the one before."""
    work.checkpoints.clear(but=work.state.step if needs_end(work) else None)
    if work.phase.index:
        before = work.context.plan.phases[work.phase.index - 1]
        options = work.session.config.output.checkpoint
        Checkpoints(work.context.run, before.folder, options, work.session.source_hash).clear()
