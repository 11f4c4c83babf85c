"""A run whose directory and data are URIs, on TensorFlow's file system for `file://`: the same as on a plain path."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.processes import Outcome, run_named
from tests.support.tiny_run import EXAMPLES, results

# A dozen commands; what they rest on is tested by itself in test_storage and test_remote_data.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def place(folder: Path) -> Path:
    """The disk behind the bucket."""
    return folder / "bucket"


@pytest.fixture(scope="module")
def left(folder: Path, place: Path) -> dict[str, Outcome]:
    place.mkdir()
    bucket, data = f"file://{place}", f"file://{folder}/data.npz"
    run = f"{bucket}/runs/tiny-1"
    same = ("run", "tiny.json", "--set", f"data.path={data}", "--set", f"output.directory={bucket}/runs")
    words = {
        "head": (*same, "--until-phase", "head"),
        "rest": (*same,),
        "again": (*same, "--json"),
        "evaluate": ("evaluate", run, "--json"),
        "evaluate on data": ("evaluate", run, "--data", data, "--json"),
        "predict": ("predict", run, data, "--output", f"{bucket}/answers.csv"),
        "report": ("report", run, "--json"),
        "runs": ("runs", f"{bucket}/runs", "--json"),
        "units": ("units", run, "--json"),
        "fresh": (*same, "--run-dir", run, "--fresh", "--until-phase", "head", "--set", "phases.head.epochs=1"),
        "no data": (*same, "--set", f"data.path={bucket}/none.npz"),
        "no file system": (*same, "--set", "data.path=nope://bucket/data.npz"),
        "no file system for runs": ("run", "tiny.json", "--run-dir", "nope://bucket/run"),
        "no such run": ("evaluate", f"{bucket}/runs/tiny-7"),
    }
    return run_named(folder, words)


def test_a_run_in_a_bucket_is_bit_identical_to_one_on_a_disk(left: dict[str, Outcome], place: Path, base: Path) -> None:
    assert (left["head"].code, left["rest"].code) == (0, 0), left["head"].text + left["rest"].text
    assert "continues where it stopped" in left["rest"].err
    assert results(place / "runs" / "tiny-1.before-1") == results(base)


def test_its_logs_are_whole(left: dict[str, Outcome], place: Path, base: Path) -> None:
    run = place / "runs" / "tiny-1.before-1"
    events, plain = ((at / "events.jsonl").read_text().splitlines() for at in (run, base))
    kinds = [json.loads(line)["event"] for line in events]
    assert kinds.count("epoch") == [json.loads(line)["event"] for line in plain].count("epoch")
    log = (run / "log.txt").read_text()
    assert "phase head done" in log and "phase top done" in log
    assert not list(run.rglob(".partial-*"))


def test_it_is_evaluated_predicted_reported_and_listed(left: dict[str, Outcome], place: Path, base: Path) -> None:
    metrics = json.loads((base / "metrics.json").read_text())
    assert left["again"].json["metrics"] == {split: metrics[split] for split in ("validation", "test")}
    assert left["again"].json["run"] == f"file://{place}/runs/tiny-1"
    assert left["evaluate"].json["test"] == metrics["test"]
    assert left["evaluate"].json["intervals"] == metrics["intervals"]
    assert left["evaluate on data"].code == 0, left["evaluate on data"].text
    assert left["predict"].code == 0, left["predict"].text
    assert len((place / "answers.csv").read_text().splitlines()) == EXAMPLES + 1
    assert left["report"].json["state"] == "done"
    assert [(row["run"], row["state"]) for row in left["runs"].json] == [(f"file://{place}/runs/tiny-1", "done")]
    assert left["units"].json


def test_a_fresh_start_keeps_the_earlier_run(left: dict[str, Outcome], place: Path) -> None:
    assert left["fresh"].code == 0, left["fresh"].text
    assert f"the earlier run is kept in file://{place}/runs/tiny-1.before-1" in left["fresh"].err
    assert json.loads((place / "runs" / "tiny-1" / "manifest.json").read_text())["state"] == "interrupted"


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("no data", 3, "none.npz"),
        ("no file system", 3, "data.path: nope://bucket/data.npz cannot be reached: TensorFlow has no file system"),
        ("no file system for runs", 2, "nope://bucket/run"),
        ("no such run", 2, "tiny-7 is no run directory"),
    ],
)
def test_what_cannot_be_reached_is_one_sentence(left: dict[str, Outcome], command: str, code: int, said: str) -> None:
    outcome = left[command]
    assert outcome.code == code, outcome.text
    assert said in outcome.err and "Traceback" not in outcome.text
