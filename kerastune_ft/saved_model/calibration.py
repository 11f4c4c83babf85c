"""The temperature of a finished run, which makes its probabilities calibrated ones where that is asked for."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from typing import Any

from kerastune_ft.errors import ConfigError
from kerastune_ft.metrics.calibration.temperature import FILE, describe_temperature
from kerastune_ft.metrics.decisions.sets import count_needed
from kerastune_ft.metrics.document import OUT_OF_FOLD, REFIT_PLAN
from kerastune_ft.metrics.outcomes.base import Outcomes
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.tasks.base import Task
from kerastune_ft.wording import counted, first_names

PREDICTIONS = "evaluation/predictions.csv"
CHOOSING_SPLITS = ("validation", OUT_OF_FOLD)
"""The splits that temperatures and thresholds are chosen on; a run has one of them."""


def read_calibration(run: RunDirectory, task: Task) -> dict[str, Any]:
    """Return what model/calibration.json holds; of a run without it, the same fitted to its stored predictions.

    Raises ConfigError for a run whose answers have no probabilities, or that kept no predictions to fit to.
    """
    if run.exists(FILE):
        found: dict[str, Any] = run.read_json(FILE)
        return found
    split, outcomes = read_chosen_on(run, task)
    if outcomes.no_probabilities:
        raise ConfigError(f"{run} has nothing to calibrate: {outcomes.no_probabilities}")
    return describe_temperature(outcomes.fit_temperature(), split, outcomes.examples, find_chooser(run, split))


def find_chooser(run: RunDirectory, split: str) -> str | None:
    """Return the model whose answers for `split` chose temperature, thresholds and limits; None for the run's own.

    A refitted model has learned the validation examples itself, and an ensemble the examples of all folds, so that
    another model's answers have to do.
    """
    if split == OUT_OF_FOLD:
        return "the members of the cross-validation"
    return "the model before the refit" if run.exists(REFIT_PLAN) else None


def describe_gaps(calibration: Mapping[str, Any]) -> str | None:
    """Return a note on what of model/calibration.json could not be fitted, so that a temperature is 1; None if all was.

    Files of `describe_temperature` say it by `fitted` or, of several labels, `not_fitted`.
    """
    names = calibration.get("not_fitted") or ()
    if calibration.get("fitted", True) and not names:
        return None
    of = f" of {first_names(names)}" if names else ""
    split = calibration["chosen_on"]
    where = "out of fold" if split == OUT_OF_FOLD else f"of {split}"
    return (
        f"the {counted(calibration['examples'], 'example')} {where} tell no temperature{of}, so these probabilities "
        "are not calibrated but stay as they are"
    )


def use_temperature(run: RunDirectory, task: Task) -> dict[str, Any]:
    """Make `finish` and `decode` of a run's task give calibrated probabilities; return what `read_calibration` does.

    A model that is saved or exported with this task afterwards gives them too. Raises ConfigError as `read_calibration`
    does.
    """
    found = read_calibration(run, task)
    task.set_temperature(found["temperature"])
    return found


def adjust_answers(
    run: RunDirectory, task: Task, is_calibrated: bool = False, coverage: float | None = None
) -> list[str]:
    """Make the task of a run decode calibrated probabilities, and sets or intervals of a coverage, where asked for.

    Returns notes on what another model chose or what could not be fitted. What sets need is chosen on the predictions
    of the run's validation split. Raises ConfigError for a run whose labels have none, or with too few validation
    examples for the coverage.
    """
    calibration = use_temperature(run, task) if is_calibrated else None
    found = [] if calibration is None else [describe_gaps(calibration)]
    choosers: dict[str, str | None] = {}
    if calibration is not None and calibration.get("fitted", True):
        choosers["the temperature"] = calibration.get("chosen_by")
    if coverage is not None:
        split, outcomes = read_chosen_on(run, task)
        _set_limits(run, task, split, outcomes, calibration, coverage)
        choosers["the limits"] = find_chooser(run, split)
    found += [
        f"answers of {chooser}, and not of the model that answers, chose {what}: `evaluate` measures how well that fits"
        for what, chooser in choosers.items()
        if chooser is not None
    ]
    return [note for note in found if note is not None]


def _set_limits(
    run: RunDirectory,
    task: Task,
    split: str,
    outcomes: Outcomes,
    calibration: Mapping[str, Any] | None,
    coverage: float,
) -> None:
    if outcomes.no_sets:
        raise ConfigError(f"--coverage: {outcomes.no_sets}")
    known = outcomes if calibration is None else outcomes.calibrate(calibration["temperature"])
    limits = known.find_limits(coverage)
    if not all(map(math.isfinite, limits)):
        raise ConfigError(
            f"--coverage: {coverage:g} needs {count_needed(coverage)} examples to choose by, and {run} has "
            f"{outcomes.examples} of {split.replace('_', ' ')}; give a smaller coverage"
        )
    task.set_limits(limits)


def read_chosen_on(run: RunDirectory, task: Task) -> tuple[str, Outcomes]:
    """Return the stored outcomes of the split that a run chooses thresholds and temperatures on, and its name.

    That is validation, or of a cross-validation what its members answered for the examples of their folds. Raises
    ConfigError where predictions.csv has neither.
    """
    rows: list[Mapping[str, str]] = []
    if run.exists(PREDICTIONS):
        text = run.read_bytes(PREDICTIONS).decode("utf-8")
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
    for split in CHOOSING_SPLITS:
        if own := [row for row in rows if row.get("split") == split]:
            return split, task.read_outcomes(own)
    raise ConfigError(
        f"{run} has no predictions of a validation split ({PREDICTIONS}), and nothing else tells a temperature or a "
        "threshold; run it again with a validation split"
    )
