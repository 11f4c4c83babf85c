"""Figures of boxes by class and by size as tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from kerastune_ft.reporting.quantities import format_figure, format_interval, format_whole
from kerastune_ft.reporting.terminal.fitting import Column, FittedTable
from kerastune_ft.wording import first_names

_NAMES_SHOWN = 5
_AT_THRESHOLD = ("threshold", "precision", "recall")


def build_boxes(found: Mapping[str, Any]) -> list[RenderableType]:
    """Return tables of average precision by class and by size, and sentences on what they leave out.

    `found` is what `metrics.box_figures` describes.
    """
    rows, sizes = found["classes"], found["sizes"]
    classes = FittedTable(
        [
            Column("class", [str(row["class"]) for row in rows]),
            Column("boxes", [format_whole(row["boxes"]) for row in rows], numeric=True),
            Column("AP", [format_figure(row["average_precision"]) for row in rows], numeric=True),
            Column("95 %", [format_interval(row["interval"]) for row in rows], numeric=True),
            Column("AP 50", [format_figure(row["average_precision_50"]) for row in rows], numeric=True),
            *(Column(name, [format_figure(row[name]) for row in rows], numeric=True) for name in _AT_THRESHOLD),
        ]
    )
    by_size = FittedTable(
        [
            Column("size", [row["size"] for row in sizes]),
            Column("boxes", [format_whole(row["boxes"]) for row in sizes], numeric=True),
            Column("AP", [format_figure(row["average_precision"]) for row in sizes], numeric=True),
            Column("95 %", [format_interval(row["interval"]) for row in sizes], numeric=True),
            Column("AR", [format_figure(row["average_recall"]) for row in sizes], numeric=True),
        ]
    )
    parts: list[RenderableType] = [classes, by_size]
    if lacking := [str(row["class"]) for row in rows if not row["boxes"]]:
        parts.append(Text(f"no box of {first_names(lacking, _NAMES_SHOWN)} is there, so the means leave it out"))
    if own := found.get("at_own_limit"):
        parts.append(
            Text(
                f"figures are of at most {found['limit']} detections of a class in a picture, as COCO has it; with "
                f"{own['limit']} mean average precision is {format_figure(own['mean_average_precision'])}"
            )
        )
    return parts
