"""Whole time and its parts, added up over the processes of a run."""

from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.reporting.page import time_spent

PHASES = [{"name": "head", "seconds": 10.0}, {"name": "top", "seconds": None}]


def at(second: int, event: str, **fields: Any) -> dict[str, Any]:
    return {"time": f"2026-01-01T00:00:{second:02d}+00:00", "event": event, **fields}


ONE = [
    at(5, "started", elapsed=5.0),
    at(8, "spent", part="features", seconds=2.5, elapsed=8.0),
    at(18, "epoch", phase="head", epoch=1),
    at(20, "spent", part="evaluation", seconds=1.5, elapsed=20.0),
    at(21, "spent", part="saving", seconds=0.75, elapsed=21.0),
]


def parts(found: Any) -> dict[str, float]:
    return {row["part"]: row["seconds"] for row in found["parts"]}


def test_parts_and_the_rest_make_up_the_whole() -> None:
    found = time_spent.sum_time(ONE, PHASES)
    assert found is not None
    assert (found["whole"], found["starts"], found["complete"]) == (21.0, 1, True)
    known = {"start": 5.0, "features": 2.5, "phase head": 10.0, "evaluation": 1.5}
    assert parts(found) == {**known, "saving": 0.75, "all else": pytest.approx(21 - 19.75)}
    assert sum(row["share"] for row in found["parts"]) == pytest.approx(1)


def test_a_killed_process_counts_to_its_last_event_and_resumes_add_up() -> None:
    killed = [at(3, "started", elapsed=3.0), at(30, "epoch", phase="head", epoch=1)]
    again = [at(50, "started", elapsed=4.0), at(52, "ended", state="interrupted", elapsed=6.0)]
    found = time_spent.sum_time([*killed, *again, *ONE], PHASES)
    assert found is not None
    assert (found["whole"], found["starts"]) == (30.0 + 6.0 + 21.0, 3)
    assert parts(found)["start"] == 3 + 4 + 5
    # The last one may be at work, and the second said that it ended.
    assert found["killed"] == 1


def test_a_page_that_is_written_again_has_the_same_time() -> None:
    ended = [*ONE, at(23, "ended", state="done", elapsed=23.0)]
    assert time_spent.sum_time(ended, PHASES) == time_spent.sum_time(ONE, PHASES)


def test_what_an_earlier_version_did_is_not_made_up() -> None:
    assert time_spent.sum_time([at(1, "epoch", phase="head", epoch=1)], PHASES) is None
    found = time_spent.sum_time([at(1, "epoch", phase="head", epoch=1), *ONE], PHASES)
    assert found is not None and not found["complete"]
    assert "phase head" not in parts(found)
