"""The phase that a sweep is about, with everything it needs, from a configuration and the run it would go on in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kerastune_ft.config.run import RunConfig
from kerastune_ft.config.words import unknown_message
from kerastune_ft.errors import ConfigError
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training import engine
from kerastune_ft.training.features.feed import PhaseFeed
from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.left_weights import is_discarded
from kerastune_ft.training.loop import result_of, set_weights
from kerastune_ft.training.lost_files import naming_lost_files
from kerastune_ft.training.phase.context import RunContext
from kerastune_ft.training.plan import build as planning
from kerastune_ft.training.plan.phase_plan import PhasePlan, Plan
from kerastune_ft.training.run_directory.run_data import open_data, read_recorded
from kerastune_ft.training.session.assemble import assemble
from kerastune_ft.training.watch import Watcher


def choose_phase(config: RunConfig, name: str | None) -> int:
    """Return the number of the phase to sweep: the one of this name, else the first that has a learning rate."""
    if config.awaits_choice:
        raise ConfigError(
            'phases: "auto" chooses rates of its own; write the phases that "plan --resolve --write FILE" chooses, or '
            "a preset"
        )
    names = [phase.name for phase in config.phases]
    if name is None:
        rated = [number for number, phase in enumerate(config.phases) if not phase.is_solved]
        if not rated:
            raise ConfigError("no phase has a learning rate: a solver sets the head; there is nothing to find")
        return rated[0]
    if name not in names:
        raise ConfigError(f"--phase: {unknown_message(name, names)[0]}")
    if config.phases[names.index(name)].is_solved:
        raise ConfigError(f"--phase: the head of phase {name} is set by a solver, which has no learning rate")
    return names.index(name)


@contextmanager
def open_phase(
    config: RunConfig, number: int, run: RunDirectory, watch: Watcher, stop: StopRequest
) -> Iterator[tuple[RunContext, PhasePlan]]:
    """Yield a phase ready to be swept, its session holding the weights that the phase begins with.

    `run` has the phases before it; of the first phase any empty directory will do. Nothing is written there. Raises
    ConfigError for a phase that the run has finished, where what it began with is gone.
    """
    devices = engine.devices(config)
    earlier = run.read_json("plan.json") if run.exists("plan.json") else None
    endpoints = tuple((earlier or {}).get("backbone", {}).get("endpoints", ())) or None
    source = open_data(config, watch.note, read_recorded(run))
    session = assemble(config, devices, watch.note, source, endpoints=endpoints)
    plan = planning.make(session, earlier)
    _check_start(run, plan, number)
    with naming_lost_files(source, plan.phases[number].noise), PhaseFeed() as feed:
        context = RunContext(session, plan, run, watch, stop, feed)
        set_weights(context, plan.phases[number])
        yield context, plan.phases[number]


def _check_start(run: RunDirectory, plan: Plan, number: int) -> None:
    """Raise ConfigError for a finished phase that began with the last step of the one before, which no run keeps."""
    options, previous = plan.phases[number].phase, plan.phases[number - 1]
    if number == 0 or result_of(run, plan.phases[number]) is None or is_discarded(result_of(run, previous) or {}):
        return
    if options.start_from == "last" or options.carry_optimizer:
        raise ConfigError(
            f"--phase: phase {options.name} begins with the last step of phase {previous.phase.name}, "
            f"which {run.path} no longer has, since phase {options.name} is finished there; give --run-dir a new "
            "directory, in which the phases before it are trained again"
        )
