"""Every second belongs to one part, and measuring changes nothing of a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import kerastune_ft
from kerastune_ft.errors import ConfigError
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.profiling import profile as profiling
from kerastune_ft.training.profiling.clock import FROZEN, READING, STEP, VALIDATION
from kerastune_ft.training.profiling.profile import FILE, FIRST, Profile
from tests.support.tiny_run import document, history, write_data
from tests.support.trained_runs import small_backbone


class Time:
    """A clock that stands still but where it is told to go on."""

    def __init__(self) -> None:
        self.now = 100.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    made = Time()
    monkeypatch.setattr(profiling, "time", made)
    monkeypatch.setattr(Profile, "_begin_trace", lambda self: None)
    return made


def read(run: RunDirectory) -> Any:
    return run.read_json(FILE)


def test_parts_within_parts_count_once(time: Time, tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    profile = Profile(run)
    time.now += 5
    profile.run_started("run", {}, {})
    profile.add_time("features", 2.0)
    time.now += 2
    profile.phase_started({"name": "head"}, 3)

    def batches() -> Any:
        for number in range(2):
            time.now += 1
            with profile.measure(FROZEN):
                time.now += 10
            yield number

    for _ in profile.iterate(READING, batches()):
        with profile.measure(STEP):
            time.now += 100
        time.now += 0.5
    with profile.measure(VALIDATION):
        time.now += 7
        with profile.measure(FROZEN):
            time.now += 3
    profile.step_done(5, None)
    profile.phase_done({})
    profile.run_done("done", "", {})
    found = read(run)
    (phase,) = found["phases"]
    assert phase["parts"] == {
        READING: 2.0, FROZEN: 20.0, FIRST: 100.0, STEP: 100.0, VALIDATION: 10.0, "other": 1.0,
    }  # fmt: skip
    assert (phase["seconds"], phase["steps"], phase["trace"]) == (233.0, 2, None)
    assert found["parts"] == {"start": 5.0, "features": 2.0, "phases": 233.0, "other": 0.0}
    assert found["seconds"] == 240.0


def test_a_run_that_fails_in_a_phase_is_written_down(time: Time, tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    profile = Profile(run)
    profile.phase_started({"name": "head", "refit": {"epochs": 1}}, 0)
    with pytest.raises(ValueError, match="no"), profile.measure(STEP):
        time.now += 4
        raise ValueError("no")
    profile.run_done("failed", "no", {})
    profile.close()
    (phase,) = read(run)["phases"]
    assert (phase["name"], phase["parts"][FIRST]) == ("refit of head", 4.0)


@pytest.mark.slow
def test_weights_history_and_metrics_are_the_same_with_and_without(tmp_path: Path) -> None:
    config = document(write_data(tmp_path / "data.npz")) | {"backbone": small_backbone(tmp_path)}
    plain = kerastune_ft.run(config, tmp_path / "plain")
    profiled = kerastune_ft.run(config, tmp_path / "profiled", profile=True)
    assert history(tmp_path / "plain") == history(tmp_path / "profiled")
    assert plain.metrics == profiled.metrics
    for phase in ("00-head", "01-top"):
        name = f"phases/{phase}/best.safetensors"
        assert (tmp_path / "plain" / name).read_bytes() == (tmp_path / "profiled" / name).read_bytes()
    traces = [phase["trace"] for phase in profiled.profile["phases"]]
    assert traces == ["profile/00-head", "profile/01-top"]
    for trace in traces:
        assert list((tmp_path / "profiled" / trace).rglob("*.xplane.pb"))
        events = json.loads((tmp_path / "profiled" / trace / "trace.json").read_text())["traceEvents"]
        assert {"step"} <= {event["name"] for event in events}
    assert [finding for check in kerastune_ft.verify(tmp_path / "profiled").checks for finding in check.findings] == []
    assert plain.profile == {}
    with pytest.raises(ConfigError, match=r"--profile: .* is finished"):
        kerastune_ft.run(config, tmp_path / "plain", profile=True)


def test_a_trace_that_could_not_begin_leaves_later_ones_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def start(folder: str) -> None:
        calls.append("start")
        if len(calls) == 1:
            raise RuntimeError("another profiler is running")

    monkeypatch.setattr("tensorflow.profiler.experimental.start", start)
    monkeypatch.setattr("tensorflow.profiler.experimental.stop", lambda: calls.append("stop"))
    profile = Profile(RunDirectory(tmp_path))
    for name in ("head", "top"):
        profile.phase_started({"name": name}, 0)
        for _ in range(7):
            with profile.measure(STEP):
                pass
        profile.phase_done({})
    assert calls == ["start", "start", "stop"]
