from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from kerastune_ft.comparison.compare import compare_runs
from kerastune_ft.reporting.comparison_words import name_runs
from kerastune_ft.reporting.terminal import comparison_tables as tables
from tests.support.compared_runs import change, write_model
from tests.support.run_files import write_run


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("compared")
    paths = [write_model(folder / f"chest-{draw}", draw, settings={"seed": draw}) for draw in range(3)]
    for path in paths:
        change(path, "metrics.json", classes={"test": {"viral": {"f1": 0.5, "examples": 9}}})
    begun = write_run(folder / "begun", state="interrupted")
    (begun / "metrics.json").unlink()
    return compare_runs([*paths, begun])


def render(document: dict[str, Any], width: int) -> str:
    console = Console(width=width, file=io.StringIO(), color_system=None, force_terminal=False)
    console.print(tables.build_comparison_tables(document))
    return console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_it_fits_the_terminal_and_says_what_gave_way(document: dict[str, Any], width: int) -> None:
    text = render(document, width)
    assert max(map(len, text.splitlines())) <= width
    assert "chest-1" in text and "verdict" in text and "McNemar" in text and "seed" in text
    assert ("without on validation" in text) == (width == 60)


def test_a_metric_has_a_row_for_each_run(document: dict[str, Any]) -> None:
    names = name_runs(document)
    rows = tables.list_metric_rows(document, names)
    assert [(row["metric"], row["run"]) for row in rows[:4]] == [
        ("loss", "chest-0"), ("", "chest-1"), ("", "chest-2"), ("", "begun"),
    ]  # fmt: skip
    assert rows[0]["difference"] == "" and rows[1]["difference"][0] in "+−±"  # noqa: RUF001
    assert rows[3]["test"] == "–" and rows[3]["difference"] == ""  # noqa: RUF001


def test_settings_are_listed_by_value(document: dict[str, Any]) -> None:
    rows = tables.list_setting_rows(document, name_runs(document))
    assert [(row["key"], row["value"], row["runs"]) for row in rows if row["key"] in ("seed", "")][:3] == [
        ("seed", "0", "chest-0"), ("", "1", "chest-1"), ("", "2", "chest-2"),
    ]  # fmt: skip


def test_nothing_measured_has_no_metrics_table(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (write_run(tmp_path / name, state="failed") / "metrics.json").unlink()
    found = compare_runs([tmp_path / "a", tmp_path / "b"])
    assert tables.list_metric_rows(found, name_runs(found)) == []
    assert "is not finished (failed)" in " ".join(render(found, 100).split())


def test_many_runs_have_no_columns_of_classes(document: dict[str, Any]) -> None:
    names = name_runs(document)
    assert tables.list_class_rows(document, names)[0]["class"] == "viral"
    row = {"class": "viral", "examples": 9, "values": {f"r{number}": 0.5 for number in range(9)}}
    assert tables.list_class_rows({**document, "classes": {"figure": "f1", "rows": [row]}}, names) == []
