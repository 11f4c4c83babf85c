"""The figures of a cross-validation: a row per member, and mean and spread of every metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kerastune_ft.reporting.quantities import ABSENT, format_duration, format_figure, format_words, is_number

_ABOUT = ("seed", "fold", "trained", "validated", "seconds")
_SHOWN = 4
"""Metrics that a table of folds has room for."""


def list_folds(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row per member of crossvalidation.json, with its metrics as columns."""
    return [
        {
            "seed": member["seed"],
            "fold": member["fold"],
            "trained": member["trained"],
            "validated": member["validated"],
            "seconds": member["seconds"],
            **member["metrics"],
        }
        for member in document.get("members") or ()
    ]


def list_times(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return name and seconds of every member, as the report has those of phases."""
    members = document.get("members") or ()
    return [{"name": f"seed {each['seed']} fold {each['fold']}", "seconds": each["seconds"]} for each in members]


def name_columns(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the metrics that a table of members has."""
    return [name for name in rows[0] if name not in _ABOUT][:_SHOWN] if rows else []


def write_fold(row: Mapping[str, Any]) -> dict[str, str]:
    """Return a row of `list_folds` as the cells of a table, by heading."""
    metrics = name_columns([row])
    return {
        "seed": str(row["seed"]),
        "fold": str(row["fold"]),
        "trained": str(row["trained"]),
        "validated": str(row["validated"]),
        "time": format_duration(row["seconds"]),
        **{format_words(name): _write(row[name]) for name in metrics},
    }


def _write(value: Any) -> str:
    return format_figure(value) if is_number(value) else ABSENT


def list_means(document: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return a row per metric: mean, deviation and interval over the members, and that of all out-of-fold answers.

    `document` is crossvalidation.json.
    """
    together = (document.get("out_of_fold") or {}).get("metrics") or {}
    return [
        {
            "metric": format_words(name),
            "mean": _write(found["mean"]),
            "deviation": _write(found["deviation"]),
            "95 %": f"{_write(found['low'])} to {_write(found['high'])}" if is_number(found["low"]) else ABSENT,
            "out of fold": _write(together.get(name)),
        }
        for name, found in (document.get("metrics") or {}).items()
    ]
