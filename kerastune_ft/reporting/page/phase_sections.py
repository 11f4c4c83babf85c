"""The sections of the report about single phases: what each gained and cost, how far its units moved, their rates."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from kerastune_ft.reporting import drawing
from kerastune_ft.reporting.plan_lines import list_units
from kerastune_ft.reporting.update_lines import describe_solution, explain_figures
from kerastune_ft.rules import NEWEST, Rules

_READ = {
    "stored": "what its frozen part gives was read from the feature store",
    "computed": "what its frozen part gives was computed anew for every batch",
}


def build_sections(
    plan: Mapping[str, Any], results: Sequence[Mapping[str, Any]], rules: Rules = NEWEST
) -> list[dict[str, Any]]:
    """Return for each phase that has begun its row of `results`, its units from the head on, and its rates drawn.

    `results` are from `summarise_phases`. A unit has `rate` and, where they are known, the distances it moved
    and the norms of its gradients.
    """
    planned = {phase["name"]: phase for phase in plan.get("phases") or ()}
    units = list_units(plan)
    return [
        {
            "row": row,
            "read": _READ.get(row["features"] or "", ""),
            "solution": describe_solution(row["solver"]),
            "figures": explain_figures(planned.get(row["name"]) or {}),
            "units": (own := _list_units(row, planned.get(row["name"]) or {}, units)),
            "farthest": max((unit["moved"] or 0.0 for unit in own), default=0.0),
            "has_pretrained": bool(row["from_pretrained"]),
            "has_statistics": bool(row["statistics"]),
            "has_norms": bool(row["gradient_norms"]),
            **_draw(row, planned.get(row["name"]) or {}, units, rules),
        }
        for row in results
        if row["state"] != "pending"
    ]


def _list_units(row: Mapping[str, Any], phase: Mapping[str, Any], units: Sequence[str]) -> list[dict[str, Any]]:
    changing = {*(phase.get("trains") or ()), *row["moved"], *row["statistics"]}
    kinds = ("moved", "from_pretrained", "statistics", "statistics_from_pretrained")
    return [
        {
            "unit": unit,
            "rate": (phase.get("rates") or {}).get(unit),
            "norms": row["gradient_norms"].get(unit),
            **{kind: row[kind].get(unit) for kind in kinds},
        }
        for unit in reversed(units)
        if unit in changing
    ]


def _lower_rates(phase: Mapping[str, Any], peak: float | None) -> Mapping[str, Any]:
    """Return a phase of the plan with the rates that it began again with after it diverged."""
    policy = phase.get("learning_rate") or {}
    if not peak or not policy.get("peak") or peak == policy["peak"]:
        return phase
    share = peak / policy["peak"]
    ends = {key: policy[key] * share for key in ("start", "final") if policy.get(key) is not None}
    rates = {unit: rate * share for unit, rate in (phase.get("rates") or {}).items()}
    return {**phase, "learning_rate": {**policy, "peak": peak, **ends}, "rates": rates}


def _draw(row: Mapping[str, Any], phase: Mapping[str, Any], units: Sequence[str], rules: Rules) -> dict[str, Any]:
    """Return the rates as a picture, or the one that holds throughout as a number."""
    # NumPy with it, which not every reader of reports needs.
    from kerastune_ft.reporting.page import rates

    curves = rates.compute_rates(_lower_rates(phase, row["peak"]), units, rules)
    if not curves or rates.is_flat(curves):
        return {"rates": None, "flat_rate": curves[0].peak if curves else None}
    best = row["best_epoch"] and min(row["best_epoch"] * (phase.get("steps_per_epoch") or 0), len(curves[0].rates))
    draw = functools.partial(rates.draw_rates, curves, row["steps"], best or None)
    return {
        "rates": drawing.render_both(draw, f"learning rates of phase {row['name']} by step and unit"),
        "flat_rate": None,
    }
