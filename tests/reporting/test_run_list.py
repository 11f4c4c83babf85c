"""The list of runs, from files as runs leave them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kerastune_ft import runs
from kerastune_ft.cli.commands import main
from kerastune_ft.errors import ConfigError


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(name: str, started: str = "2025-03-01T09:00:00+00:00", **manifest: Any) -> Path:
    run = Path("runs") / name
    run.mkdir(parents=True)
    (run / "config.json").write_text(
        json.dumps(
            {"data": {"kind": "folder", "path": "x/photos"}, "backbone": {"name": "VGG16", "weights": "imagenet"}}
        )
    )
    phase = {"name": "top", "monitor": "validation_auc", "best": {"validation_auc": 0.75}, "seconds": 61.0}
    about = {"state": "done", "started": started, "phase": "top", "epoch": 4, "phases": [phase], **manifest}
    (run / "manifest.json").write_text(json.dumps(about))
    (run / "metrics.json").write_text(json.dumps({"test": {"loss": 0.5, "auc": 0.7}}))
    return run


def test_a_row_tells_state_monitor_and_test_metrics() -> None:
    write("photos-1")
    (row,) = runs()
    assert row == {
        "run": "runs/photos-1", "state": "done", "phase": "top", "epoch": 4, "data": "photos",
        "backbone": "VGG16, imagenet", "monitor": "validation_auc", "value": 0.75, "test": {"loss": 0.5, "auc": 0.7},
        "started": "2025-03-01T09:00:00+00:00", "seconds": 61.0, "message": None,
    }  # fmt: skip


def test_the_newest_is_last_and_numbers_are_numbers() -> None:
    write("b-1", "2025-03-02T09:00:00+00:00")
    for number in (10, 9):
        write(f"a-{number}")
    assert [Path(row["run"]).name for row in runs("runs")] == ["a-9", "a-10", "b-1"]


@pytest.mark.parametrize(
    ("file", "content"), [("manifest.json", '{"state": '), ("metrics.json", "[]"), ("manifest.json", "\xff")]
)
def test_a_damaged_run_is_named_and_the_others_are_listed(file: str, content: str) -> None:
    (write("a-1") / file).write_bytes(content.encode("latin-1"))
    write("a-2")
    by_name = {Path(row["run"]).name: row for row in runs()}
    assert (by_name["a-1"]["state"], by_name["a-2"]["state"]) == ("damaged", "done")
    assert by_name["a-1"]["message"]
    result = CliRunner().invoke(main, ["runs"])
    assert result.exit_code == 0
    assert "runs/a-1: " in result.stdout


def test_a_manifest_of_the_wrong_shape_is_damage_too() -> None:
    write("a-1", phases=[{"best": 3, "monitor": "x"}])
    write("a-2", phases="none")
    assert [row["state"] for row in runs()] == ["damaged", "damaged"]


@pytest.mark.parametrize(
    ("owner", "state"),
    [
        (None, "interrupted"),
        ({"process": os.getpid(), "host": os.uname().nodename}, "running"),
        ({"process": 2**22 + 1, "host": os.uname().nodename}, "interrupted"),
        ({"process": 1, "host": "another"}, "running"),
    ],
)
def test_a_run_is_running_while_its_process_lives(owner: dict[str, Any] | None, state: str) -> None:
    run = write("a-1", state="running")
    if owner:
        (run / ".lock.json").write_text(json.dumps(owner))
    assert runs()[0]["state"] == state


def test_what_has_just_begun_is_listed() -> None:
    run = write("a-1", state="running", phases=[], phase=None, epoch=None)
    (run / "metrics.json").unlink()
    (row,) = runs()
    assert (row["monitor"], row["value"], row["test"], row["seconds"]) == (None, None, None, None)
    assert CliRunner().invoke(main, ["runs"]).exit_code == 0


def test_other_folders_are_no_runs_and_a_run_itself_is_one() -> None:
    write("a-1")
    Path("runs/notes").mkdir()
    assert len(runs()) == 1
    assert len(runs("runs/a-1")) == 1


def test_the_command_prints_a_table_or_json() -> None:
    write("a-1")
    text = CliRunner().invoke(main, ["runs"]).stdout
    assert "AUC" in text and "0.7500" in text and "0.7000" in text and "1 min 01 s" in text
    assert json.loads(CliRunner().invoke(main, ["runs", "--json"]).stdout) == runs()


def test_no_directory_is_exit_2_and_an_empty_one_is_said() -> None:
    with pytest.raises(ConfigError, match="is no directory"):
        runs("nowhere")
    Path("runs").mkdir()
    assert "no runs in runs" in CliRunner().invoke(main, ["runs"]).stdout


def test_a_run_of_somebody_else_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    write("a-1")
    write("b-1")
    real = Path.is_file

    def is_file(path: Path) -> bool:
        if path.parent.name == "b-1":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    # Whoever runs the tests as root may read everything.
    monkeypatch.setattr(Path, "is_file", is_file)
    assert [row["run"] for row in runs("runs")] == ["runs/a-1", "runs/b-1"]


def test_the_epoch_of_a_killed_run_is_that_of_its_last_event() -> None:
    run = write("a-1", state="running", epoch=1)
    events = [{"event": "epoch", "phase": "head", "epoch": 2}, {"event": "epoch", "phase": "top", "epoch": 3}]
    (run / "events.jsonl").write_text("\n".join(map(json.dumps, events)) + '\n{"event": "epo')
    (row,) = runs()
    assert (row["state"], row["phase"], row["epoch"]) == ("interrupted", "top", 3)
    (run / "events.jsonl").write_text("")
    assert runs()[0]["epoch"] == 1
    done = write("a-2", "2025-03-02T09:00:00+00:00")
    (done / "events.jsonl").write_text(json.dumps(events[0]))
    assert runs()[1]["epoch"] == 4


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"kind": "keras_hub", "preset": "bert_tiny_en_uncased", "class": None}, "bert_tiny_en_uncased"),
        ({"kind": "keras_hub", "preset": None, "class": "BertBackbone"}, "BertBackbone"),
    ],
)
def test_a_backbone_of_keras_hub_is_named_by_its_preset_or_class(options: dict[str, Any], name: str) -> None:
    run = write("a")
    (run / "config.json").write_text(json.dumps({"backbone": options}))
    assert [row["backbone"] for row in runs("runs")] == [name]
