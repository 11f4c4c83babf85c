from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.durable import Content, join_content
from kerastune_ft.errors import ConfigError, ResourceError
from kerastune_ft.rundir import RunDirectory, refuse_inside_run
from kerastune_ft.training.run_directory.run_choice import choose, list_runs
from tests.support.processes import HANG


def files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory(tmp_path / "run-1")


@pytest.mark.parametrize("number", [28, 122])
def test_a_full_disk_leaves_the_old_file_and_no_part_of_the_new(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    run.commit("metrics.json", "old")

    def full(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        ResourceError, match=r"no space left for .*metrics\.json \(3 bytes\).*same command again"
    ) as caught:
        run.commit("metrics.json", "new")
    assert caught.value.exit_code == 6
    assert run.read_bytes("metrics.json") == b"old"
    assert files_in(Path(run.path)) == ["metrics.json"]


def test_a_write_that_is_broken_off_leaves_the_old_file(run: RunDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    run.commit("plan.json", "old")

    def break_off(source: str, target: str) -> None:
        assert Path(source).read_bytes() == b"new", "the content must be whole before it gets its name"
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", break_off)
    with pytest.raises(KeyboardInterrupt):
        run.commit("plan.json", "new")
    assert run.read_bytes("plan.json") == b"old"
    assert files_in(Path(run.path)) == ["plan.json"]


def test_the_content_reaches_the_disk_before_the_name(run: RunDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: (calls.append("fsync"), fsync(descriptor))[1])
    monkeypatch.setattr(os, "replace", lambda one, other: (calls.append("replace"), replace(one, other))[1])
    run.commit("plan.json", "x")
    assert calls == ["fsync", "replace", "fsync"]


def test_another_fault_of_the_disk_is_not_hidden(run: RunDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", unreadable)
    with pytest.raises(OSError, match="Input/output"):
        run.commit("plan.json", "x")


def test_the_manifest_names_what_was_written_with_its_hash(run: RunDirectory) -> None:
    run.commit("phases/00-head/best.safetensors", b"weights")
    run.commit("phases/00-head/checkpoint/000000002.safetensors", b"state")
    run.commit("metrics.json", "first")
    run.commit("metrics.json", "second")
    run.update_manifest(state="running")
    manifest = run.manifest()
    assert manifest is not None
    assert manifest["state"] == "running"
    assert manifest["files"] == {
        "phases/00-head/best.safetensors": {"bytes": 7, "sha256": hashlib.sha256(b"weights").hexdigest()},
        "metrics.json": {"bytes": 6, "sha256": hashlib.sha256(b"second").hexdigest()},
    }


def test_a_later_process_adds_to_the_manifest(run: RunDirectory) -> None:
    run.commit("a.json", "a")
    run.commit("b.json", "old")
    run.update_manifest(state="interrupted", seed=3)
    later = RunDirectory(run.path)
    later.commit("b.json", "b")
    later.update_manifest(state="done")
    manifest = later.manifest() or {}
    assert (manifest["state"], manifest["seed"]) == ("done", 3)
    hashes = {name: about["sha256"] for name, about in manifest["files"].items()}
    assert hashes == {name: hashlib.sha256(name[0].encode()).hexdigest() for name in ("a.json", "b.json")}


def test_files_of_a_killed_process_are_taken_in_and_removed_ones_leave(run: RunDirectory) -> None:
    killed = RunDirectory(run.path)
    killed.commit("result.json", "{}")
    run.commit("picture.png", "old")
    run.update_manifest()
    run.take_in(["result.json"])
    run.remove("picture.png")
    run.remove("never.there")
    run.update_manifest()
    assert list((run.manifest() or {})["files"]) == ["result.json"]


def test_json_has_no_nan_and_csv_keeps_every_digit(run: RunDirectory) -> None:
    run.commit_json("a.json", {"loss": float("nan"), "rates": [float("inf"), 0.1], 3: None})
    assert run.read_json("a.json") == {"loss": None, "rates": [None, 0.1], "3": None}
    third = 1 / 3
    run.commit_csv("a.csv", ("x", "y", "z"), [{"x": third, "y": float("nan")}, {"x": 2, "z": 'a,"b'}])
    assert run.read_bytes("a.csv").decode() == f'x,y,z\n{third!r},,\n2,,"a,""b"\n'


def make_run(directory: Path, number: int, config_hash: str, state: str = "running") -> None:
    RunDirectory(directory / f"tiny-{number}").update_manifest(config_hash=config_hash, state=state)


def test_choose_takes_the_newest_run_of_the_same_configuration(tmp_path: Path) -> None:
    for number, digest in ((2, "same"), (9, "same"), (10, "other")):
        make_run(tmp_path, number, digest)
    chosen, reason = choose(tmp_path, "tiny", "same", fresh=False)
    assert (chosen.path.name, reason) == ("tiny-9", "continues where it stopped")
    make_run(tmp_path, 9, "same", state="done")
    assert choose(tmp_path, "tiny", "same", fresh=False)[1] == "finished; its results are written again"


def test_choose_makes_the_next_number(tmp_path: Path) -> None:
    assert choose(tmp_path / "runs", "tiny", "x", fresh=False)[0].path.name == "tiny-1"
    make_run(tmp_path / "runs", 10, "other")
    RunDirectory(tmp_path / "runs" / "tiny-10").commit("phases/00-head/history.csv", "epoch\n")
    chosen, reason = choose(tmp_path / "runs", "tiny", "x", fresh=False)
    assert (chosen.path.name, reason, chosen.path.is_dir()) == ("tiny-11", "new", True)
    assert choose(tmp_path / "runs", "tiny", "other", fresh=True)[0].path.name == "tiny-12"


def test_other_names_do_not_count(tmp_path: Path) -> None:
    for name in ("tiny-3-old", "tiny-x", "atiny-4", "tiny-7.before-1"):
        (tmp_path / name).mkdir()
    assert list_runs(tmp_path, "tiny") == []
    assert choose(tmp_path, "tiny", "x", fresh=False)[0].path.name == "tiny-1"


def test_a_number_taken_meanwhile_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tiny-1").mkdir()
    monkeypatch.setattr("kerastune_ft.training.run_directory.run_choice.list_runs", lambda directory, name: [])
    assert choose(tmp_path, "tiny", "x", fresh=False)[0].path.name == "tiny-2"


def test_a_file_in_the_place_of_a_directory_is_the_users_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        ConfigError, match=r"cannot be used as a run directory: .*give another --run-dir or output\.directory"
    ):
        choose(tmp_path / "file", "tiny", "x", fresh=False)
    with pytest.raises(ConfigError, match="cannot be used as a run directory"), RunDirectory(tmp_path / "file").lock():
        pass


OWNER = """
import sys, time
from kerastune_ft.rundir import RunDirectory, refuse_inside_run
with RunDirectory(sys.argv[1]).lock():
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def owner(run: RunDirectory) -> Any:
    process = subprocess.Popen([sys.executable, "-c", OWNER, str(run)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_process_is_refused_and_told_the_owner(run: RunDirectory, owner: subprocess.Popen[str]) -> None:
    message = rf"is in use by process {owner.pid} on {os.uname().nodename} since"
    with pytest.raises(ConfigError, match=message) as caught, run.lock():
        pytest.fail("two processes hold the run directory")
    assert caught.value.exit_code == 2


def test_the_lock_ends_with_a_killed_owner_and_its_parts_go(run: RunDirectory, owner: subprocess.Popen[str]) -> None:
    part = Path(run.path) / "phases" / ".partial-1-000000002.safetensors"
    part.parent.mkdir()
    part.write_bytes(b"half")
    owner.send_signal(signal.SIGKILL)
    owner.wait(timeout=HANG)
    with run.lock():
        about = json.loads(run.read_bytes(".lock.json"))
        assert about["process"] == os.getpid()
        assert not part.exists()
    assert not run.exists(".lock.json")


def test_the_lock_is_free_again_after_an_error(run: RunDirectory) -> None:
    with pytest.raises(RuntimeError), run.lock():
        raise RuntimeError
    with run.lock():
        run.commit("a", "b")


def test_listings_leave_parts_out(run: RunDirectory) -> None:
    run.commit("phases/b", "")
    run.commit("phases/a", "")
    (Path(run.path) / "phases" / ".partial-1-c").write_text("")
    assert run.list_files("phases") == ["a", "b"]
    assert run.list_files("nothing") == []


def test_names_that_are_not_utf8_are_escaped_in_every_file(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "run-\udce9")
    run.commit_json("config.json", {"path": "caf\udce9"})
    run.commit_csv("splits.csv", ["name"], [{"name": "caf\udce9"}])
    run.append("log.txt", "caf\udce9")
    assert run.read_json("config.json") == {"path": "caf\udce9"}
    assert run.read_bytes("splits.csv") == b"name\ncaf\\udce9\n"
    assert run.read_bytes("log.txt") == b"caf\\udce9\n"
    assert run.path.name in os.listdir(tmp_path)


def test_a_refusal_names_the_file_and_not_its_part(run: RunDirectory) -> None:
    run.commit("report", "")
    with pytest.raises(OSError, match="index") as caught:
        run.commit("report/index.html", "x")
    assert "partial" not in str(caught.value)


def test_a_file_of_a_run_that_is_gone_is_named(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    with pytest.raises(ConfigError, match=r"history\.csv is damaged \(it is missing\); restore it"):
        run.take_in(["phases/00-head/history.csv"])


@pytest.mark.parametrize("content", ["[]", "null", "4"])
def test_a_manifest_that_is_no_object_is_damaged(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(ConfigError, match=r"manifest\.json is damaged \(it holds no object\)"):
        RunDirectory(tmp_path).manifest()


def test_nothing_else_is_written_into_a_run(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "runs" / "a-1")
    run.commit_json("config.json", {})
    run.update_manifest(state="done")
    (tmp_path / "link").symlink_to(run.path)
    for inside in (run.path, run.path / "splits.csv", run.path / "new" / "x.csv", tmp_path / "link" / "x.csv"):
        with pytest.raises(
            ConfigError, match=r"^--output: .* is in the run directory .*a-1; name a place outside of it"
        ):
            refuse_inside_run(inside, "--output")
    refuse_inside_run(tmp_path / "runs" / "x.csv", "--output")


def test_a_manifest_of_something_else_makes_no_run(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "manifest.json").write_text('{"name": "a page"}')
    refuse_inside_run(tmp_path / "x.csv", "--output")


def test_a_listener_hears_of_every_change_after_it_was_made(run: RunDirectory) -> None:
    heard: list[tuple[str, str, bytes | None]] = []

    class Listener:
        def note_write(self, name: str, content: Content) -> None:
            heard.append(("write", name, run.read_bytes(name)))
            assert join_content(content) == run.read_bytes(name)

        def note_append(self, name: str) -> None:
            heard.append(("append", name, run.read_bytes(name)))

        def note_removal(self, name: str) -> None:
            heard.append(("removal", name, None))
            assert not run.exists(name)

    run.listener = Listener()
    run.commit("phases/00-head/result.json", "{}")
    run.commit(".hidden", "{}")
    run.append("log.txt", "one")
    run.remove("phases/00-head/result.json")
    run.remove(".hidden")
    assert heard == [
        ("write", "phases/00-head/result.json", b"{}"),
        ("append", "log.txt", b"one\n"),
        ("removal", "phases/00-head/result.json", None),
    ]
