from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.comparison.compare import compare_runs, read_histories
from kerastune_ft.reporting.page.comparison import render_comparison
from tests.support.compared_runs import change, write_folds, write_model
from tests.support.run_files import write_run


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("compared")
    found = [write_model(folder / f"chest-{draw}", draw, settings={"seed": draw}) for draw in range(3)]
    for path in found:
        rows = {f"class <{number}>": {"f1": number / 50, "examples": 9} for number in range(40)}
        change(path, "metrics.json", classes={"test": rows})
    return found


def render(paths: list[Path]) -> str:
    return render_comparison(compare_runs(paths), read_histories(paths))


def test_the_page_is_whole_and_stands_alone(paths: list[Path]) -> None:
    page = render(paths)
    assert "<script" not in page and not re.search(r"(src|href)=\"(?!#|data:)", page)
    assert page.count("<svg") == 2, "curves for wide and for narrow screens"
    for text in ("3 runs compared", "chest-1", "McNemar", "runs that differ in the seed alone", "the other 10 classes"):
        assert text in page
    assert "class &lt;1&gt;" in page and "class <1>" not in page
    assert page.count("<table") == page.count("</table>")


def test_runs_that_never_began_have_a_page_without_curves(tmp_path: Path) -> None:
    made: list[Path] = []
    for name in ("a", "b"):
        run = write_run(tmp_path / name, state="failed")
        for file in ("metrics.json", "history.csv"):
            (run / file).unlink()
        made.append(run)
    document: Any = compare_runs(made)
    page = render_comparison(document, read_histories(made))
    assert "<svg" not in page and "No run has metrics yet." in page and "none has metrics yet" in page


def test_cross_validations_have_their_folds_and_no_empty_table_of_phases(tmp_path: Path) -> None:
    page = render([write_folds(tmp_path / "a", 1), write_folds(tmp_path / "b", 2)])
    assert "<h3>out of fold</h3>" in page and "<h3>Fold by fold</h3>" in page and "Nadeau and Bengio" in page
    assert 'id="phases"' not in page and "#phases" not in page
    assert "accuracy out of fold, McNemar" in page
    assert 'id="phases"' in render([write_model(tmp_path / "c", 1), write_folds(tmp_path / "d", 2)])
