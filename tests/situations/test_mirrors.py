"""A machine that is taken away in the middle of an epoch: the next one goes on from the mirror, to the last bit."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import kerastune_ft as kt
from tests.support import tiny_run
from tests.support.processes import hold_at, run_program, start_program, wait_until


@pytest.mark.slow
def test_a_run_whose_machine_is_gone_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:
    document = tiny_run.document(tiny_run.write_data(tmp_path / "data.npz"))
    document["output"]["mirror"] = str(tmp_path / "drive")
    (tmp_path / "tiny.json").write_text(json.dumps(document))
    whole = ("run", "tiny.json", "--set", "output.mirror=null", "--run-dir", "whole")
    assert run_program(tmp_path, *whole).code == 0

    steps = [f"tiny-1/phases/00-head/checkpoint/{step:09d}.safetensors" for step in (2, 4)]
    mirrored = tmp_path / "drive" / steps[0]
    with (
        hold_at(tmp_path / "runs" / steps[1]) as hold,
        start_program(tmp_path, "run", "tiny.json", variables=hold.variables) as process,
    ):
        wait_until(mirrored.exists, process)
    shutil.rmtree(tmp_path / "runs")
    shutil.rmtree(tmp_path / "cache")
    # It is still said to be written by the process that was killed, which this machine can see is gone.
    assert (tmp_path / "drive" / "tiny-1" / ".lock.json").exists()

    resumed = run_program(tmp_path, "run", "tiny.json")
    assert resumed.code == 0, resumed.text
    assert "copied back from" in resumed.err and "going on after step 2" in resumed.err
    assert tiny_run.results(tmp_path / "runs" / "tiny-1") == tiny_run.results(tmp_path / "whole")

    copy = tmp_path / "drive" / "tiny-1"
    assert tiny_run.results(copy) == tiny_run.results(tmp_path / "whole")
    run = kt.open_run(copy)
    assert run.metrics["test"] == run.evaluate()
    assert kt.verify(copy).holds
