"""Writes the figures of an evaluation into a directory of the user's: JSON, tables of curves, and pictures of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastune_ft.metrics.document import SAVED
from kerastune_ft.reporting.reliability.diagrams import draw_curves, draw_reliability
from kerastune_ft.rundir import RunDirectory

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PIXELS_AN_INCH = 150


def save_figures(folder: Path, found: Mapping[str, Any], shows_values: bool = True) -> None:
    """Write evaluation.json, and where there are such figures reliability, curves and subgroups as CSV and PNG.

    Without `shows_values`, as where a run shows no examples, subgroups are numbered and not named.
    """
    saved = RunDirectory(folder)
    if (parts := found.get("by")) and not shows_values:
        found = {
            **found,
            "by": {column: _number(rows) for column, rows in parts.items() if column != "class"}
            | {column: rows for column, rows in parts.items() if column == "class"},
        }
    saved.commit_json(SAVED, found)
    if calibration := found.get("calibration"):
        rows = [
            {"probabilities": form, **_spread(each)}
            for form in ("raw", "calibrated")
            for each in calibration[form]["bins"]
        ]
        saved.commit_csv("reliability.csv", list(rows[0]), rows)
        saved.commit("reliability.png", _encode(draw_reliability(calibration)))
    if curves := found.get("curves"):
        points = [
            {"class": row["class"], **dict(zip(curves["columns"], point, strict=True))}
            for row in curves["classes"]
            for point in row.get("points", ())
        ]
        saved.commit_csv("curves.csv", ["class", *curves["columns"]], points)
        rows = [{**row, "examples": found["examples"]} for row in curves["classes"]]
        saved.commit("curves.png", _encode(draw_curves(rows, curves["columns"])))
    if parts := found.get("by"):
        rows = [
            {"by": column, **line} for column, subgroups in parts.items() for row in subgroups for line in _list(row)
        ]
        saved.commit_csv("subgroups.csv", list(rows[0]), rows)


def _number(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "subgroup": f"subgroup {number}"} for number, row in enumerate(rows, 1)]


def _spread(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with the two ends of its interval as cells of their own."""
    low, high = row.get("interval") or (None, None)
    return {**{name: value for name, value in row.items() if name != "interval"}, "low": low, "high": high}


def _list(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a line for each metric of a subgroup."""
    lines = []
    for metric, value in row["metrics"].items():
        low, high = row["intervals"].get(metric) or (None, None)
        difference = row["differences"].get(metric) or {}
        ends = difference.get("interval") or (None, None)
        lines.append(
            {
                "subgroup": row["subgroup"],
                "examples": row["examples"],
                "groups": row["groups"],
                "metric": metric,
                "value": value,
                "low": low,
                "high": high,
                "difference": difference.get("value"),
                "difference_low": ends[0],
                "difference_high": ends[1],
            }
        )
    return lines


def _encode(figure: Figure) -> bytes:
    """Return a figure as a PNG file on white."""
    import io

    from matplotlib.backends.backend_agg import FigureCanvasAgg

    written = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.patch.set_visible(True)
    figure.savefig(written, format="png", dpi=_PIXELS_AN_INCH, facecolor="white", metadata={"Software": None})
    return written.getvalue()
