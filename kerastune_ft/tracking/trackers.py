"""The trackers that `output.trackers` can name."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

from kerastune_ft.errors import ConfigError
from kerastune_ft.run_logs import EVENT_FILES
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.tracking.run_tracker import RunTracker
from kerastune_ft.tracking.sink import Sink, shorten_error
from kerastune_ft.tracking.trial_trackers import TrialTrackers

SINKS: dict[str, str] = {
    "tensorboard": "kerastune_ft.tracking.tensorboard",
    "mlflow": "kerastune_ft.tracking.mlflow",
    "wandb": "kerastune_ft.tracking.wandb",
}
"""The module of every tracker by its kind; its function `open_sink(options, run)` returns where it keeps a run."""


# Those that keep the runs of a search in one place need a folder for each.
_IN_FOLDERS = ("tensorboard",)


def _import(options: Any) -> Any:
    return importlib.import_module(SINKS[options.kind])


def open_sink(options: Any, run: RunDirectory) -> Sink:
    """Return where a tracker keeps a run; raises ConfigError where the tracker is not installed."""
    sink: Sink = _import(options).open_sink(options, run)
    return sink


def open_trial_trackers(trackers: Sequence[Any], search: RunDirectory, report: Callable[[str], None]) -> TrialTrackers:
    """Return what writes the trials of a search into the trackers of `output.trackers`."""

    def open_for(options: Any) -> Callable[[int], Sink]:
        folder = f"{EVENT_FILES}/trial-{{:04d}}"
        if options.kind in _IN_FOLDERS:
            return lambda number: _import(options).open_sink(options, search, folder.format(number))
        return lambda number: open_sink(options, search)

    return TrialTrackers({each.kind: open_for(each) for each in trackers}, search, report)


def open_trackers(trackers: Sequence[Any], run: RunDirectory, report: Callable[[str], None]) -> dict[str, RunTracker]:
    """Return the watchers of the trackers of `output.trackers`, by kind; `report` takes sentences for the user.

    Nothing is asked of them yet. Raises ConfigError where one is not installed.
    """
    return {each.kind: RunTracker(each.kind, open_sink(each, run), run, report) for each in trackers}


def check_installed(trackers: Sequence[Any]) -> None:
    """Raise ConfigError where a tracker is not installed."""
    for each in trackers:
        open_sink(each, RunDirectory("."))


def _require(options: Any, run: RunDirectory) -> None:
    try:
        open_sink(options, run).require()
    except ConfigError:
        raise
    except Exception as error:
        raise ConfigError(
            f"output.trackers: {options.kind} cannot be used ({type(error).__name__}: {shorten_error(error)}); mend "
            "its settings, or leave the tracker out"
        ) from error


def check_reached(trackers: Sequence[Any], run: RunDirectory, report: Callable[[str], None], has_begun: bool) -> None:
    """Raise ConfigError where a tracker cannot be reached.

    A run that has begun goes on without: that is said, and what the tracker missed is written when it is there again.
    """
    for each in trackers:
        try:
            _require(each, run)
        except ConfigError as error:
            if not has_begun:
                raise
            report(f"{error.sentence}; the run goes on, and the tracker gets what it missed when it is there again")
