from __future__ import annotations

from kerastune_ft.data.source import SkippedFile
from kerastune_ft.inspection.contents.base import CONSTANT, ODD, SMALL, Copy, Fault
from kerastune_ft.inspection.contents.several import SharedPart
from kerastune_ft.inspection.findings import Example
from kerastune_ft.inspection.labels.base import Suspect
from kerastune_ft.inspection.reporter import Reporter

EXAMPLES = [Example(f"{number}.png", split, "a", None, "") for number, split in enumerate(["train"] * 4 + ["test"] * 2)]
REPORT = Reporter(EXAMPLES)


def test_copies_that_cross_splits_come_first() -> None:
    found = REPORT.near([Copy(0, 1, 0.99), Copy(2, 5, 0.8), Copy(3, 4, 0.9)], 0.75, "likeness")
    assert found is not None
    assert [row.positions for row in found.rows] == [(3, 4), (2, 5), (0, 1)]
    assert found.detail == (
        "2 of 3 pairs in several splits, where they flatter (2 in train and test); from a likeness of 0.75 on"
    )
    exact = REPORT.exact([[0, 1, 2]])
    assert exact is not None
    assert (exact.count, exact.detail) == (2, "none in two splits (1 set)")


def test_what_is_not_there_is_no_finding() -> None:
    assert [
        REPORT.exact([]), REPORT.near([], 1, ""), REPORT.conflicts([], []), REPORT.suspects([]), REPORT.suspects(None),
        REPORT.between_groups([]), REPORT.unreadable([]), REPORT.flat([]), REPORT.sizes([]), REPORT.outliers([]),
    ] == [None] * 10  # fmt: skip


def test_the_others_count_by_split() -> None:
    faults = [Fault(0, CONSTANT, "x"), Fault(4, SMALL, "y"), Fault(5, ODD, "z")]
    found = [REPORT.flat(faults), REPORT.sizes(faults), REPORT.outliers([(1, 3.0)])]
    assert [(each.count, each.detail) for each in found if each] == [
        (1, "1 in train"),
        (2, "2 in test"),
        (1, "1 in train"),
    ]
    suspects = REPORT.suspects([Suspect(0, "a", "b", 1.0, "p", True), Suspect(4, "a", "b", 0.7, "p", False)])
    assert suspects is not None
    assert suspects.detail == "33.3 % of 6, nearly certain 1; 1 in train, 1 in test"
    damaged = REPORT.unreadable(
        [SkippedFile("x.png", "cut short: 3 bytes"), SkippedFile("y.png", "cut short: 4 bytes")]
    )
    assert damaged is not None
    assert (damaged.detail, damaged.rows[0].words) == ("2 cut short", "x.png: cut short: 3 bytes")
    conflicts = REPORT.conflicts([[0, 1], [2, 3]], [[0, 1]])
    assert conflicts is not None
    assert [row.words for row in conflicts.rows] == ["exact copies", "near copies"]


def test_shared_parts_are_told_by_part() -> None:
    shared = [SharedPart("image", (0, 4), "the same in 2 examples"), SharedPart("text", (1, 5), "nearly the same", 0.8)]
    found = REPORT.shared_parts(shared)
    assert found is not None and found.is_fault
    assert (found.count, [row.words for row in found.rows]) == (
        2,
        ["image: the same in 2 examples", "text: nearly the same"],
    )
    assert found.detail.startswith("image: 1 of 1 set in several splits") and "; text: 1 of 1 set" in found.detail
    assert "data.group" in found.advice
    assert REPORT.shared_parts([]) is None


def test_what_is_not_left_out_is_only_to_be_looked_at() -> None:
    faults = [Fault(0, CONSTANT, "x")]
    found = [REPORT.flat(faults), REPORT.flat(faults, faults), REPORT.flat(faults, [])]
    assert ["exclude.csv" in each.advice for each in found if each] == [True, True, False]
