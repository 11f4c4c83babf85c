from __future__ import annotations

from kerastune_ft.reporting.terminal.profile_table import build_profile_table, list_parts

DOCUMENT = {
    "seconds": 10.0,
    "parts": {"start": 2.0, "phases": 6.0, "other": 2.0},
    "phases": [{"name": "head", "seconds": 6.0, "steps": 7, "parts": {"reading": 1.5, "step": 4.5}, "trace": None}],
}


def test_phases_stand_in_their_place_with_the_largest_part_first() -> None:
    assert [(row["phase"], row["part"], row["share"]) for row in list_parts(DOCUMENT)] == [
        ("", "start", 0.2), ("head", "7 steps", 0.6), ("head", "step", 0.75), ("head", "reading", 0.25),
        ("", "other", 0.2),
    ]  # fmt: skip
    assert build_profile_table(DOCUMENT) is not None
