from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.doctor.probe import Probe
from kerastune_ft.doctor.selftest import selftest
from kerastune_ft.doctor.selftest.processes import Ended
from kerastune_ft.doctor.selftest.promises import BROKEN, HOLDS, NOT_TRIED, Row
from kerastune_ft.doctor.selftest.samples import SAMPLES
from kerastune_ft.doctor.selftest.selftest import AGAIN, ALL, FROZEN, MODEL, REPLICAS, RESUME, STORE, Devices, Verdicts
from kerastune_ft.errors import ConfigError

CPU = Devices("CPU", "CPU", 2, "CPU")
PARTS: dict[str, Any] = {"tensorflow": {}, "keras": {}, "keras_hub": {}}


def gpus(number: int) -> Probe:
    return Probe({**PARTS, "gpus": [{"name": "A100", "capability": "8.0"}] * number})


def test_what_is_there_is_compared_with_one_of_it() -> None:
    assert selftest.choose_devices(gpus(0)) == CPU and selftest.choose_devices(gpus(0), 4).count == 4
    one = selftest.choose_devices(gpus(1))
    assert (one.kind, one.split, one.variables) == ("GPU", "CPU", {"CUDA_VISIBLE_DEVICES": "-1"})
    several = selftest.choose_devices(gpus(4))
    assert (several.name, several.count, several.split, several.variables) == ("4 x A100", 4, "GPU", {})
    assert several.many == {"replicas": 4} and several.one == {"replicas": 1}


def test_a_tpu_is_compared_with_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kerastune_ft.training.devices.tpu.is_there", lambda: True)
    monkeypatch.setattr("kerastune_ft.training.devices.tpu.obstacle", lambda: "")
    found = selftest.choose_devices(gpus(0))
    assert (found.kind, found.one, found.many) == ("TPU", {}, {"strategy": "none"}) and found.bounds.repeated > 0


def test_more_replicas_than_gpus_and_a_broken_tensorflow_are_refused() -> None:
    with pytest.raises(ConfigError, match="8 asked for, and there are 2 GPUs"):
        selftest.choose_devices(gpus(2), 8)
    with pytest.raises(ConfigError, match="SIGILL; python -m kerastune_ft doctor"):
        selftest.choose_devices(Probe(failure="TensorFlow ended by SIGILL"))


def test_on_a_cpu_nothing_but_sums_in_another_order_may_differ() -> None:
    assert (CPU.bounds.repeated, CPU.bounds.divided) == (0, 1e-4)


def prove(monkeypatch: pytest.MonkeyPatch, devices: Devices, tried: Sequence[str] = ALL) -> dict[str, list[str]]:
    """Return the work of each process by its name."""
    started: dict[str, list[str]] = {}

    def run_process(folder: Path, name: str, work: Sequence[Mapping[str, Any]], *rest: Any) -> Ended:
        started[name] = [str(each.get("run") or f"open {each['open']}") for each in work]
        return Ended(-signal.SIGKILL if any("kill_at" in each for each in work) else 0, "")

    monkeypatch.setattr(selftest, "run_process", run_process)
    selftest.prove(devices, "", tried=tried, samples=SAMPLES[:1])
    return started


def test_every_promise_has_its_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert prove(monkeypatch, CPU) == {
        "reference": ["images-reference", "images-unstored"],
        "killed-images": ["images-killed"],
        "killed-images-again": ["images-killed"],
        "again": ["images-again", "open images-reference"],
        "many": ["images-many"],
    }
    assert prove(monkeypatch, CPU, [FROZEN]) == {"reference": ["images-reference"]}
    alone = prove(monkeypatch, selftest.choose_devices(gpus(1)), [REPLICAS])
    assert alone == {"reference": ["images-reference"], "many": ["images-many"], "one": ["images-one"]}


def test_what_has_no_results_is_broken_and_ends_with_5(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selftest, "run_process", lambda *arguments: Ended(1, "no memory"))
    verdicts = selftest.prove(CPU, "")
    assert verdicts.exit_code == 5 and {row.verdict for row in verdicts.rows} == {BROKEN}


def test_the_block_names_what_is_broken_and_fits_a_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    rows = [
        Row("store on = off", "BERT", HOLDS, "5 epochs", 0.0, 0.0),
        Row("N devices = 1", "BERT", BROKEN, "5 epochs", 0.25, 1e-4, "most in weights; of /home/ann/x"),
        Row("saved = measured", "BERT", NOT_TRIED),
    ]
    verdicts = Verdicts(rows, CPU, "tensorflow 2.21.0", 61.2)
    lines = str(verdicts).splitlines()
    assert lines[0] == "```text" and lines[-1] == "```" and lines[1:3] == ["selftest on CPU, 61 s", "tensorflow 2.21.0"]
    assert " ".join(lines[4].split()) == "store on = off BERT 5 epochs 0 0 holds"
    assert lines[5].split()[-3:] == ["2.5e-01", "1.0e-04", "broken"]
    assert "N devices = 1, BERT: most in weights; of ~/x" in lines and lines[-2] == "broken: N devices = 1"
    document = verdicts.to_json()
    assert document["holds"] is False and document["rows"][1]["detail"].endswith("~/x")
    assert Verdicts(rows[:1], CPU, "", 1.0).exit_code == 0


BREAKS = {
    "frozen": (FROZEN, "1 frozen variables changed while training"),
    "frozen_unseen": (FROZEN, "most in variables"),
    "store": (STORE, "most in"),
    "resume": (RESUME, "most in"),
    "resume_from_start": (RESUME, "begun anew"),
    "again": (AGAIN, "most in"),
    "model": (MODEL, "most in predictions"),
    "replicas": (REPLICAS, "most in"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BREAKS)
def test_a_promise_that_is_broken_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    promise, words = BREAKS[name]
    monkeypatch.setenv("BREAK", name)
    program = "tests.support.breaking_child"
    verdicts = selftest.prove(CPU, "", tried=[promise], samples=SAMPLES[:1], program=program)
    (row,) = verdicts.rows
    assert row.verdict == BROKEN and words in row.detail, verdicts
    # Far above what rounding could do, so that no tolerance hides it.
    assert row.difference is None or row.difference > 3e-3, row


@pytest.mark.slow
@pytest.mark.parametrize("replicas", [2, 4])
def test_all_promises_hold_here_and_nothing_is_left(
    replicas: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    verdicts = selftest.prove(Devices("CPU", "CPU", replicas, "CPU"), "", tried=ALL if replicas == 2 else [REPLICAS])
    assert verdicts.exit_code == 0, verdicts
    assert all(row.verdict == HOLDS for row in verdicts.rows), verdicts
    assert list(tmp_path.iterdir()) == []
