"""A run keeps the rules that it began with."""

from __future__ import annotations

from pathlib import Path

from kerastune_ft.config.read import read
from kerastune_ft.config.run import config_hash
from kerastune_ft.rules import FIRST, NEWEST, Rules
from kerastune_ft.rundir import RunDirectory
from tests.support.tiny_run import document


def test_a_run_that_recorded_no_rules_has_the_first_ones(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "run")
    assert run.rules == NEWEST
    run.update_manifest(state="failed", config_hash="")
    # It failed before it had a plan, so that nothing was computed yet.
    assert run.rules == NEWEST
    run.commit_json("plan.json", {})
    assert run.rules == FIRST
    run.update_manifest(rules=NEWEST.version)
    assert run.rules == NEWEST


def test_rules_are_no_option_and_change_no_hash(tmp_path: Path) -> None:
    config = read(document(tmp_path / "data.npz"))
    earlier = config.with_rules(FIRST)
    assert (config.rules, earlier.rules) == (NEWEST, FIRST)
    assert earlier.model_copy(update={"seed": 4}).rules == FIRST
    assert earlier.to_json() == config.to_json()
    assert config_hash(earlier) == config_hash(config)


def test_every_rule_is_false_in_the_first_version_and_true_in_the_newest() -> None:
    names = [name for name in vars(Rules) if not name.startswith("_") and name != "version"]
    assert names
    assert {name: getattr(FIRST, name) for name in names} == dict.fromkeys(names, False)
    assert {name: getattr(NEWEST, name) for name in names} == dict.fromkeys(names, True)
