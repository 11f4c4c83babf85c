"""The table of ranked backbones at 80 columns, and the sentences below it."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from kerastune_ft.reporting.terminal.ranking_table import build_ranking_table, describe_ranking


def row(name: str, value: float | None, **more: Any) -> dict[str, Any]:
    return {
        "name": name, "backbone": {"kind": "applications", "name": name}, "origin": "named", "state": "tried",
        "why": "", "value": value, "interval": [value - 0.1, value + 0.1] if value else None, "loss": 0.5, "l2": 0.1,
        "seconds": 75.0, "store_bytes": 819_200, "weight_bytes": 2_100_000, "features": 256, **more,
    }  # fmt: skip


def ranking(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    best = rows[0]["backbone"] if rows and rows[0]["value"] else None
    return {
        "metric": "validation_accuracy", "direction": "max", "examples": {"train": 1680, "validation": 120},
        "seconds": 9.0, "backbones": list(rows), "best": best, "smallest_alike": None, **more,
    }  # fmt: skip


def test_the_table_fits_eighty_columns_with_all_figures() -> None:
    console = Console(width=80, file=io.StringIO(), color_system=None)
    console.print(build_ranking_table(ranking(row("MobileNet 0.25 (mobilenet_2_5_224_tf_no_top.h5)", 0.8417))))
    shown: io.StringIO = console.file  # type: ignore[assignment]
    lines = shown.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert all(word in shown.getvalue() for word in ("0.8417", "1m15s", "819.2 kB", "2.1 MB", "0.742 to 0.942"))


def test_what_was_not_tried_and_the_line_to_paste_follow() -> None:
    refused = row("Big", None, state="left out", why="no time was left")
    said = list(describe_ranking(ranking(row("Small", 0.9), refused, smallest_alike={"kind": "saved"})))
    assert said[0] == "left out: Big: no time was left"
    assert said[-1] == 'for the configuration: "backbone": {"kind": "applications", "name": "Small"}'
    assert any("1,680 examples" in line and "test split was not read" in line for line in said)
    assert any('"backbone": {"kind": "saved"}' in line for line in said)


def test_where_none_could_be_tried_the_remedy_is_said() -> None:
    assert list(describe_ranking(ranking(row("Big", None, state="not tried", why="gone"))))[-1].endswith("--candidate")
