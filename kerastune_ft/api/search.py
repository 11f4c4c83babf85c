"""Search for better settings as a function, and what it found as an object."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import time as time_of_day
from typing import TYPE_CHECKING, Any

from kerastune_ft import keras_settings
from kerastune_ft.api.engine import (
    Config,
    Overrides,
    list_overrides,
    load_engine,
    parse_seconds,
    refuse_workers,
    require_weights,
)
from kerastune_ft.api.folds import check as check_folds
from kerastune_ft.api.folds import choose_folds
from kerastune_ft.config.run import RunConfig
from kerastune_ft.config.words import unknown_message
from kerastune_ft.errors import ConfigError, Interrupted, explain_exhaustion
from kerastune_ft.reporting.progress import create_watcher
from kerastune_ft.rundir import RunDirectory, now
from kerastune_ft.storage import path_of_user
from kerastune_ft.streams import say
from kerastune_ft.tracking.trackers import check_installed, check_reached, open_trial_trackers
from kerastune_ft.tracking.trial_trackers import TrackedTrial
from kerastune_ft.training.devices import tpu
from kerastune_ft.training.run_directory.run_choice import check_places, refuse_inside_data
from kerastune_ft.trials.records import TrialRecord, find_best, find_error
from kerastune_ft.trials.report import page, tables
from kerastune_ft.trials.settings import (
    BEST,
    BY_FOLDS,
    OBJECTIVES,
    SEARCH,
    USUAL_TRIALS,
    SearchSettings,
    choose_directory,
    choose_settings,
    choose_trials,
    find_identity,
    read_records,
)
from kerastune_ft.trials.space import Source, Space, read_space
from kerastune_ft.trials.study import FAILED, GRID, Study, count_combinations, require_optuna
from kerastune_ft.wording import counted

if TYPE_CHECKING:
    import pandas

    from kerastune_ft.reporting.page.picture import Picture
    from kerastune_ft.reporting.terminal.fitting import FittedTable

_TEXT_WIDTH = 100


@dataclass(frozen=True)
class SearchResult:
    """A search: its trials, the best configuration, and pictures of them; it prints as a table."""

    path: Path
    """The directory of the search."""
    settings: SearchSettings
    trials: tuple[TrialRecord, ...]
    start: Mapping[str, Any] | None
    """The values that the configuration itself has, where they lie in the space."""
    importances: Mapping[str, float]
    """By key, the share in what decides the metric, the largest first; empty where there are too few trials."""
    combinations: int = 0
    """Of a grid, the combinations that it has; 0 of other samplers."""

    @property
    def best(self) -> TrialRecord | None:
        """The best trial, or None where none ended well."""
        return find_best(self.trials, self.settings.maximise)

    @property
    def best_path(self) -> Path:
        """The file of the best configuration."""
        return self.path / BEST

    def describe(self) -> list[str]:
        """Return sentences on what was found: the best trial beside the configuration as written, what matters."""
        said = tables.describe_search(self.trials, self.settings, self.start, self.importances)
        return [*said, *tables.describe_grid(len(self.trials), self.combinations)]

    @property
    def best_config(self) -> dict[str, Any] | None:
        """The configuration of the best trial, as `run` takes it; run, it gives that trial's metrics of validation."""
        path = self.path / BEST
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None

    @property
    def table(self) -> pandas.DataFrame:
        """The trials as a DataFrame with a row each: number, state, the metric, a column per key, seconds."""
        import pandas

        rows = [
            {
                "trial": record.number,
                "state": record.state,
                self.settings.metric: record.value,
                **({} if self.settings.folds is None else {"deviation": record.deviation}),
                **{key: _as_cell(value) for key, value in record.values.items()},
                "seconds": record.seconds,
            }
            for record in self.trials
        ]
        return pandas.DataFrame(rows)

    def plot(self) -> Picture:
        """Return the history of the metric, what it depends on, and how, as one picture."""
        from kerastune_ft.trials.report.figures import draw_search

        return draw_search(self.trials, self.settings.metric, self.settings.maximise, self.importances).put_on_white()

    def to_json(self) -> dict[str, Any]:
        """Return the search as `--json` prints it."""
        best = self.best
        return {
            "search": str(self.path),
            **self.settings.to_json(),
            "best": None if best is None else best.to_json(),
            "best_config": str(self.path / BEST) if best is not None else None,
            "as_written": None if self.start is None else dict(self.start),
            "importances": dict(self.importances),
            **({"combinations": self.combinations} if self.combinations else {}),
            "trials": [record.to_json() for record in self.trials],
        }

    @property
    def terminal_table(self) -> FittedTable:
        """The best trials as a table for the terminal."""
        settings = self.settings
        return tables.build_trials_table(self.trials, settings, self.start)

    def __str__(self) -> str:
        from rich.console import Console

        text = io.StringIO()
        Console(file=text, width=_TEXT_WIDTH).print(self.terminal_table)
        return text.getvalue().rstrip()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return the trials as an HTML table."""
        return str(self.table.to_html(index=False))


def search(
    config: Config,
    space: Source,
    run_dir: str | os.PathLike[str] | None = None,
    directory: str | os.PathLike[str] | None = None,
    *,
    trials: int | None = None,
    time: str | float | None = None,
    sampler: str = "tpe",
    metric: str | None = None,
    seed: int | None = None,
    prune: bool = True,
    fresh: bool = False,
    output: str | os.PathLike[str] | None = None,
    objective: str = OBJECTIVES[0],
    folds: int | None = None,
    overrides: Overrides = (),
) -> SearchResult:
    """Search a space for the settings with the best metric of validation, and return what was found.

    `space` is a JSON file, its text, or a dict: a range or a list of values for each key to vary. There are `trials` of
    them in all (20 unless `time` is given), and none is begun after `time`, seconds or text such as `20m`. All share
    stored features, the built model and phases that they begin with; none looks at the test split. The same call goes
    on where it stopped, and more trials are added to those that there are. The best configuration is written as
    best.json in the directory of the search, and as `output`; run, it gives its trial's metrics of validation. With the
    `objective` "crossvalidate" each trial is trained on every one of `folds` (those of `data.splits`, else 5) and its
    value is the mean over them: best.json, given to `crossvalidate`, has it too.
    Raises the errors of `kerastune_ft.errors`; Interrupted after a stop that loses nothing.

    >>> found = search("medical", {"head.dropout": {"low": 0, "high": 0.5}}, time="5m")     # doctest: +SKIP
    """
    checked = read_space(_find_source(config), list_overrides(overrides), space)
    settings = choose_settings(checked, metric, sampler, seed, prune, _choose_folds(checked.base, objective, folds))
    seconds = parse_seconds(time)
    _check_call(checked.base, trials, output)
    require_optuna()
    keras_settings.refuse_foreign()
    check_installed(checked.base.output.trackers)
    place = checked.base.output.directory if directory is None else directory
    check_places(checked.base, run_dir or place)
    require_weights(checked.base)
    path = choose_directory(place, checked.base.name, find_identity(checked, settings), run_dir, fresh)
    held = RunDirectory(path)
    wanted = choose_trials(_count_grid(checked, settings), trials, seconds)
    with held.lock():
        check_reached(checked.base.output.trackers, held, say, held.exists(SEARCH))
        _begin(held, checked, settings)
        study = Study(path, checked.dimensions, settings.sampler, settings.seed, settings.maximise, checked.base.name)
        if wanted is None or study.outcomes < wanted:
            _carry_out(held, checked, settings, study, wanted, seconds)
        else:
            say(_explain_end(path, study.outcomes, _count_grid(checked, settings)))
        found = _gather(held, checked, settings, study)
        page.write(held, found.trials, settings, found.start, found.importances, checked.base)
    if output is not None and found.best is not None:
        path_of_user(output).write_bytes((path / BEST).read_bytes())
    if (error := find_error(found.trials)) is not None:
        raise error
    return found


def _count_grid(space: Space, settings: SearchSettings) -> int:
    return count_combinations(space.dimensions) if settings.sampler == GRID else 0


def _explain_end(path: Path, outcomes: int, combinations: int) -> str:
    done = f"search {path} has {counted(outcomes, 'trial')}"
    if combinations and outcomes >= combinations:
        return f"{done}, the whole grid"
    return f"{done}; --trials {combinations or outcomes + USUAL_TRIALS} adds to them"


def _choose_folds(config: RunConfig, objective: str, folds: int | None) -> int | None:
    """Return how many folds each trial is measured on; None where it is on the validation split.

    Raises ConfigError for an objective that there is not, and for what contradicts it.
    """
    if objective not in OBJECTIVES:
        raise ConfigError(f"--objective: {unknown_message(objective, OBJECTIVES, 'objective')[0]}")
    if objective != BY_FOLDS:
        if folds is not None:
            raise ConfigError(
                f"--folds: trials are measured on the validation split; add --objective {BY_FOLDS}, or remove --folds"
            )
        return None
    number = folds or choose_folds(config)
    check_folds(config, number, 1)
    if config.refit:
        raise ConfigError(
            "refit: trials by folds choose epochs on the fold that they are measured on, and are not refitted; remove "
            "it, and add it to the best configuration"
        )
    return number


def _find_source(config: Config) -> Source:
    """Return a configuration as something that values can be laid over."""
    if isinstance(config, RunConfig):
        return dict(config.to_json())
    return os.fspath(config) if isinstance(config, os.PathLike) else config


def _check_call(config: RunConfig, trials: int | None, output: str | os.PathLike[str] | None) -> None:
    """Raise ConfigError for arguments that no search can have."""
    if trials is not None and trials < 1:
        raise ConfigError(f"--trials: {trials} is none; give at least 1")
    refuse_workers(config, "a search")
    if output is not None:
        refuse_inside_data(config, output, "--output")
        if not path_of_user(output).parent.is_dir():
            raise ConfigError(
                f"--output: {path_of_user(output).parent} is no folder; make it, or name a file elsewhere"
            )


def _begin(held: RunDirectory, space: Space, settings: SearchSettings) -> None:
    """Write what the search is, so that the same call finds it."""
    if held.exists(SEARCH):
        return
    document = {
        "version": 1,
        "identity": find_identity(space, settings),
        "name": space.base.name,
        "started": now(),
        **settings.to_json(),
        "space": space.to_json(),
        "config": space.base.to_json(),
    }
    held.commit_json(SEARCH, document)


def _carry_out(
    held: RunDirectory, space: Space, settings: SearchSettings, study: Study, trials: int | None, seconds: float | None
) -> None:
    """Run the trials that the search lacks, as far as its time goes."""
    from kerastune_ft.training.interrupts import StopRequest, listening

    stop = StopRequest(seconds)
    tpu.prepare(space.base.runtime.strategy)
    how_many = "" if trials is None else f" of {trials}"
    measured = "" if settings.folds is None else f" in the mean of {settings.folds} folds"
    say(
        f"search {held}: trial {study.outcomes}{how_many}, by {settings.sampler}, for the best "
        f"{settings.metric}{measured}"
    )
    combinations = _count_grid(space, settings)
    if trials is not None and trials < combinations:
        say(
            f"the grid has {combinations:,} combinations, of which {trials:,} are tried; "
            f"--trials {combinations} tries all"
        )
    with contextlib.closing(create_watcher(lambda line: held.append("log.txt", f"{now()} {line}"))) as watch:
        tracked = open_trial_trackers(space.base.output.trackers, held, watch.note)

        def announce(record: TrialRecord, records: Sequence[TrialRecord]) -> None:
            watch.note(tables.describe_trial(record, records, trials, settings))
            tracked.write([_describe_for_trackers(each, settings.metric) for each in records])

        try:
            with listening(stop), explain_exhaustion():
                load_engine(space.base)
                from kerastune_ft.trials.loop import SearchLoop

                SearchLoop(held, space, settings, study, watch, stop).run(trials, announce)
        except Interrupted:
            if not stop.is_time_up:
                raise
            say("the time is up; the same command goes on")


def _describe_for_trackers(record: TrialRecord, metric: str) -> TrackedTrial:
    curve = [point.value for point in record.curve]
    return TrackedTrial(
        record.number, record.values, curve, metric, record.metrics, record.state == FAILED, time_of_day()
    )


def _gather(held: RunDirectory, space: Space, settings: SearchSettings, study: Study) -> SearchResult:
    records = tuple(read_records(held)[: study.outcomes])
    return SearchResult(
        held.path, settings, records, space.find_start(), study.find_importances(), _count_grid(space, settings)
    )


def _as_cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list | dict) else value
