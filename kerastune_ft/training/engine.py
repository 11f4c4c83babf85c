"""A run from devices to metrics: the steps between a configuration and a finished run directory."""

from __future__ import annotations

import contextlib
import importlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from kerastune_ft.backbones import build
from kerastune_ft.backbones.several import join_backbones
from kerastune_ft.config.options.gpu_memory import gpu_bytes
from kerastune_ft.config.options.task_facts import IMAGE
from kerastune_ft.config.run import RunConfig, config_hash
from kerastune_ft.data.source import DataSource
from kerastune_ft.data.splits.table import splits_table
from kerastune_ft.graph import lora
from kerastune_ft.metrics.document import REFIT
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.storage import absolute
from kerastune_ft.training import parts
from kerastune_ft.training.comparison import check_inputs, check_same, compare_parts
from kerastune_ft.training.devices import devices as device_choice
from kerastune_ft.training.devices import workers
from kerastune_ft.training.devices.memory import find_limit
from kerastune_ft.training.evaluation import final, saved_model
from kerastune_ft.training.evaluation.lowered_precision import compare_precisions, describe_difference
from kerastune_ft.training.evaluation.measured import Measured, write_first
from kerastune_ft.training.evaluation.unknown import find_unknown
from kerastune_ft.training.features.existing_stores import find_existing_stores
from kerastune_ft.training.features.feed import PhaseFeed
from kerastune_ft.training.features.timing import time_plan
from kerastune_ft.training.flags import add_flags, describe_flags, find_flags
from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.loop import result_of, run_phases
from kerastune_ft.training.lost_files import naming_lost_files
from kerastune_ft.training.phase.context import RunContext
from kerastune_ft.training.plan import build as planning
from kerastune_ft.training.plan import memory
from kerastune_ft.training.plan.document import unit_rows
from kerastune_ft.training.plan.phase_plan import Plan
from kerastune_ft.training.plan.pins import Pins
from kerastune_ft.training.profiling.clock import OFF, Clock
from kerastune_ft.training.refit import begin_refit
from kerastune_ft.training.run_directory.resume import RunStart
from kerastune_ft.training.run_directory.run_data import SPLITS_FILE, open_data, read_recorded
from kerastune_ft.training.session.assemble import assemble, in_float32
from kerastune_ft.training.session.choice import ChoosePhases, Reporting, settle_phases, with_phases
from kerastune_ft.training.session.own_objects import try_objects
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.versions import add_versions, find_versions
from kerastune_ft.training.watch import Watcher
from kerastune_ft.training.writing.sampled import Sampled
from kerastune_ft.training.writing.samples import write_samples


def execute(
    start: RunStart,
    config: RunConfig,
    config_hash: str,
    watch: Watcher,
    stop: StopRequest,
    until_phase: str | None,
    choose: ChoosePhases | None = None,
    clock: Clock = OFF,
) -> bool:
    """Carry a run as far as it can go: plan, phases, evaluation, saved model. Whatever is done already is kept.

    Return whether the whole run is done; it is not where `until_phase` ends it earlier. `choose` chooses the phases of
    a configuration that leaves them to measurements; `clock` measures where the time goes.
    """
    used = devices(config)
    with workers.explain_lost_peers(used):
        session = open_session(start, config, used, watch)
        session, config, chosen = settle_phases(start.target, session, config, config_hash, watch, stop, choose)
        plan = prepare(start, session, config, config_hash, watch, chosen=chosen)
        with naming_lost_files(session.source), PhaseFeed(clock) as feed:
            context = RunContext(session, plan, start.target, watch, stop, feed, clock=clock)
            is_done = train(context, until_phase)
            if is_done:
                complete(context)
        # None may leave while the chief still writes: it would take them for lost.
        used.agree()
    return is_done


def devices(config: RunConfig) -> device_choice.Devices:
    """Return the devices of a configuration, ready to use."""
    return device_choice.resolve(config.runtime)


def open_session(start: RunStart, config: RunConfig, devices: device_choice.Devices, watch: Watcher) -> Session:
    """Open the data and build the model of a run, the same on all workers.

    Raises ConfigError and DataError for what the configuration asks and the world does not have.
    """
    watch.note(f"run {start.target} ({start.reason}) on {devices}")
    for change in start.allowed:
        watch.note(f"changed since the run began: {change}")
    target = start.target
    about = target.read_json("plan.json")["backbone"] if target.exists("plan.json") else {}
    source = open_data(config, watch.note, read_recorded(target))
    session = assemble(config, devices, watch.note, source, endpoints=tuple(about.get("endpoints", ())) or None)
    workers.check_alike(devices, "data", session.source.info.fingerprint)
    workers.check_alike(devices, "pretrained weights", session.source_hash)
    return session


def prepare(
    start: RunStart,
    session: Session,
    config: RunConfig,
    config_hash: str,
    watch: Watcher,
    pinned: Pins | None = None,
    chosen: Mapping[str, Any] | None = None,
) -> Plan:
    """Plan a run and write its plan; `pinned` is what it shares with runs of other schedules.

    `chosen` is what was measured where its phases were chosen by measurement.

    Raises an error for a resumed run that began with other data, weights or precision than the session has.
    """
    target = start.target
    try_objects(session)
    Sampled.of(session).check(session)
    check_same(target, session)
    hashes = parts.hash_parts(session)
    changes = compare_parts(target, hashes, find_versions())
    for note in (*changes, *describe_flags(target.manifest() or {}, find_flags())):
        watch.note(note)
    earlier = target.read_json("plan.json") if target.exists("plan.json") else None
    plan = planning.make(session, earlier, pinned)
    if chosen is not None:
        plan = replace(plan, document={**plan.document, "auto": chosen})
    check_inputs(target, earlier or {}, plan.document)
    write_plan(target, config, session, plan, config_hash, hashes)
    watch.run_started(str(target), config.to_json(), plan.document)
    of_data = session.source.info.list_notes(config.output.examples)
    for note in (*of_data, *plan.document["notes"], *_find_memory_notes(session, plan)):
        watch.note(note)
    return plan


def train(context: RunContext, until_phase: str | None = None) -> bool:
    """Train the phases that the run has not finished; return whether all are finished now.

    The variables then hold the best epoch of the last phase.
    """
    target, plan, key = context.run, context.plan, REFIT if context.plan.is_refit else "phases"
    threading.Thread(target=_import_ahead, daemon=True).start()
    for phase in plan.phases:
        if result_of(target, phase):
            # A process that was killed may have finished the phase without naming its files in the manifest.
            target.take_in([*phase.files, *filter(target.exists, phase.further_files)])
    write_samples(context.session, target, "before")
    for result in run_phases(context, until_phase):
        done = [entry for entry in (result_of(target, phase) for phase in plan.phases) if entry]
        target.update_manifest(**{key: done, "phase": result["name"], "epoch": result["epochs"]})
    if len(done) == len(plan.phases):
        return True
    # A search for a rate stops here too, whose command has no word for it.
    message = f"stopped after phase {until_phase}; the next run goes on with phase {plan.phases[len(done)].phase.name}"
    target.update_manifest(state="interrupted", exit_code=0, message=message)
    context.watch.note(message)
    return False


def complete(context: RunContext) -> None:
    """Do what a run still needs whose phases are trained: the refit where it is asked for, then `finish`."""
    if not context.session.config.refit:
        finish(context)
        return
    # A process that takes up an interrupted refit measures the first model again, which gives the same figures.
    first = measure(context)
    with PhaseFeed(context.clock) as feed:
        finish(train_again(context, feed), first)


def train_again(context: RunContext, feed: PhaseFeed) -> RunContext:
    """Refit a run whose phases are trained, and return the refit; the variables then hold what it ended with."""
    context.compiled = None
    again = begin_refit(context, feed)
    train(again)
    return again


def measure(context: RunContext, first: Measured | None = None, splits: tuple[str, ...] = ()) -> Measured:
    """Return what the trained model gives on `splits`, by default validation and test, in float32.

    `first` is what the model before a refit gave: its splits are measured, and its threshold of unknown examples stays.
    Else that is chosen by the first of the splits.
    """
    session, plan = context.session, context.plan
    exact = in_float32(session if first is None else replace(session, source=first.session.source))
    # A frozen part in bfloat16 is one of training alone.
    is_same = exact.model is session.model and session.config.runtime.frozen_precision is None
    evaluation = planning.for_evaluation(exact, plan.document)
    last = plan.phases[-1]
    # A twin in float32 computes other features, each of them once, so that stores would not pay for it.
    feed = context.feed.for_phase(session, plan, last, context.watch) if is_same else None
    step = context.step_of(last) if is_same else None
    began = time.monotonic()
    splits = splits or _measured_splits(exact.source)
    evaluated = final.evaluate_splits(exact, evaluation, splits, context.watch, feed, step)
    share = getattr(session.config.task, "unknown", None)
    threshold = first.unknown.answers.threshold if first is not None and first.unknown is not None else None
    found = None
    if share is not None:
        found = find_unknown(exact, evaluation, evaluated, share, context.watch, feed, threshold, splits[0])
    context.watch.add_time("evaluation", time.monotonic() - began)
    return Measured(exact, evaluated, found)


def finish(context: RunContext, first: Measured | None = None) -> None:
    """Evaluate the trained model, write metrics and predictions, and save it, compared with what was measured.

    Of a refitted model, which was trained on the validation examples too, figures are those of test alone; those of
    validation are of the model before, `first`, whose figures of test are written beside.
    """
    target = context.run
    measured = measure(context, first)
    shown = measured if first is None else measured.with_validation_of(first)
    if first is None and (found := compare_precisions(context, measured)):
        target.update_manifest(frozen_precision=found)
        context.watch.note(describe_difference(found))
    # What is saved is opened again, in the memory of what trained.
    context.compiled = None
    began = time.monotonic()
    final.write_evaluation(shown.session, target, shown.evaluated, shown.unknown)
    write_samples(shown.session, target, "after")
    if first is not None:
        write_first(target, first)
    evaluated_at = time.monotonic()
    context.watch.add_time("evaluation", evaluated_at - began)
    # Adapters are merged into the kernels of the saved model, which is compared with what was measured before.
    if merged := lora.merge(measured.session.model):
        target.update_manifest(merged=merged)
    last_split = list(measured.evaluated)[-1]
    saved_model.save_model(measured.session, target, last_split, measured.evaluated[last_split], measured.unknown)
    context.watch.add_time("saving", time.monotonic() - evaluated_at)


def _import_ahead() -> None:
    """Import what metrics and report need, while the device computes and Python waits for it."""
    for name in ("sklearn.metrics", "matplotlib.figure", "matplotlib.backends.backend_agg"):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def _measured_splits(source: DataSource) -> tuple[str, ...]:
    return tuple(split for split in ("validation", "test") if split in source.splits)


def write_plan(
    target: RunDirectory,
    config: RunConfig,
    session: Session,
    plan: Plan,
    config_hash: str,
    hashes: Mapping[str, str],
) -> None:
    """Write what a run begins with: configuration, plan, splits and the manifest."""
    # As the user gave it, so that the same command is seen to be the same; the plan has what came of it.
    target.commit_json("config.json", config.to_json())
    target.commit_json("plan.json", plan.document)
    # The data of a run that goes on is divided as this file says, so it stays what it was.
    if target.exists(SPLITS_FILE):
        target.take_in([SPLITS_FILE])
    else:
        columns, rows = splits_table(session.source)
        target.commit_csv(SPLITS_FILE, columns, [dict(zip(columns, row, strict=True)) for row in rows])
    manifest = target.manifest() or {}
    # A run that began before hashes were recorded does not get those of the parts it goes on with.
    recorded = {} if manifest.get("versions") else {"parts": dict(hashes)}
    target.update_manifest(
        state="running",
        exit_code=None,
        message="",
        phase=plan.phases[0].phase.name,
        epoch=0,
        **add_versions(manifest, find_versions()),
        **add_flags(manifest, find_flags()),
        **recorded,
        devices=session.devices.to_json(),
        directory=absolute(target.path),
        seed=session.config.seed,
        rules=session.config.rules.version,
        **({} if session.loader.decoder is None else {"decoder": session.loader.decoder}),
        data_fingerprint=session.source.info.fingerprint,
        **({"data_excluded": sum(excluded.values())} if (excluded := session.source.info.excluded) else {}),
        config_hash=config_hash,
        source_hash=session.source_hash,
        transfer=session.backbone.transfer.to_json(),
    )


def make_plan(
    config: RunConfig, report: Callable[[str], None], measure: bool = False, choose: ChoosePhases | None = None
) -> tuple[Session, Plan, dict[str, Any]]:
    """Return the plan of a configuration, the session it is made for, and what is to be said of both here and now.

    That is the plan's document with what stores hold already and, where asked for, with measured seconds; neither
    changes a decision, nor do they stand in plan.json. With `choose` phases that are left to measurements are chosen
    now.
    """
    session = assemble(config, device_choice.resolve(config.runtime), report)
    try_objects(session)
    chosen: Mapping[str, Any] | None = None
    if config.awaits_choice and choose is not None:
        phases, chosen = choose(session, config, config_hash(config), Reporting(report), StopRequest())
        session = with_phases(session, phases)
    plan = planning.make(session)
    cache = {**plan.document["cache"], "found": find_existing_stores(session, plan)}
    notes = [*plan.document["notes"], *_find_memory_notes(session, plan)]
    if session.config.awaits_choice:
        notes.insert(
            0,
            'the phases are chosen by measurement when the run begins, or now by "plan --resolve"; those '
            "shown are the usual ones",
        )
    said = {**plan.document, "cache": cache, "notes": notes, **({} if chosen is None else {"auto": chosen})}
    return session, plan, {**said, "measured": time_plan(session, plan, report)} if measure else said


def _find_memory_notes(session: Session, plan: Plan) -> list[str]:
    """Return warnings of phases that need more memory than is left here and now; plan.json has none of them."""
    limit = find_limit(session.devices.names, allowed=gpu_bytes(session.config.runtime.gpu_memory))
    return memory.notes(session, plan.phases, plan.chunk, limit)


def unit_table(by_input: Mapping[str, Any], writes: bool | None = None) -> list[dict[str, Any]]:
    """Return the rows of the units of backbones, with the paths of their variables, and the maps they end with.

    `by_input` has the options of each backbone by the input that it reads; an empty name is the only one.
    `writes` says whether the model is to write texts; by default it does where it has a decoder beside an encoder.
    """
    backbones = {name: build.outline(options, writes=writes) for name, options in by_input.items()}
    maps = [backbone.unit_maps().get(unit.id, {}) for backbone in backbones.values() for unit in backbone.units]
    if len(backbones) == 1:
        (units,) = (backbone.units for backbone in backbones.values())
    else:
        units = join_backbones(backbones, [IMAGE], {}, "mean").units
    return [
        {**row, "variable_paths": [variable.path for variable in unit.variables], "maps": own}
        for row, unit, own in zip(unit_rows(units), units, maps, strict=True)
    ]
