from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.verification.results.base import Table
from kerastune_ft.verification.results.several_classes import SeveralClassesCheck
from tests.support import label_run_files as files

LABELS = {"kind": "several", "names": list(files.CELLS)}


@pytest.fixture
def rows(tmp_path: Path) -> list[dict[str, str]]:
    written = files.of_test(files.write_multi_label(tmp_path / "r"))
    return [{key: shorten(key, value) for key, value in row.items()} for row in written]


def shorten(column: str, value: object) -> str:
    """Return a cell's text; probabilities of exactly 0 and 1 are a case of their own and left to one test."""
    return {"0.0": "0.01", "1.0": "0.99"}.get(str(value), str(value)) if column.startswith("prob") else str(value)


def test_metrics_of_the_ranking_are_left_out_where_a_probability_is_exactly_1(rows: list[dict[str, str]]) -> None:
    whole = SeveralClassesCheck().score(Table(rows, LABELS))
    assert set(whole) == {"loss", "accuracy", "macro_f1", "auc", "mean_average_precision"}
    rows[0]["probability_red"] = "1.0"
    assert set(SeveralClassesCheck().score(Table(rows, LABELS))) == {"loss", "accuracy", "macro_f1"}


def test_predictions_follow_from_the_thresholds(rows: list[dict[str, str]]) -> None:
    def wrong(thresholds: dict[str, float]) -> list[int]:
        found = SeveralClassesCheck().find_faults(Table(rows, LABELS, thresholds=thresholds))
        return [number for number, message in found if "by its probabilities" in message]

    assert wrong(files.THRESHOLDS) == []
    assert wrong(files.THRESHOLDS | {"red": 0.99}) == [
        number for number, row in enumerate(rows) if 0.5 <= float(row["probability_red"]) < 0.99
    ]


def test_a_loss_that_does_not_follow_is_found(rows: list[dict[str, str]]) -> None:
    (number, message) = next(SeveralClassesCheck().find_faults(Table(rows[:1], LABELS, thresholds=files.THRESHOLDS)))
    assert number == 0
    assert message.startswith("the loss is ")
