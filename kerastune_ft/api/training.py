"""The engine as functions: what the command line, notebooks and batch jobs call alike."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from kerastune_ft import keras_settings
from kerastune_ft.api.cells import describe_stop
from kerastune_ft.api.engine import (
    Config,
    Overrides,
    load_engine,
    parse_seconds,
    refuse_workers,
    require_weights,
    resolve_config,
    with_objects,
)
from kerastune_ft.api.finished import write_card, write_report
from kerastune_ft.api.given.model import with_backbone
from kerastune_ft.api.runs import Run
from kerastune_ft.config.options.backbones import Applications
from kerastune_ft.config.options.task_facts import facts
from kerastune_ft.config.python_objects import PythonObjects
from kerastune_ft.config.run import RunConfig, written_paths
from kerastune_ft.data.files.npz import find_example_shape
from kerastune_ft.data.files.stored_type import find_stored_type
from kerastune_ft.errors import ConfigError, Interrupted, KerasTuneError, ResourceError, explain_exhaustion
from kerastune_ft.metrics.document import metrics_by_split
from kerastune_ft.notebook.kernel import is_notebook
from kerastune_ft.own.objects import OwnObjects, gather_objects
from kerastune_ft.reporting.notebook.tables import Rows
from kerastune_ft.reporting.progress import create_watcher
from kerastune_ft.reporting.terminal.tables import build_units_table
from kerastune_ft.rundir import RunDirectory, now, refuse_inside_run
from kerastune_ft.storage import is_remote, path_of, path_of_user
from kerastune_ft.streams import say
from kerastune_ft.tracking.callbacks import make_watchers
from kerastune_ft.tracking.trackers import check_installed, check_reached, open_trackers
from kerastune_ft.training.devices import tpu
from kerastune_ft.training.profiling.clock import OFF
from kerastune_ft.training.profiling.profile import Profile
from kerastune_ft.training.run_directory import resume
from kerastune_ft.training.run_directory.run_choice import check_places, refuse_inside_data
from kerastune_ft.training.timekeeping import Timekeeper
from kerastune_ft.training.watch import Watcher, Watchers

if TYPE_CHECKING:
    from kerastune_ft.training.interrupts import StopRequest


def run(
    config: Config,
    run_dir: str | os.PathLike[str] | None = None,
    directory: str | os.PathLike[str] | None = None,
    *,
    fresh: bool = False,
    until_phase: str | None = None,
    stop_after: str | float | None = None,
    overrides: Overrides = (),
    backbone: Any = None,
    head: Any = None,
    loss: Any = None,
    metrics: Any = None,
    callbacks: Any = (),
    profile: bool = False,
) -> Run:
    """Train all phases of a configuration, evaluate, save, and return the run; again: go on where it stopped.

    `config` is a path, a shipped name, a dict or a RunConfig. Without `run_dir` the newest run of the same
    configuration in `directory` (default: `output.directory`) goes on, or a new one is made. `stop_after` is seconds or
    text such as `3h50m`; `overrides` are texts like `phases.head.epochs=2`, or a dict of path to value.
    `backbone` is a Keras model in the place of the configuration's backbone; `head` a layer, a model or a function
    (features, outputs) that builds the head; `loss` a loss of Keras or a function (targets, outputs) of which every
    example has its own; `metrics` functions (targets, outputs) of NumPy arrays, or metrics of Keras, by name, each
    alone or as (function, "min" or "max"); `callbacks` observe the run, as docs/python.md describes. `profile` measures
    where the time goes and traces some steps, as docs/tracking.md describes; results stay the same.
    Raises the errors of `kerastune_ft.errors`; Interrupted after a stop that loses nothing.

    >>> finished = run("medical", directory="runs")              # doctest: +SKIP
    """
    own = gather_objects(head, loss, metrics)
    overrides = with_backbone(config, overrides, backbone, directory)
    return announce_and_run(
        config, lambda: None, run_dir, directory, fresh=fresh, until_phase=until_phase, stop_after=stop_after,
        overrides=overrides, own=own, callbacks=callbacks, profile=profile,
    )  # fmt: skip


def announce_and_run(
    config: Config,
    announce: Callable[[], None],
    run_dir: str | os.PathLike[str] | None = None,
    directory: str | os.PathLike[str] | None = None,
    *,
    fresh: bool = False,
    until_phase: str | None = None,
    stop_after: str | float | None = None,
    overrides: Overrides = (),
    own: OwnObjects | None = None,
    callbacks: Any = (),
    profile: bool = False,
) -> Run:
    """Do what `run` does, and call `announce` before anything is computed; never for a run that is finished."""
    watchers = make_watchers(callbacks)
    settings = with_objects(config, overrides, own)
    if directory is not None:
        settings = settings.model_copy(
            update={"output": settings.output.model_copy(update={"directory": str(directory)})}
        )
    keras_settings.refuse_foreign()
    check_installed(settings.output.trackers)
    if profile:
        refuse_workers(settings, "--profile")
    resume.check_until(settings, until_phase)
    seconds = parse_seconds(stop_after)
    require_weights(settings)
    # A run directory in a bucket is asked for through TensorFlow.
    tpu.prepare(settings.runtime.strategy)
    if run_dir is None and not fresh:
        run_dir = resume.find_earlier_run(settings)
    digest = resume.find_hash(settings, None if fresh else run_dir)
    devices = load_engine(settings).devices(settings) if settings.runtime.strategy == "multi_worker" else None
    with contextlib.ExitStack() as held:

        def start() -> resume.RunStart:
            return resume.start_run(settings, digest, run_dir, fresh, held)

        if devices is None:
            begun = start()
        else:
            from kerastune_ft.training.devices import workers

            begun = workers.agree_on_start(devices, start)
        if not begun.complete:
            announce()
        elif profile:
            raise ConfigError(f"--profile: {begun.target} is finished and trains nothing; add --fresh to do it again")
        clock = Profile(begun.target) if profile else OFF
        timing = {"profile": clock} if isinstance(clock, Profile) else {}

        def work(watch: Watcher, stop: StopRequest) -> bool:
            own = settings.with_rules(begun.target.rules)
            choose = find_chooser(own)
            return bool(load_engine(own).execute(begun, own, digest, watch, stop, until_phase, choose, clock))

        finish_run(begun, settings, digest, seconds, work, {**watchers, **timing})
        return Run(path_of(str(begun.target)), begun.target.writer is not None, settings.own)


def finish_run(
    start: resume.RunStart,
    settings: RunConfig,
    digest: str,
    seconds: float | None,
    work: Callable[[Watcher, StopRequest], bool],
    watchers: Mapping[str, Watcher] = MappingProxyType({}),
) -> None:
    """Do what a run still needs by `work`, which returns whether it is done then; `watchers` are the caller's."""
    writer = start.target.writer
    if not start.complete:
        _execute(start, settings.with_rules(start.target.rules), digest, seconds, work, watchers)
    elif writer is not None:
        load_engine(settings)
        from kerastune_ft.training.run_directory.run_data import describe_finished_run

        say(describe_finished_run(writer, settings.with_rules(writer.rules), say))
        if not _has_ended(writer):
            with contextlib.closing(Watchers(open_trackers(settings.output.trackers, writer, say), writer)) as watch:
                watch.run_started(str(writer), writer.read_json("config.json"), writer.read_json("plan.json"))
                _write_end(writer, watch, True)


def _execute(
    start: resume.RunStart,
    settings: RunConfig,
    digest: str,
    stop_seconds: float | None,
    work: Callable[[Watcher, StopRequest], bool],
    watchers: Mapping[str, Watcher],
) -> None:
    """Train, evaluate and report; the manifest and the watchers receive how it ended, whatever happens."""
    from kerastune_ft.training.interrupts import StopRequest, explain_stop, listening

    target, writer = start.target, start.target.writer
    if not target.exists("plan.json"):
        # Written before anything can fail, so that a failure can be reported too.
        target.commit_json("config.json", settings.to_json())
        target.update_manifest(
            state="running",
            exit_code=None,
            message="",
            config_hash=digest,
            rules=settings.rules.version,
            paths=written_paths(settings),
            # What answers in Python are given back as; a configuration and files of text have no types of labels.
            label_type=find_stored_type(settings.data),
            # An array [3, height, width] is three grey images to a run on such.
            example_shape=find_example_shape(settings.data),
        )
    # Signals are received until the end is written down: a terminal that goes away may say so twice.
    with (
        contextlib.closing(_open_watchers(settings, writer, watchers)) as watch,
        listening(StopRequest(stop_seconds)) as stop,
    ):
        try:
            with explain_stop(), explain_exhaustion():
                if writer is not None:
                    check_reached(settings.output.trackers, writer, watch.note, writer.exists("plan.json"))
                # TensorFlow takes seconds to import; everything that can be refused without it has been.
                load_engine(settings)
                is_done = work(watch, stop)
                if writer is not None:
                    _write_end(writer, watch, is_done)
        except BaseException as error:
            _record_failure(target, watch, error)
            if is_notebook() and isinstance(error, Interrupted | KeyboardInterrupt):
                raise Interrupted(describe_stop(target, error)) from None
            raise


def find_chooser(settings: RunConfig) -> Callable[..., Any] | None:
    """Return what chooses the phases of a configuration that leaves them to measurements; None for another."""
    if not settings.awaits_choice:
        return None
    from kerastune_ft.scheduling.resolve import choose_phases

    return choose_phases


def _has_ended(writer: RunDirectory) -> bool:
    """Return whether a run that is done was not killed while its end was written, of which the report is a part."""
    report = "report/index.html"
    return writer.exists(report) and report in (writer.manifest() or {}).get("files", {})


def _write_end(writer: RunDirectory, watch: Watcher, is_done: bool) -> None:
    if is_done:
        # The report shows the state, so it comes first; a missing report is written at the next call.
        writer.update_manifest(state="done", exit_code=0, message="")
        write_card(writer)
        write_report(writer)
    manifest = writer.manifest() or {}
    metrics = metrics_by_split(writer.read_json("metrics.json")) if is_done else {}
    watch.run_done(manifest["state"], manifest["message"], metrics)
    writer.update_manifest()


def _open_watchers(settings: RunConfig, writer: RunDirectory | None, watchers: Mapping[str, Watcher]) -> Watcher:
    """Return the progress on standard error and in log.txt, trackers and the caller's; of workers only the chief's."""
    if writer is None:
        return Watcher()
    progress = create_watcher(lambda line: writer.append("log.txt", f"{now()} {line}"))
    trackers = open_trackers(settings.output.trackers, writer, progress.note)
    return Watchers({"progress": progress, "time": Timekeeper(writer), **trackers, **watchers}, writer)


def _record_failure(target: RunDirectory, watch: Watcher, error: BaseException) -> None:
    """Write why a run ended into log and manifest, as far as that can be written."""
    stopped = isinstance(error, Interrupted | KeyboardInterrupt)
    code = Interrupted.exit_code if stopped else error.exit_code if isinstance(error, KerasTuneError) else 1
    state = "interrupted" if stopped else "failed"
    why = error.sentence if isinstance(error, KerasTuneError) else str(error)
    with contextlib.suppress(OSError, ResourceError, ConfigError):
        target.append("log.txt", f"{now()} {why}")
        watch.run_done(state, why, {})
        # What was refused before it began, as with other data, leaves a run what it was.
        if target.writer is not None and (target.writer.manifest() or {}).get("state") == "running":
            target.update_manifest(state=state, exit_code=code, message=why)


def check_target(path: str | os.PathLike[str]) -> Path:
    """Return the path of a configuration to write; raise ConfigError for a folder, and for a place in a run."""
    target = path_of_user(path)
    if target.is_dir():
        raise ConfigError(f"--write: {os.fspath(path)} is a folder; name a file")
    if not is_remote(target) and not target.parent.is_dir():
        raise ConfigError(f"--write: there is no folder {target.parent}; make it, or name another file")
    refuse_inside_run(target, "--write")
    return target


@dataclass(frozen=True)
class PlanView:
    """A plan that was made: `document` is plan.json, and what is found here and now; it prints as tables."""

    document: Mapping[str, Any]
    configuration: Mapping[str, Any] = field(default_factory=dict)
    """The complete configuration: with the phases that were chosen, where they were."""

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the complete configuration as a file that `run` takes. Raises ConfigError where that cannot be.

        Where it goes with objects of Python, which no file holds, the call that takes it is said.
        """
        target = check_target(path)
        try:
            target.write_text(json.dumps(self.configuration, indent=2) + "\n")
        except OSError as error:
            raise ConfigError(f"{os.fspath(path)} cannot be written: {error.strerror}; give another place") from error
        if objects := self.configuration.get("python"):
            arguments = PythonObjects.model_validate(objects).arguments
            say(
                f"{os.fspath(path)} goes with objects of Python, which no file holds: kt.run({os.fspath(path)!r}, "
                f"{arguments}) takes it, python -m kerastune_ft run refuses it"
            )

    def _repr_html_(self) -> str:
        from kerastune_ft.reporting.terminal import tables

        return tables.render_plan_html(dict(self.document))

    def __str__(self) -> str:
        from kerastune_ft.reporting.terminal import tables

        return tables.write_plan(self.document)

    __repr__ = __str__


def plan(
    config: Config,
    overrides: Overrides = (),
    *,
    measure: bool = False,
    pictures: str | Path | None = None,
    resolve: bool = False,
    backbone: Any = None,
    head: Any = None,
    loss: Any = None,
    metrics: Any = None,
) -> PlanView:
    """Resolve a configuration against the real model and data without training a step.

    `pictures` names a .png or .html file to show a few training examples in, as each phase will augment them.
    `measure` times a few chunks of what phases compute or read, and changes no decision. `resolve` chooses the phases
    of `"phases": "auto"` by measurement, as `run` does; without it those shown are the usual ones.
    The objects are as in `run`.
    """
    overrides = with_backbone(config, overrides, backbone, None)
    settings = with_objects(config, overrides, gather_objects(head, loss, metrics))
    if pictures is not None:
        from kerastune_ft.preview import contact_sheet

        refuse_inside_data(settings, pictures, "--pictures")
        contact_sheet.check_target(path_of_user(pictures))
    check_places(settings)
    check_installed(settings.output.trackers)
    require_weights(settings)
    with explain_exhaustion():
        engine = load_engine(settings)
        choose = find_chooser(settings) if resolve else None
        session, made, document = engine.make_plan(settings, say, measure, choose)
        if pictures is not None:
            from kerastune_ft.preview.augmentations import draw

            draw(session, made, path_of_user(pictures))
    phases = [phase.to_json() for phase in session.config.phases]
    complete = {key: value for key, value in settings.to_json().items() if key != "auto"} | {"phases": phases}
    return PlanView(document, settings.to_json() if session.config.awaits_choice else complete)


def units(name: Config) -> Rows:
    """Return the units of a backbone, input to output: id, parameters, share, output shape, variable paths.

    A row is a dict; together they print as a table. Those of a picture's and a text's backbone follow each other.

    `name` is an architecture of keras.applications, a class of keras-hub (of which a tiny model is shown), a preset or
    its directory, a configuration, a run directory, or a .keras file. Of a class or preset with a decoder beside an
    encoder the units are those of a model that writes; a configuration has those of its task.
    """
    from kerastune_ft.backbones.by_name import options_by_name

    options: Any = options_by_name(name) if isinstance(name, str) else None
    writes = None
    if options is None:
        config = resolve_config(name, ())
        options, writes = config.backbone, facts(config.task).writes
    # Units do not depend on the values of the weights, so nothing is downloaded for them.
    by_input = getattr(options, "by_input", {"": options})
    bare = {name: _without_weights(each) for name, each in by_input.items()}
    return Rows(load_engine().unit_table(bare, writes), build_units_table, "no units")


def _without_weights(options: Any) -> Any:
    return options.model_copy(update={"weights": None}) if isinstance(options, Applications) else options
