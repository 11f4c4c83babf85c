"""Somebody who leaves the schedule to the program: the run, the same again, and the phases as a file of one's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import kerastune_ft as kt
from kerastune_ft.config.compose import lay_keys
from kerastune_ft.config.read import read
from kerastune_ft.config.run import config_hash
from kerastune_ft.errors import DivergedError
from kerastune_ft.scheduling import stage
from tests.support.probe_sessions import image_document
from tests.support.processes import run_program, start_program, wait_until
from tests.support.tiny_run import results

BASE: dict[str, Any] = {
    "task": {"kind": "image_classification"},
    "data": {"kind": "folder", "path": "/photos"},
    "backbone": {"kind": "applications", "name": "MobileNetV2", "weights": "embedded"},
}
SHORT = [{"name": "only", "unfreeze": "none", "epochs": 2, "learning_rate": 0.01}]


def test_a_word_and_an_object_say_the_same() -> None:
    word, written = read({**BASE, "phases": "auto"}), read({**BASE, "phases": {"preset": "auto"}})
    assert word.awaits_choice and word.to_json() == written.to_json() and word.to_json()["phases"] == {"preset": "auto"}
    assert config_hash(word) == config_hash(written)


def test_keys_beside_it_defaults_and_overrides_are_kept_together() -> None:
    phases = {"preset": "auto", "time": "1h30m", "batch_size": 16}
    found = read({**BASE, "defaults": {"weight_decay": 0.1}, "phases": phases}, ["phases.epochs=3"])
    assert found.auto is not None and found.auto.seconds == 5400
    assert found.auto.keys == {"batch_size": 16, "epochs": 3, "weight_decay": 0.1}
    assert config_hash(read(found.to_json())) == config_hash(found)


def test_what_is_chosen_changes_nothing_in_the_hash_and_is_read_again() -> None:
    asked = read({**BASE, "phases": "auto"})
    chosen = asked.with_choice(read({**BASE, "phases": SHORT}).phases)
    again = read(chosen.to_json())
    assert not again.awaits_choice and [phase.name for phase in again.phases] == ["only"]
    assert config_hash(again) == config_hash(asked) != config_hash(read({**BASE, "phases": SHORT}))
    assert config_hash(read({**BASE, "phases": {"preset": "auto", "time": "1m"}})) != config_hash(asked)


def test_configurations_without_it_are_written_as_before() -> None:
    assert "auto" not in read({**BASE, "phases": "head"}).to_json()


@pytest.mark.parametrize(
    ("more", "overrides", "message"),
    [
        ({"phases": "auto"}, ["phases.head.epochs=3"], "none has a name yet; set a key of all"),
        ({"phases": {"preset": "auto", "time": "soon"}}, [], "a duration, as in 20m"),
        ({"phases": {"preset": "auto", "lora": {"rank": 2}}}, [], "has its own way"),
        ({"phases": {"preset": "auto", "learning_rate": 0.1}}, [], "rates are what it tries"),
        ({"phases": "auto", "defaults": {"lora": {"rank": 2}}}, [], r"defaults\.lora +the preset auto has its own way"),
        ({"phases": "auto", "defaults": {"steps": 20}}, [], r'defaults\.steps +.* write "epochs"'),
        ({"phases": {"preset": "auto", "epoch": 2}}, [], "epochs"),
        ({"phases": "auto", "auto": {"time": "3m"}}, [], r'auto +remove it: .* "time": "20m"'),
        ({"phases": "auto", "auto": {"chosen": "0" * 64}}, [], r"auto +remove it"),
        ({"phases": SHORT, "auto": {}}, [], r"auto +remove it"),
        ({"phases": "head", "auto": {"time": "3m"}}, [], r"auto +remove it"),
        ({"phases": SHORT, "auto": {"chosen": "0" * 64}}, [], "not those that were chosen"),
    ],
)
def test_what_it_cannot_be_is_refused(more: dict[str, Any], overrides: list[str], message: str) -> None:
    with pytest.raises(kt.ConfigError, match=message):
        read({**BASE, **more}, overrides)


def test_keys_are_laid_over_the_phases_that_they_apply_to() -> None:
    head = {"name": "head", "unfreeze": "none", "epochs": 5, "learning_rate": 0.01}
    top = {"name": "top", "unfreeze": "all", "epochs": 5, "learning_rate": 0.01}
    laid = lay_keys([head, top], {"batch_norm": "train", "steps": 7})
    assert "batch_norm" not in laid[0] and laid[1]["batch_norm"] == "train"
    assert all(phase["steps"] == 7 and "epochs" not in phase for phase in laid)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    made = image_document(tmp_path_factory.mktemp("auto"))
    made["defaults"].pop("epochs")
    made["output"] = {"directory": str(tmp_path_factory.mktemp("runs"))}
    return {**made, "phases": "auto"}


def test_a_run_writes_the_phases_it_chose_and_is_found_again(
    asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverge(*given: Any) -> None:
        raise DivergedError("NaN")

    # The head alone is left, which is quick.
    monkeypatch.setattr(stage, "run_trial", diverge)
    run = kt.run(asked)
    written = json.loads((run.path / "config.json").read_text())
    assert [phase["name"] for phase in written["phases"]] == ["head"] and len(written["auto"]["chosen"]) == 64
    plan = json.loads((run.path / "plan.json").read_text())
    assert any("linear probe" in line for line in plan["auto"]["measured"])
    assert run.manifest["config_hash"] == config_hash(read(asked))
    assert kt.run(asked).path == run.path
    # A run that is named is known by its configuration with whole paths.
    assert kt.run(asked, run_dir=run.path).path == run.path
    with pytest.raises(kt.ConfigError, match="not those that were chosen"):
        kt.run(run.path / "config.json", overrides={"phases.head.epochs": 1})


@pytest.mark.slow
def test_the_phases_as_a_file_give_the_same_model(asked: dict[str, Any], tmp_path: Path) -> None:
    # It has no run yet: that of the test before has phases of its own.
    asked = {**asked, "seed": 5}
    run = kt.run(asked)
    plan = kt.plan(asked, resolve=True)
    plan.write(tmp_path / "mine.json")
    again = kt.run(tmp_path / "mine.json", run_dir=tmp_path / "again")
    assert results(again.path) == results(run.path)


@pytest.mark.slow
def test_a_run_that_is_killed_while_it_measures_goes_on_to_the_same(asked: dict[str, Any], tmp_path: Path) -> None:
    # All that is tried lies in the cache directory: each of the two has its own.
    folders = [tmp_path / name for name in ("whole", "killed")]
    for folder in folders:
        folder.mkdir()
        made = {**asked, "phases": {"preset": "auto", "time": "5m"}, "output": {"directory": str(folder)}}
        made["runtime"] = {**asked["runtime"], "cache_directory": str(folder / "cache")}
        (folder / "mine.json").write_text(json.dumps(made))
    assert run_program(folders[0], "run", "mine.json", "--run-dir", "run").code == 0
    killed = folders[1]
    with start_program(killed, "run", "mine.json", "--run-dir", "run") as process:
        wait_until(lambda: any(killed.glob("cache/auto/*/all-*/phases/*/checkpoint/*.safetensors")), process)
        process.kill()
    assert not (killed / "run" / "plan.json").exists()
    assert run_program(killed, "run", "mine.json", "--run-dir", "run").code == 0
    assert results(killed / "run") == results(folders[0] / "run")
    plans = [json.loads((folder / "run" / "plan.json").read_text())["auto"] for folder in folders]
    assert plans[0] == plans[1] and any(line.startswith("trial of") for line in plans[0]["measured"])
