"""The comparison of runs as one JSON object: what `compare --json` prints, and all that tables and page show."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

from kerastune_ft.comparison.differences import compare_with_first
from kerastune_ft.comparison.fold_differences import compare_folds
from kerastune_ft.comparison.runs import ComparedRun, check_alike, open_runs
from kerastune_ft.comparison.settings import list_differences, same_but_seed
from kerastune_ft.metrics.document import OUT_OF_FOLD, metrics_by_class
from kerastune_ft.reporting.tracker_lines import list_trackers

# Of the figures of a class the one that is compared: the first of these that there is.
_CLASS_FIGURES = ("f1", "iou")
_PHASE_KEYS = (
    *("name", "state", "units", "trainable_parameters", "epochs", "planned_epochs", "best_epoch", "steps", "seconds"),
    *("monitor", "before", "after", "gain", "features"),
)


def compare_runs(paths: Sequence[str | os.PathLike[str]]) -> dict[str, Any]:
    """Return runs side by side: settings, metrics with their differences from the first, cost, phases and classes.

    Differences are from the first run that has metrics, on the examples that both were measured on. Raises ConfigError
    for fewer than two runs and for runs of other tasks or classes, DataError where two have no example in common.
    """
    runs = open_runs(paths)
    check_alike(runs)
    measured = [run for run in runs if run.is_measured]
    configs = {run.name: run.config for run in runs}
    differences = compare_with_first(measured[0], measured[1:]) if len(measured) > 1 else {}
    return {
        "runs": [_describe_run(run) for run in runs],
        "reference": measured[0].name if measured else None,
        "config": list_differences(configs),
        "differences": differences,
        "folds": compare_folds(measured[0], measured[1:]) if measured else {},
        "seeds": _summarise_seeds(runs, same_but_seed(configs)),
        "classes": _compare_classes(measured),
        "notes": _list_notes(runs, measured, differences),
    }


def read_histories(paths: Sequence[str | os.PathLike[str]]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of history.csv by run, for curves."""
    return {run.name: run.history for run in open_runs(paths)}


def _describe_run(run: ComparedRun) -> dict[str, Any]:
    summary = run.summary
    return {
        "run": run.name,
        "state": run.state,
        "message": summary["message"],
        "task": summary["task"],
        "backbone": summary["backbone"]["name"],
        "data": summary["data"]["name"],
        "seed": summary["environment"]["seed"],
        "metrics": summary["metrics"],
        "intervals": summary["intervals"],
        "examples": summary["measured_examples"],
        "trackers": summary["environment"]["trackers"],
        "cost": _describe_cost(run),
        "phases": [{key: phase[key] for key in _PHASE_KEYS} for phase in summary["phases"]],
    }


def _describe_cost(run: ComparedRun) -> dict[str, Any]:
    """Return seconds and bytes, refits and folds included; None where the run has not recorded them."""
    summary, time = run.summary, run.summary["time"]
    trainings = [*summary["phases"], *run.further_phases]
    trained = [phase["trainable_parameters"] for phase in summary["phases"] if phase["trainable_parameters"]]
    seconds = [phase["seconds"] for phase in trainings if phase["seconds"]]
    return {
        "seconds": time["whole"] if time and time["complete"] else None,
        "cpu_seconds": time.get("cpu") if time else None,
        "training_seconds": sum(seconds) or None,
        "epochs": sum(phase["epochs"] or 0 for phase in trainings),
        "steps": sum(phase["steps"] or 0 for phase in trainings),
        "stored_bytes": (run.record.plan.get("cache") or {}).get("bytes"),
        "trained_parameters": max(trained, default=None),
        "devices": (summary["environment"]["devices"] or {}).get("devices"),
    }


def _summarise_seeds(runs: Sequence[ComparedRun], groups: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
    """Return mean and standard deviation (of a sample) of runs that differ in nothing but the seed."""
    by_name = {run.name: run for run in runs}
    found = []
    for group in groups:
        members = [by_name[name] for name in group if by_name[name].is_measured]
        if len(members) < 2:
            continue
        metrics: dict[str, dict[str, Any]] = {}
        for split, first in members[0].summary["metrics"].items():
            for name in first:
                values = [run.summary["metrics"].get(split, {}).get(name) for run in members]
                if all(value is not None for value in values):
                    metrics.setdefault(split, {})[name] = _find_spread(values)
        seeds = [run.summary["environment"]["seed"] for run in members]
        found.append({"runs": [run.name for run in members], "seeds": seeds, "metrics": metrics})
    return found


def _find_spread(values: Sequence[float]) -> dict[str, float]:
    mean = sum(values) / len(values)
    return {"mean": mean, "deviation": math.sqrt(sum((each - mean) ** 2 for each in values) / (len(values) - 1))}


def _compare_classes(measured: Sequence[ComparedRun]) -> dict[str, Any] | None:
    """Return a figure of every class on test by run, None where runs have none."""
    figures = {run.name: metrics_by_class(run.record.run.read_json("metrics.json"), "test") for run in measured}
    known = [own for own in figures.values() if own]
    figure = next((name for name in _CLASS_FIGURES if known and name in next(iter(known[0].values()), {})), None)
    if figure is None:
        return None
    names = dict.fromkeys(name for own in known for name in own)
    return {
        "figure": figure,
        "rows": [
            {
                "class": name,
                "examples": next((own[name].get("examples") for own in known if name in own), None),
                "values": {run: own.get(name, {}).get(figure) for run, own in figures.items() if own},
            }
            for name in names
        ],
    }


def _list_notes(
    runs: Sequence[ComparedRun], measured: Sequence[ComparedRun], differences: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Return what readers of the figures must know."""
    notes = [f"{run.name} is not finished ({run.state}): it has no metrics yet" for run in runs if not run.is_measured]
    if measured and measured[0] is not runs[0]:
        notes.append(f"differences are from {measured[0].name}, the first that has metrics")
    notes += [
        f"validation: figures of {run.name} are of the model before its refit" for run in measured if run.record.refit
    ]
    for name, splits in differences.items():
        for split, own in splits.items():
            notes += _note_examples(name, measured[0].name, split, own)
        if not splits:
            notes.append(
                f"{name} and {measured[0].name} were measured on no split that both have, so that nothing is compared"
            )
    if any(OUT_OF_FOLD in splits for splits in differences.values()):
        notes.append(
            f"{OUT_OF_FOLD}: answers of models that were not trained on the example; its intervals are over examples "
            "and take the models as they are"
        )
    for run in runs:
        notes += [f"{run.name} is in {kind}: {place}" for kind, place in list_trackers(run.record.manifest).items()]
    if len(differences) > 1:
        notes.append(
            f"{len(differences)} runs are compared with {measured[0].name}: that one of several intervals of 95 % "
            "misses is likelier than 5 %, and the best of several runs looks better than it is; p of McNemar's test is "
            "adjusted for their number (Holm)"
        )
    return notes


def _note_examples(name: str, first: str, split: str, own: Mapping[str, Any]) -> list[str]:
    notes = []
    if own["examples"] < max(own["of"]):
        notes.append(
            f"{split}: {name} is compared with {first} on the {own['examples']:,} examples that both were measured on "
            f"({own['of'][0]:,} and {own['of'][1]:,})"
        )
    if not own["same_data"]:
        notes.append(
            f"{split}: the data of {name} and {first} have other fingerprints, and examples with the same name and "
            "label are taken for the same"
        )
    if own["groups"] is not None and own["groups"] < own["examples"]:
        notes.append(
            f"{split}: whole groups are drawn ({own['groups']:,}); McNemar's test, which needs independent examples, "
            "is left out"
        )
    return notes
