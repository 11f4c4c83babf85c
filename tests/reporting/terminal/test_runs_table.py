from __future__ import annotations

from rich.console import Console

from kerastune_ft.reporting.terminal.runs_table import build_runs_table

ROW = {
    "run": "runs/base", "state": "done", "phase": "top", "epoch": 4, "data": "photos", "backbone": "VGG16, imagenet",
    "monitor": "validation_macro_f1", "value": 0.75, "test": {"macro_f1": 0.5}, "started": "2025-03-01T09:00:00+00:00",
    "seconds": 61.0,
}  # fmt: skip


def show(*rows: dict) -> str:
    console = Console(width=200)
    with console.capture() as captured:
        console.print(build_runs_table(rows))
    return captured.get()


def test_a_row_tells_where_the_run_is_and_how_good_it_was() -> None:
    (line,) = (line for line in show(ROW).splitlines() if "photos" in line)
    for cell in (
        "base",
        "done",
        "top 4",
        "photos",
        "VGG16",
        "macro F1",
        "0.7500",
        "0.5000",
        "2025-03-01 09:00",
    ):
        assert cell in line
    assert "imagenet" not in line
    assert "1 min 01 s" in line and "training" in show(ROW) and "seconds" not in show(ROW)


def test_what_is_not_there_yet_is_a_dash() -> None:
    new = {**ROW, "phase": None, "epoch": None, "monitor": None, "value": None, "test": None, "seconds": None}
    assert show(new).count("–") >= 4  # noqa: RUF001
