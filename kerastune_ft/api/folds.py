"""Cross-validation in one call: every fold on one store of features, and an ensemble at the end."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kerastune_ft import keras_settings
from kerastune_ft.api.engine import (
    Config,
    Overrides,
    load_engine,
    parse_seconds,
    refuse_workers,
    require_weights,
    with_objects,
)
from kerastune_ft.api.finished import explain_faults
from kerastune_ft.api.runs import Run
from kerastune_ft.api.training import find_chooser, finish_run
from kerastune_ft.config.options.data import Folds
from kerastune_ft.config.options.task_facts import facts
from kerastune_ft.config.run import RunConfig
from kerastune_ft.errors import ConfigError
from kerastune_ft.metrics.document import FOLDS
from kerastune_ft.own.objects import gather_objects
from kerastune_ft.reporting.fold_lines import list_folds
from kerastune_ft.reporting.notebook.tables import Rows
from kerastune_ft.reporting.terminal.folds_table import build_folds_table
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.storage import path_of
from kerastune_ft.tracking.trackers import check_installed
from kerastune_ft.training.devices import tpu
from kerastune_ft.training.run_directory import resume
from kerastune_ft.training.watch import Watcher

if TYPE_CHECKING:
    import pandas

    from kerastune_ft.folds.execute import FoldOptions
    from kerastune_ft.training.interrupts import StopRequest

KIND = "crossvalidate"
USUAL_FOLDS = 5
"""The number of folds where neither the call nor data.splits names one."""


class CrossValidation(Run):
    """A finished cross-validation: its ensemble is a run, and what its members did is beside it."""

    @property
    def folds(self) -> Rows:
        """Return a row per member: seed, fold, examples, seconds and metrics; printed as a table."""
        return Rows(list_folds(self.results), build_folds_table, "no fold is finished")

    @property
    def summary(self) -> dict[str, dict[str, float | None]]:
        """Return by metric the mean over the members, its deviation, and the `low` and `high` end of its interval."""
        return dict(self.results.get("metrics") or {})

    @property
    def out_of_fold(self) -> pandas.DataFrame:
        """Return what every example got from the member that did not train on it, a row for each seed."""
        import pandas

        return pandas.read_csv(io.BytesIO(RunDirectory(self.path).read_bytes("out_of_fold.csv")))

    @property
    def results(self) -> Mapping[str, Any]:
        """Return what crossvalidation.json holds; empty until all folds are done."""
        run = RunDirectory(self.path)
        with explain_faults(run):
            found = run.read_json(FOLDS) if run.exists(FOLDS) else {}
            return dict(found)


def crossvalidate(
    config: Config,
    folds: int | None = None,
    seeds: int = 1,
    run_dir: str | os.PathLike[str] | None = None,
    directory: str | os.PathLike[str] | None = None,
    *,
    fresh: bool = False,
    stop_after: str | float | None = None,
    overrides: Overrides = (),
    head: Any = None,
    loss: Any = None,
    metrics: Any = None,
) -> CrossValidation:
    """Train the schedule of a configuration on every division into folds, and return figures and an ensemble.

    All examples but those of the test split are divided into `folds` (default those of the search that wrote the
    configuration, or of `data.splits`, else 5), each of
    which is measured once by a model that was trained on the others; with `seeds` all that again, divided and drawn by
    the next seed. Features are computed once for all. The result is a run: `predict`, `evaluate`, `report` and `verify`
    are about the ensemble, whose answer is the mean of the members'; the test split measures the ensemble alone.
    Again: go on where it stopped. The other arguments are those of `run`, as are the errors.

    >>> found = crossvalidate("medical", folds=5).summary              # doctest: +SKIP
    """
    settings = _name(with_objects(config, overrides, gather_objects(head, loss, metrics)), directory)
    number = folds or choose_folds(settings)
    check(settings, number, seeds)
    keras_settings.refuse_foreign()
    check_installed(settings.output.trackers)
    seconds = parse_seconds(stop_after)
    require_weights(settings)
    tpu.prepare(settings.runtime.strategy)
    with contextlib.ExitStack() as held:
        load_engine(settings)
        from kerastune_ft.folds.execute import CrossValidation as Execution
        from kerastune_ft.folds.execute import FoldOptions as Options

        options = Options(number, seeds)
        digest = options.hash(settings)
        begun = resume.start_run(settings, digest, run_dir, fresh, held, KIND)
        if not begun.complete:
            _refuse_another(begun, options)
            begun.target.update_manifest(**{resume.KIND: KIND})

        def work(watch: Watcher, stop: StopRequest) -> bool:
            own = settings.with_rules(begun.target.rules)
            return Execution(begun, own, digest, options, watch, stop, find_chooser(own)).execute()

        finish_run(begun, settings, digest, seconds, work)
        return CrossValidation(path_of(str(begun.target)), own=settings.own)


def choose_folds(settings: RunConfig) -> int:
    """Return how many folds a configuration names: those of the search that wrote it, those of data.splits, or 5."""
    pinned, splits = settings.runtime.pinned, settings.data.splits
    if pinned is not None and pinned.folds is not None:
        return pinned.folds
    return splits.folds if isinstance(splits, Folds) else USUAL_FOLDS


def _refuse_another(begun: resume.RunStart, options: FoldOptions) -> None:
    """Raise ConfigError where the directory holds folds of another cross-validation: they would become one with these.

    A run goes on with more epochs or phases, or a refit, which folds that are finished would not have.
    """
    target = begun.target
    if not target.exists("plan.json"):
        return
    before = target.read_json("plan.json")["folds"]
    changes = [
        f"{name}: {before[name]} -> {now}"
        for name, now in (("folds", options.folds), ("seeds", options.seeds))
        if before[name] != now
    ]
    # Devices and caches may change.
    changes += [line for line in begun.allowed if line.startswith(("phases[", "refit")) and "].cache" not in line]
    if changes:
        raise ConfigError(
            f"{target} began as another cross-validation:\n  "
            + "\n  ".join(changes)
            + "\nTake the changes back, give another --run-dir, or --fresh to start over (the earlier is kept aside)"
        )


def _name(settings: RunConfig, directory: str | os.PathLike[str] | None) -> RunConfig:
    """Return the configuration under the name that its cross-validations have, its runs in `directory`."""
    output = settings.output if directory is None else settings.output.model_copy(update={"directory": str(directory)})
    return settings.model_copy(update={"name": f"{settings.name}-folds", "output": output})


def check(settings: RunConfig, folds: int, seeds: int) -> None:
    """Raise ConfigError for what a cross-validation cannot be: too few folds, or keys that contradict it."""
    if folds < 2:
        raise ConfigError(f"--folds: {folds} is no division; give at least 2")
    if seeds < 1:
        raise ConfigError(f"--seeds: {seeds} is none; give at least 1")
    if facts(settings.task).hides_words:
        raise ConfigError(
            f"task.kind: {settings.task.kind} is pretraining, and what it brings is measured by the run that begins "
            "with it: give the configuration of that one"
        )
    if facts(settings.task).writes:
        raise ConfigError(
            f"task.kind: the model of a cross-validation is the mean of what its folds answer, and texts, as "
            f"{settings.task.kind} writes them, have no mean; run it with several seeds instead (--set seed=2)"
        )
    refuse_workers(settings, "a cross-validation")
