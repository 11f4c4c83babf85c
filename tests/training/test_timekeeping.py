"""The times of a run in events.jsonl: in order, with what the report needs."""

from __future__ import annotations

import json
from pathlib import Path

from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.timekeeping import Timekeeper


def test_every_event_says_how_long_the_process_worked(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "r")
    keeper = Timekeeper(run)
    keeper.run_started("r", {}, {})
    keeper.add_time("features", 2.34567)
    keeper.run_done("interrupted", "stopped", {})
    events = [json.loads(line) for line in (tmp_path / "r" / "events.jsonl").read_text().splitlines()]
    assert [event["event"] for event in events] == ["started", "spent", "ended"]
    assert (events[1]["part"], events[1]["seconds"], events[2]["state"]) == ("features", 2.346, "interrupted")
    assert 0 <= events[0]["cpu"] <= events[1]["cpu"] <= events[2]["cpu"]
    assert 0 <= events[0]["elapsed"] <= events[1]["elapsed"] <= events[2]["elapsed"]
