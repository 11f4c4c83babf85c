from __future__ import annotations

from kerastune_ft.inspection.contents.base import Copy
from kerastune_ft.inspection.findings import FAULTS, OF_WRITTEN, Example
from kerastune_ft.inspection.written_reporter import WrittenReporter

SPLITS = ("train", "train", "test", "train")
REPORT = WrittenReporter([Example(str(number), split, "", None, "") for number, split in enumerate(SPLITS)])


def test_what_is_in_several_splits_comes_first_and_is_counted() -> None:
    answers = REPORT.several_answers([[0, 1], [2, 3]])
    assert answers is not None
    assert [row.positions for row in answers.rows] == [(2, 3), (0, 1)]
    assert answers.detail == "4 examples; 1 in several splits, where they may flatter"
    alike = REPORT.like_prompts([Copy(0, 1, 0.9), Copy(1, 2, 0.8)], "share")
    assert alike is not None
    assert [(row.positions, row.words) for row in alike.rows] == [((1, 2), "share 0.80"), ((0, 1), "share 0.90")]


def test_nothing_is_no_finding_and_none_of_them_is_a_fault() -> None:
    assert [REPORT.several_answers([]), REPORT.like_prompts([], "share"), REPORT.echoes([])] == [None] * 3
    assert not OF_WRITTEN & FAULTS
