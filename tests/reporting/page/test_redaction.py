from __future__ import annotations

from kerastune_ft.reporting.page import redaction


def test_withholding_takes_paths_and_unknown_quotes_and_keeps_the_rest() -> None:
    text = 'a/b c.png of "P-7" and "viral" in 0.15 s, see C:\\data\\x'
    assert redaction.withhold(text, {"viral"}) == (
        '(left out) (left out) of (left out) and "viral" in 0.15 s, see (left out)'
    )


def test_group_ids_in_brackets_are_withheld_and_shares_are_not() -> None:
    text = "2 groups are in more than one split (P-1, 17 and 3 more); 17 kept whole (viral: train 1.0 %, test 2.0 %)"
    assert redaction.withhold(text, {"viral"}, {"P-1", "17"}) == (
        "2 groups are in more than one split (left out); 17 kept whole (viral: train 1.0 %, test 2.0 %)"
    )
