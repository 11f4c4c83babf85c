"""Which weights a phase leaves: those it began with where it did not improve, and a second try where it diverged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from kerastune_ft.api.training import run as train
from kerastune_ft.errors import DivergedError
from kerastune_ft.reporting import phase_results, run_files
from kerastune_ft.reporting.findings.gather import read_findings
from kerastune_ft.training.phase import restart
from kerastune_ft.training.phase.epochs import epoch
from kerastune_ft.verification.verify import verify
from tests.support.plain_net import describe_parts, write_parts
from tests.support.processes import run_program
from tests.support.same_runs import assert_equal
from tests.support.tiny_run import history

# A rate at which plain SGD leaves the range of float32 within a few steps.
TOO_HIGH = 1e32


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_parts(tmp_path_factory.mktemp("kept"))


def document(folder: Path, **second: Any) -> dict[str, Any]:
    """A head, then a phase of these options on the last unit, then one that goes on from there."""
    return {
        **describe_parts(folder, "kept"),
        "defaults": {"batch_size": 24, "epochs": 2, "optimizer": "sgd", "weight_decay": 0},
        "phases": [
            {"name": "head", "unfreeze": "none", "learning_rate": 0.1},
            {"name": "second", "unfreeze": {"last": 1}, "learning_rate": 0.01, **second},
            {"name": "third", "unfreeze": {"last": 1}, "learning_rate": 0.01, "epochs": 1},
        ],
        "output": {"checkpoint": {"every": {"steps": 1}}},
    }


def result(run: Path, phase: str) -> dict[str, Any]:
    return json.loads(next(run.glob(f"phases/*-{phase}/result.json")).read_text())


def weights(run: Path, phase: str) -> dict[str, np.ndarray]:
    return load_file(next(run.glob(f"phases/*-{phase}/best.safetensors")))


@pytest.fixture(scope="module")
def discarded(folder: Path) -> Path:
    """A run whose second phase makes things worse, and does not keep it; its monitor is not that of the head."""
    made = document(folder, keep_if_better=True, learning_rate=30.0, monitor="validation_macro_f1", clip_norm=1.0)
    made["phases"][2] |= {"start_from": "last", "keep_if_better": True}
    return train(made, run_dir=folder / "discarded").path


def test_what_did_not_improve_is_discarded(discarded: Path) -> None:
    second, before = result(discarded, "second"), weights(discarded, "head")
    assert second["kept"] is False
    assert second["best"]["validation_macro_f1"] <= second["start"]["metrics"]["validation_macro_f1"]
    left = weights(discarded, "second")
    assert all(np.array_equal(left[path], value) for path, value in before.items())
    assert second["moved"]["head"] > 0, "it trained"


def test_the_start_is_measured_as_the_phase_before_measured_it(discarded: Path) -> None:
    head = result(discarded, "head")["best"]
    assert result(discarded, "second")["start"]["metrics"] == pytest.approx(head, rel=1e-6)


def test_the_next_phase_goes_on_from_what_was_there(discarded: Path) -> None:
    """It starts from the last step, which was discarded as well."""
    start = result(discarded, "third")["start"]
    assert start == {**result(discarded, "second")["start"], "phase": "second", "epoch": 0}


def test_verification_and_reports_know_it(discarded: Path) -> None:
    assert verify(discarded).holds, str(verify(discarded))
    files = run_files.read(discarded)
    rows = {row["name"]: row for row in phase_results.summarise_phases(files.plan, files.manifest, files.history)}
    assert rows["second"]["discarded"] and not rows["third"]["discarded"]
    start = result(discarded, "second")["start"]["metrics"]
    assert rows["second"]["before"] == start["validation_macro_f1"]
    assert rows["third"]["before"] == start["validation_loss"], "what the third phase began with"
    assert "phase_discarded" in [finding["name"] for finding in read_findings(discarded)]
    assert "phase second not kept: best epoch" in (discarded / "log.txt").read_text()
    assert "not kept" in (discarded / "report/index.html").read_text()


@pytest.mark.parametrize("forged", ["kept", "weights"])
def test_verification_finds_what_was_forged(discarded: Path, tmp_path: Path, forged: str) -> None:
    copied = tmp_path / "run"
    shutil.copytree(discarded, copied)
    if forged == "kept":
        place = copied / "phases/01-second/result.json"
        place.write_text(json.dumps({**json.loads(place.read_text()), "kept": True}))
    else:
        shutil.copyfile(copied / "phases/02-third/best.safetensors", copied / "phases/01-second/best.safetensors")
    said = str(verify(copied))
    assert ("its weights were kept, and" if forged == "kept" else "are not what phase head left") in said


def test_a_phase_that_improves_is_kept(discarded: Path) -> None:
    third = result(discarded, "third")
    assert third["kept"] is True
    assert third["best"]["validation_loss"] < third["start"]["metrics"]["validation_loss"]
    assert any(
        not np.array_equal(weights(discarded, "second")[path], one) for path, one in weights(discarded, "third").items()
    )


@pytest.mark.slow
def test_what_is_discarded_on_two_replicas_is_discarded_on_one(folder: Path) -> None:
    """At a rate so low that no prediction changes: of equals what was there stays."""
    made = document(folder, keep_if_better=True, learning_rate=1e-5, monitor="validation_macro_f1", epochs=1)
    made["phases"][2]["start_from"] = "last"
    (folder / "two.json").write_text(json.dumps(made))
    done = run_program(folder, "run", "two.json", "--run-dir", "two", "--set", "runtime.replicas=2")
    assert done.code == 0, done.err
    one = train(made, run_dir=folder / "one").path
    assert [result(run, "second")["kept"] for run in (one, folder / "two")] == [False, False]
    assert_equal(one, folder / "two")


# Diverging


def diverging(folder: Path, retry: dict[str, Any], peak: float = TOO_HIGH) -> dict[str, Any]:
    made = document(folder, learning_rate={"peak": peak, "shape": "cosine"}, on_divergence=retry)
    return {**made, "phases": made["phases"][1:2]}


@pytest.fixture(scope="module")
def retried(folder: Path) -> Path:
    """A run whose second phase diverges twice: at its rate and at a thousand-million-millionth of it."""
    return train(
        diverging(folder, {"retry": 3, "factor": 1e-15}), run_dir=folder / "retried", until_phase="second"
    ).path


def test_the_phase_begins_again_at_lower_rates(folder: Path, retried: Path) -> None:
    second = result(retried, "second")
    assert [each["peak"] for each in second["retries"]] == pytest.approx([TOO_HIGH, TOO_HIGH * 1e-15])
    assert second["peak"] == pytest.approx(TOO_HIGH * 1e-30)
    assert all(each["step"] >= 1 and "became NaN or infinite" in each["reason"] for each in second["retries"])


@pytest.mark.slow
def test_it_trains_as_one_that_had_these_rates_at_once(folder: Path, retried: Path) -> None:
    second = result(retried, "second")
    low = diverging(folder, {"retry": 1}, second["peak"])
    other = train(low, run_dir=folder / "low").path
    assert all(np.array_equal(weights(other, "second")[path], one) for path, one in weights(retried, "second").items())
    assert history(other) == history(retried)
    assert verify(retried).holds


def test_the_run_says_what_it_tried(retried: Path) -> None:
    log = (retried / "log.txt").read_text()
    assert "phase second diverged at step" in log
    assert "(retry 2 of 3)" in log
    events = [json.loads(line) for line in (retried / "events.jsonl").read_text().splitlines()]
    assert [event["phase"] for event in events if event["event"] == "diverged"] == ["second", "second"]


@pytest.mark.slow
def test_killed_in_a_retry_it_goes_on_with_its_rates(
    folder: Path, retried: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, place = diverging(folder, {"retry": 3, "factor": 1e-15}), folder / "killed"

    class Killed(Exception):
        pass

    begun: list[int] = []
    begin_again, add_sums = restart.begin_again, epoch.add_sums

    def note(work: Any, *given: Any) -> None:
        begin_again(work, *given)
        begun.append(len(work.state.retries))

    def kill(work: Any, pending: list) -> None:
        add_sums(work, pending)
        if len(work.state.retries) == 2 and work.state.step == 2:
            work.checkpoints.wait()
            raise Killed

    monkeypatch.setattr(restart, "begin_again", note)
    monkeypatch.setattr(epoch, "add_sums", kill)
    with pytest.raises(Killed):
        train(made, run_dir=place)
    monkeypatch.setattr(epoch, "add_sums", add_sums)
    train(made, run_dir=place)
    assert begun == [1, 2], "no try was made again"
    assert result(place, "second")["retries"] == result(retried, "second")["retries"]
    assert history(place) == history(retried)
    assert all(np.array_equal(weights(place, "second")[path], one) for path, one in weights(retried, "second").items())


@pytest.mark.slow
def test_a_phase_that_diverges_at_every_rate_ends_the_run_and_says_so(folder: Path) -> None:
    made, place = diverging(folder, {"retry": 1, "factor": 0.5}), folder / "hopeless"
    with pytest.raises(DivergedError, match=r"began the phase again 1 time, .*: 1e\+32 \(at step .*, 5e\+31"):
        train(made, run_dir=place)
    manifest = json.loads((place / "manifest.json").read_text())
    assert (manifest["state"], manifest["exit_code"]) == ("failed", 4)
    # More retries may be allowed afterwards, and go on from those that were made.
    made["phases"][0]["on_divergence"] = {"retry": 3, "factor": 0.5}
    with pytest.raises(DivergedError, match="began the phase again 3 times"):
        train(made, run_dir=place)
