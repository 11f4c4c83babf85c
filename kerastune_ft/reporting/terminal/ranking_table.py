"""The table of backbones that were tried on a user's data, and the sentences below it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from kerastune_ft.config.options.byte_sizes import size_text
from kerastune_ft.durations import format_duration
from kerastune_ft.reporting.quantities import ABSENT, format_figure, format_plain
from kerastune_ft.reporting.terminal.fitting import Column, FittedTable

_LONGEST_NAME = 24


def build_ranking_table(ranking: Mapping[str, Any]) -> FittedTable:
    """Return the candidates that were tried, the best first; `ranking` is the JSON object of a ranking."""
    rows = [row for row in ranking["backbones"] if row["value"] is not None]
    metric = str(ranking["metric"])
    return FittedTable(
        [
            Column("backbone", [_shorten(row["name"]) for row in rows], style="bold"),
            Column(metric.removeprefix("validation_"), [format_figure(row["value"]) for row in rows], numeric=True),
            Column("95 %", [_format_interval(row["interval"]) for row in rows]),
            Column("time", [format_duration(row["seconds"]) for row in rows], numeric=True),
            Column("stored", [size_text(row["store_bytes"]) for row in rows], numeric=True),
            Column(
                "weights",
                [ABSENT if row["weight_bytes"] is None else size_text(row["weight_bytes"]) for row in rows],
                numeric=True,
            ),
        ],
    )


def _shorten(name: str) -> str:
    """Return a name without its middle where the table would be too wide for a terminal."""
    return name if len(name) <= _LONGEST_NAME else f"{name[:11]}…{name[-(_LONGEST_NAME - 12) :]}"


def _format_interval(ends: Any) -> str:
    """Return the ends with three decimals, or three significant digits: the comparison needs no more."""
    if not ends:
        return ABSENT
    return " to ".join(f"{end:.3f}" if abs(end) < 10 else format_plain(round(end, 1)) for end in ends)


def describe_ranking(ranking: Mapping[str, Any]) -> Iterator[str]:
    """Yield the sentences below the table: what was not tried and why, and the line to paste."""
    for row in ranking["backbones"]:
        if row["value"] is None:
            yield f"{row['state']}: {row['name']}: {row['why']}"
    best = ranking["best"]
    if best is None:
        yield "no backbone could be tried; name one with --candidate"
        return
    examples = ranking["examples"]
    yield (
        f"{ranking['metric']} of linear models on frozen features, fitted to {examples['train']:,} examples and "
        f"measured on {examples['validation']:,}, which also chose their L2 strength; the test split was not read. "
        "Fine-tuning may change the order."
    )
    if ranking["smallest_alike"] is not None:
        yield (
            "in the interval of the best, with fewer bytes of weights: "
            f'"backbone": {json.dumps(ranking["smallest_alike"])}'
        )
    yield f'for the configuration: "backbone": {json.dumps(best)}'
