"""Event files as TensorBoard itself reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft import run_logs
from kerastune_ft.config.options.trackers import Tensorboard
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.tracking.event_file import read_records
from kerastune_ft.tracking.sink import Begun, Point
from kerastune_ft.tracking.tensorboard import EventFiles, open_sink

BEGUN = Begun("tiny-1", "runs/tiny-1", {"seed": 3})


def write(folder: Path) -> None:
    first = open_sink(Tensorboard(), RunDirectory(folder))
    first.require()
    assert first.start(BEGUN) == {"folder": "tensorboard"}
    first.write([Point(step, float(step), {"train/loss": 1 / step}) for step in (1, 2, 3)])
    second = open_sink(Tensorboard(), RunDirectory(folder))
    second.start(BEGUN)
    second.forget_after(2)
    has = second.find_sent(0)
    assert [has("train/loss", step) for step in (1, 2, 3)] == [True, True, False]
    second.write([Point(3, 9.0, {"train/loss": 0.3}, {"phase/top": "**top**"})])
    second.finish("done")


def test_a_second_process_cuts_what_it_makes_again(tmp_path: Path) -> None:
    write(tmp_path)
    names = RunDirectory(tmp_path).list_files("tensorboard")
    records = [list(read_records((tmp_path / "tensorboard" / name).read_bytes())) for name in names]
    assert [[record.step for record in each if "train/loss" in record.tags] for each in records] == [[1, 2], [3]]
    # The record by which a TensorBoard that looks on forgets step 3 of the first process.
    assert [record.step for record in records[1] if not record.tags] == [0, 3]


def test_files_in_a_bucket_wait_for_the_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_logs, "is_remote", lambda path: True)
    run = RunDirectory(tmp_path)
    sink = EventFiles(run, "tensorboard")
    sink.start(BEGUN)
    sink.write([Point(1, 1.0, {"train/loss": 1.0})])
    assert run.list_files("tensorboard") == []
    run.update_manifest()
    (name,) = run.list_files("tensorboard")
    assert [record.step for record in read_records(run.read_bytes(f"tensorboard/{name}"))] == [0, 0, 1]
    assert not any(name.startswith("tensorboard") for name in (run.manifest() or {})["files"])


@pytest.mark.slow
def test_tensorboard_shows_every_step_once(tmp_path: Path) -> None:
    module = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    write(tmp_path)
    found = module.EventAccumulator(str(tmp_path / "tensorboard"))
    found.Reload()
    assert [(event.step, round(event.value, 4)) for event in found.Scalars("train/loss")] == [
        (1, 1),
        (2, 0.5),
        (3, 0.3),
    ]
    assert found.Tensors("phase/top")[0].tensor_proto.string_val == [b"**top**"]
