"""Sentences on calibration, sets, and on the examples and groups that figures are of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerastune_ft.reporting.quantities import format_figure, format_share
from kerastune_ft.wording import counted, first_names

# Below so many groups quantiles of resamples are a rough guess.
_FEW_GROUPS = 20
# Below so many probabilities the difference to chance is one of single examples.
_FEW_CLAIMS = 50
_CHOICES = {"out_of_fold": "answers out of fold"}


def name_split(split: str) -> str:
    """Return the name of a split in sentences."""
    return _CHOICES.get(split, split)


def describe_groups(examples: int, groups: int | None, place: str) -> str | None:
    """Return a sentence on how many groups examples are of, and what that means for intervals; None without groups."""
    if groups is None:
        return None
    few = f"; {counted(groups, 'group')} are few for intervals, which may be too narrow" if groups < _FEW_GROUPS else ""
    return (
        f"The {examples:,} examples of {place} are of {counted(groups, 'group')}, and whole groups are drawn for "
        f"intervals: examples of one group say less than as many of different ones{few}."
    )


def describe_choice(document: Mapping[str, Any]) -> str:
    """Return on which examples was chosen what figures depend on, and by which model where that is another one."""
    chooser = document.get("chosen_by")
    by = f" It was answers of {chooser} that chose them, and not of the model that is measured." if chooser else ""
    chosen, split = name_split(document["chosen_on"]), name_split(document["split"])
    if chosen == split:
        return (
            f"Temperature, thresholds and limits were chosen on these very {document['examples']:,} examples of "
            f"{split}, so the figures flatter.{by}"
        )
    return (
        f"Temperature, thresholds and limits of sets were chosen on {chosen} "
        f"({document['chosen_examples']:,} examples) and measured on {split} ({document['examples']:,}).{by}"
    )


def describe_temperature(temperature: Any) -> str:
    """Return the temperature in short, or of several classes from the least to the largest."""
    if isinstance(temperature, Mapping):
        ends = f"{min(temperature.values()):.3g} to {max(temperature.values()):.3g}"
        return f"temperatures by class, {ends}"
    return f"temperature {temperature:.3g}"


def describe_calibration(calibration: Mapping[str, Any]) -> str:
    """Return what the figures say of the probabilities, in a sentence or two."""
    raw, fit = calibration["raw"], _describe_fit(calibration)
    stated = sum(each["claims"] * each["probability"] for each in raw["bins"])
    right = sum(each["claims"] * each["share"] for each in raw["bins"])
    total = sum(each["claims"] for each in raw["bins"])
    tone = "too high" if stated > right else "too low"
    found = (
        f"Probabilities are {format_share(stated / total)} on average and {format_share(right / total)} come true; "
        f"bin by bin they are off by {format_figure(raw['ece'])} (ECE), where {format_figure(raw['ece_by_chance'])} "
        "would be chance"
    )
    if total < _FEW_CLAIMS:
        return f"{found}; {total:,} of them tell little. {fit}"
    if raw["ece"] <= 1.5 * raw["ece_by_chance"]:
        return f"{found}: nothing shows that they are wrong. {fit}"
    return f"{found}: they are {tone}. {fit}"


def _describe_fit(calibration: Mapping[str, Any]) -> str:
    """Return what the temperature makes of ECE, or that nothing told one."""
    if not calibration.get("fitted", True):
        return "Validation tells no temperature, so that none is used."
    found = f"With the temperature ECE is {format_figure(calibration['calibrated']['ece'])}."
    if names := calibration.get("not_fitted"):
        found += f" Validation tells none for {first_names(names)}."
    return found


def describe_sets(sets: Mapping[str, Any], split: str, chosen_on: str) -> str:
    """Return how often sets that were to hold the truth do."""
    wanted = format_share(sets["wanted"])
    if None in sets["limits"]:
        return (
            f"{wanted} coverage needs {sets['needed']} examples of {name_split(chosen_on)}, and there are "
            f"{sets['chosen_examples']}: nothing can be left out."
        )
    if "coverage" in sets:
        return (
            f"Sets for {wanted} hold the true class of {format_share(sets['coverage'])} of {name_split(split)}, with "
            f"{sets['mean_size']:.2f} classes on average."
        )
    held = [
        f"{format_share(row['coverage'])} of {name_split(split)} lie within {row['half_width']:.4g} of the predicted "
        f"{row['target']}"
        for row in sets["targets"]
    ]
    return f"Of intervals for {wanted}: {'; '.join(held)}."
