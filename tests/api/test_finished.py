"""What is said where a run has no model, is damaged, in use, or may not be read."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kerastune_ft.api.finished import describe_use, explain_faults, find_damaged, find_damaged_figures, require_model
from kerastune_ft.cli.commands import main
from kerastune_ft.errors import ConfigError
from kerastune_ft.rundir import RunDirectory

EARLIER = Path(__file__).parents[1] / "conformance" / "earlier_runs" / "text_classification"
ODD = ("[]", "null", '"x"', "", "{", '{"test": [1], "phases": 3, "labels": [], "data": [1], "files": 4}')
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("verify",), ("evaluate",), ("predict", "a fine film"), ("report",), ("report", "--json"), ("runs",),
)  # fmt: skip


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    """A finished run, copied."""
    ignored = shutil.ignore_patterns("README.md")
    return RunDirectory(shutil.copytree(EARLIER, tmp_path / "run", ignore=ignored))


def give(command: tuple[str, ...], run: RunDirectory) -> tuple[int, str]:
    """Return exit code and all that a command on a run says."""
    done = CliRunner().invoke(main, [command[0], str(run), *command[1:]])
    return done.exit_code, done.output


@pytest.mark.parametrize("name", ["manifest.json", "plan.json", "metrics.json", "config.json"])
def test_no_damaged_file_is_a_fault_of_the_program(run: RunDirectory, name: str) -> None:
    for content in ODD:
        (run.path / name).write_text(content)
        # Metrics and configurations of any form are no part of a model.
        some = [
            each
            for each in COMMANDS
            if each[0] not in ("evaluate", "predict") or name in ("manifest.json", "plan.json")
        ]
        for command in some:
            code, said = give(command, run)
            assert code in (0, 2, 3, 5), (content, command, said)
            assert "unexpected" not in said


@pytest.mark.parametrize("name", ["plan.json", "model/model.keras", "model/labels.json"])
@pytest.mark.parametrize("command", [("evaluate",), ("predict", "a fine film")])
def test_a_model_that_is_not_what_the_run_wrote_is_not_used(
    run: RunDirectory, name: str, command: tuple[str, ...]
) -> None:
    (run.path / name).write_bytes((run.path / name).read_bytes().replace(b"a", b"b", 1))
    code, said = give(command, run)
    assert code == 2
    assert f"{name} of {run} is missing, damaged or not what the run wrote; restore it" in said
    (run.path / name).unlink()
    assert give(command, run)[0] == 2


def test_damaged_files_are_found_by_their_hashes(run: RunDirectory) -> None:
    assert find_damaged(run) == []
    (run.path / "metrics.json").write_text("[]")
    (run.path / "history.csv").unlink()
    assert set(find_damaged(run)) == {"metrics.json", "history.csv"}
    assert find_damaged(run, ("plan.json", "model/")) == []
    (run.path / "manifest.json").write_text('{"files": 4}')
    assert find_damaged(run) == ["manifest.json"]


def test_what_no_damage_explains_stays_a_fault_of_the_program(run: RunDirectory) -> None:
    with pytest.raises(KeyError), explain_faults(run):
        raise KeyError("x")
    (run.path / "metrics.json").write_text("[]")
    with pytest.raises(ConfigError, match=r"metrics\.json of .* is missing, damaged"), explain_faults(run):
        raise KeyError("x")


def test_files_of_another_user_are_named(run: RunDirectory) -> None:
    with pytest.raises(ConfigError, match=r"plan\.json: permission denied; give"), explain_faults(run):
        raise PermissionError(13, "Permission denied", str(run.path / "plan.json"))


def refuse(wanted: str) -> Callable[..., Any]:
    """Return a method of paths that refuses files of a name and reads others."""
    read, name = Path.read_text, wanted

    def method(path: Path, *arguments: Any, **options: Any) -> Any:
        if path.name == name:
            raise PermissionError(13, "Permission denied", str(path))
        return read(path, *arguments, **options)

    return method


@pytest.mark.parametrize("command", COMMANDS)
def test_a_run_that_may_not_be_read_is_said_to_be_so(
    run: RunDirectory, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "read_text", refuse("config.json" if command[0] == "runs" else "manifest.json"))
    code, said = give(command, run)
    # A list of runs goes on without it.
    assert code == (0 if command[0] == "runs" else 2), said
    assert "permission denied" in said.lower()


def test_figures_are_printed_where_the_page_cannot_be_written(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse_to_write(partial: Path, target: Path, content: object) -> None:
        raise PermissionError(13, "Permission denied", str(target))

    monkeypatch.setattr("kerastune_ft.rundir.write_whole", refuse_to_write)
    code, said = give(("report",), run)
    assert code == 2
    assert "index.html: permission denied" in said
    done = CliRunner().invoke(main, ["report", str(run), "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["state"] == "done"
    assert "the page is not written" in done.stderr


def lack_model(run: RunDirectory, **manifest: Any) -> str:
    (run.path / "model" / "model.keras").unlink(missing_ok=True)
    run.update_manifest(**manifest)
    with pytest.raises(ConfigError) as caught:
        require_model(run)
    return str(caught.value)


def test_a_run_without_a_model_says_why(run: RunDirectory) -> None:
    assert "it failed (no such file); mend that" in lack_model(run, state="failed", message="no such file")
    assert "no model yet (stopped)" in lack_model(run, state="interrupted", message="stopped")
    assert "no model yet; give its run command again" in lack_model(run, state="running", message="")
    assert "model.keras of" in lack_model(run, state="done", message="")


def test_a_run_under_way_is_said_to_be_in_use(run: RunDirectory) -> None:
    assert describe_use(run) is None
    with run.lock():
        # This process may evaluate what it trains.
        assert describe_use(run) is None
        owner = {**(run.owner() or {}), "process": os.getppid(), "since": "2026-01-01T00:00:00+00:00"}
        run.commit_json(".lock.json", owner)
        assert describe_use(run) == f"is in use by process {os.getppid()} on {owner['host']} since {owner['since']}"
        said = lack_model(run, state="running", message="")
        assert "has no model yet: it is in use by process" in said and "wait for it to finish" in said


def test_a_report_leaves_the_manifest_to_the_process_at_work(run: RunDirectory) -> None:
    with run.lock():
        run.commit_json(".lock.json", {**(run.owner() or {}), "process": os.getppid()})
        before = (run.path / "manifest.json").read_bytes()
        assert give(("report",), run)[0] == 0
        assert (run.path / "manifest.json").read_bytes() == before
    assert give(("report",), run)[0] == 0
    assert (run.path / "manifest.json").read_bytes() != before


@pytest.mark.parametrize("name", ["metrics.json", "history.csv", "evaluation/constant.json"])
@pytest.mark.parametrize("command", [("report",), ("report", "--json"), ("evaluate",)])
def test_figures_that_the_run_did_not_write_are_named(
    run: RunDirectory, name: str, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The note stands before anything is computed.
    monkeypatch.setattr("kerastune_ft.api.runs.load_engine", lambda settings: (_ for _ in ()).throw(ConfigError("end")))
    assert "what the run wrote" not in give(command, run)[1]
    (run.path / name).write_bytes((run.path / name).read_bytes().replace(b"0.5", b"0.9") + b"\n")
    said = give(command, run)[1]
    assert f"{run}: {name} is missing, damaged or not what the run wrote (SHA-256 in manifest.json)" in said
    if command[0] == "report":
        assert f"{name} is missing, damaged" in (run.path / "report" / "index.html").read_text()
        # Writing the page does not make the file one that the run wrote.
        assert find_damaged(run) == [name]


def test_files_that_are_newer_than_the_manifest_of_a_killed_run_are_not_damaged(run: RunDirectory) -> None:
    (run.path / "metrics.json").write_text("{}")
    assert find_damaged_figures(run) == ["metrics.json"]
    for state in ("running", "interrupted", "failed"):
        run.update_manifest(state=state)
        assert find_damaged_figures(run) == []


def test_a_page_that_is_written_again_leaves_the_time_of_the_run(run: RunDirectory) -> None:
    (run.path / "manifest.json").write_text(
        json.dumps({**(run.manifest() or {}), "updated": "2026-01-01T00:00:00+00:00"})
    )
    assert give(("report",), run)[0] == 0
    manifest = run.manifest() or {}
    assert manifest["updated"] == "2026-01-01T00:00:00+00:00"
    assert find_damaged(run) == [] and "report/index.html" in manifest["files"]
