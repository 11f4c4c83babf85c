"""What vouches for phases that were chosen: the same phases, for the same configuration."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from kerastune_ft.config.choice import hash_choice
from kerastune_ft.config.read import read
from kerastune_ft.config.run import RunConfig, config_hash
from kerastune_ft.errors import ConfigError

ASKED: dict[str, Any] = {
    "task": {"kind": "image_classification"},
    "data": {"kind": "folder", "path": "/photos"},
    "backbone": {"kind": "applications", "name": "MobileNetV2", "weights": "embedded"},
    "phases": "auto",
}
PHASES = [{"name": "only", "unfreeze": "none", "epochs": 2, "learning_rate": 0.01}]


def make_choice(asked: dict[str, Any] = ASKED) -> RunConfig:
    return read(asked).with_choice(read({**ASKED, "phases": PHASES}).phases)


@pytest.mark.parametrize(
    "changed",
    [
        "seed=1",
        "backbone.weights=imagenet",
        "data.path=/others",
        "head.dropout=0.5",
        "runtime.precision=mixed_bfloat16",
        "auto.time=4m",
        "phases.only.epochs=3",
    ],
)
def test_phases_that_were_chosen_for_something_else_are_refused(changed: str) -> None:
    written = make_choice().to_json()
    with pytest.raises(ConfigError, match=r'auto +the phases are not those .* remove "auto" to take them as they are'):
        read(written, [changed])
    # As phases like any other they are taken.
    assert read(written, ["auto=null", *([] if changed.startswith("auto") else [changed])]).phases[0].name == "only"


@pytest.mark.parametrize(
    "changed", ["name=other", "output.directory=/elsewhere", "runtime.replicas=2", "runtime.cache=off", "refit=true"]
)
def test_what_has_no_part_in_a_choice_may_change(changed: str) -> None:
    assert not read(make_choice().to_json(), [changed]).awaits_choice


def test_what_is_written_as_its_default_says_the_same() -> None:
    config = make_choice({**ASKED, "seed": 0, "head": {"dropout": 0.2}})
    assert config.auto == make_choice().auto
    assert hash_choice(dict(read(config.to_json()))) == hash_choice(dict(config))


def test_runs_from_before_there_was_more_to_vouch_for_go_on() -> None:
    # As the program wrote it when the hash was of the phases alone and rates had no momentum.
    before = copy.deepcopy(make_choice().to_json())
    del before["phases"][0]["learning_rate"]["momentum"]
    before["auto"]["chosen"] = "42008ff6161b69436223a46dbed6df71644753ce2a0712bec965495ca31dc6bf"
    config = read(before)
    assert config_hash(config) == config_hash(read(ASKED))
    assert config.with_choice(config.phases).to_json() == make_choice().to_json()
    with pytest.raises(ConfigError, match="not those that were chosen"):
        read(before, ["phases.only.epochs=3"])


def test_another_fault_is_said_alone() -> None:
    written = make_choice().to_json()
    with pytest.raises(ConfigError) as caught:
        read({**written, "seed": "many"})
    assert len(caught.value.problems) == 1 and "seed" in str(caught.value)
