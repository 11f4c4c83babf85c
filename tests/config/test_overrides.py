from __future__ import annotations

import json
from typing import Any

import pytest

from kerastune_ft.config.compose import LENGTHS
from kerastune_ft.config.options.phases import Last
from kerastune_ft.config.read import read
from tests.support.config_cases import MINIMAL, messages


def at(config: Any, path: str) -> Any:
    """Return the value at a dotted path of a configuration's JSON."""
    value = config.to_json()
    for step in path.split("."):
        value = value[int(step)] if step.isdigit() else value[step]
    return value


@pytest.mark.parametrize(
    ("override", "path", "value"),
    [
        ("seed=3", "seed", 3),
        ("name=other", "name", "other"),
        ('name="7"', "name", "7"),
        ("phases.head.epochs=5", "phases.0.epochs", 5),
        ("phases[1].epochs=5", "phases.1.epochs", 5),
        ("phases.top.learning_rate=1e-5", "phases.1.learning_rate.peak", 1e-5),
        ("phases.top.learning_rate.shape=cosine", "phases.1.learning_rate.shape", "cosine"),
        ("phases.top.augment.preset=light", "phases.1.augment.preset", "light"),
        ('phases.top.optimizer={"name": "sgd", "momentum": 0.9}', "phases.1.optimizer.options.momentum", 0.9),
        ("phases.top.early_stopping.patience=4", "phases.1.early_stopping.patience", 4),
        ("runtime.strategy=none", "runtime.strategy", "none"),
        ("output.checkpoint.every.steps=5", "output.checkpoint.every.steps", 5),
        ("defaults.batch_size=4", "phases.1.batch_size", 4),
        ("head.hidden=[4, 5]", "head.hidden.1", 5),
        ("backbone.weights=null", "backbone.weights", None),
        ("phases.head.steps=3", "phases.0.epochs", None),
        (" seed =3", "seed", 3),
    ],
)
def test_overrides_set_one_value(override: str, path: str, value: object) -> None:
    assert at(read(MINIMAL, [override]), path) == value


def test_overrides_reach_into_presets() -> None:
    config = read({**MINIMAL, "phases": "head_then_top"}, ["phases.top.unfreeze.last=2", "phases.top.epochs=1"])
    assert (config.phases[1].epochs, config.phases[1].unfreeze) == (1, Last(count=2))
    config = read({**MINIMAL, "phases": "head_then_top"}, ["phases.top.epochs=2", "defaults.batch_size=4"])
    assert [(phase.epochs, phase.batch_size) for phase in config.phases] == [(5, 4), (2, 4)]


def test_overrides_can_set_a_preset() -> None:
    assert len(read(MINIMAL, ["phases=gradual"]).phases) == 4
    assert read(MINIMAL, ["phases=gradual", "phases.half.epochs=9"]).phases[2].epochs == 9


def test_later_overrides_win() -> None:
    assert read(MINIMAL, ["seed=3", "seed=4"]).seed == 4


def test_unfreeze_is_replaced_whole() -> None:
    for override in ('phases.head.unfreeze={"last": 2}', "phases.head.unfreeze.last=2", "phases[0].unfreeze.last=2"):
        assert read(MINIMAL, [override]).phases[0].unfreeze == Last(count=2)
    document = {**MINIMAL, "output": {"checkpoint": {"every": {"minutes": 2}}}}
    assert at(read(document, ["output.checkpoint.every.steps=3"]), "output.checkpoint.every") == {"steps": 3}


@pytest.mark.parametrize(
    ("override", "place", "message"),
    [
        ("seed", "seed", "write PATH=VALUE"),
        ("=3", "=3", "write PATH=VALUE"),
        ("a..b=3", "a..b=3", "write PATH=VALUE"),
        ("phases.hed.epochs=3", "phases.hed.epochs", 'no phase is named "hed"; the phases are head, top'),
        ("phases[2].epochs=3", "phases[2].epochs", "phases has 2 items, counted from [0]"),
        ("phases.head.epochz=3", "phases[0].epochz", 'unknown key; did you mean "epochs"?'),
        ("phases.head.epochs=x", "phases.head.epochs", '"x" is text; write a whole number'),
        ("phases.head.epochs=NaN", "phases.head.epochs", '"NaN" is text; write a whole number'),
        ("nope.x=3", "nope", "unknown key"),
        ("seed.x=3", "seed.x", "seed is 7, which has no keys"),
        ("seed[0]=3", "seed[0]", "seed is not a list"),
        ("head.hidden.x=3", "head.hidden.x", "head.hidden is a list; write head.hidden[0]"),
        ('head={"dropout": 1', "head", '{"dropout": 1 is not JSON: the file ends before'),
        ("head.dropout=2", "head.dropout", "2 is too large"),
        ("extends=base.json", "extends", "it cannot be set from the command line; write it in the file"),
        ("phases.unfreeze=all", "phases.unfreeze", "the phases are head, top; write phases.head.unfreeze=all"),
    ],
)
def test_overrides_gone_wrong(override: str, place: str, message: str) -> None:
    document = {**MINIMAL, "seed": 7, "head": {"hidden": [4]}}
    found = messages(document, [override])
    assert len(found) == 1
    assert message in next(iter(found.values()))
    assert place.split(".")[0].split("[")[0] in next(iter(found))


PRESET = {"preset": "head_then_top", "epochs": 7}


@pytest.mark.parametrize("phases", [MINIMAL["phases"], "head_then_top", PRESET])
def test_a_key_of_phases_without_a_phase_sets_it_in_all(phases: Any) -> None:
    document = {**MINIMAL, "phases": phases}
    assert [phase.epochs for phase in read(document, ["phases.epochs=1"]).phases] == [1, 1]
    config = read(document, ["phases.steps=9"])
    assert [(phase.epochs, phase.steps) for phase in config.phases] == [(None, 9), (None, 9)]
    config = read(document, ["phases.learning_rate.shape=cosine", "phases.epochs=3", "phases.top.epochs=4"])
    assert [phase.learning_rate.shape for phase in config.phases] == ["cosine", "cosine"]
    assert [phase.epochs for phase in config.phases] == [3, 4]
    found = messages(document, ["phases.unfreeze=all"])
    assert found["phases.unfreeze"].endswith("; write phases.head.unfreeze=all")
    assert '"x" is text' in messages(document, ["phases.epochs=x"])["phases.epochs"]


def test_of_all_phases_those_take_a_key_that_it_applies_to() -> None:
    config = read(MINIMAL, ["phases.batch_norm=train", "phases.carry_optimizer=true"])
    assert [(phase.batch_norm, phase.carry_optimizer) for phase in config.phases] == [
        ("frozen", False),
        ("train", True),
    ]
    named = {**MINIMAL, "phases": [{**MINIMAL["phases"][0], "name": "steps"}, MINIMAL["phases"][1]]}
    assert read(named, ["phases.steps.epochs=9"]).phases[0].epochs == 9


def test_what_is_missing_beside_an_override_is_placed_in_its_object() -> None:
    found = messages(MINIMAL, ["data.splits.stratify=false"])
    assert set(found) == {"data.splits.train", "data.splits.validation"}
    whole = '"splits": {"train": 0.7, "validation": 0.15, "test": 0.15}'
    assert found["data.splits.train"] == f"missing; write all shares, as in {whole}"
    splits = json.loads(f"{{{whole}}}")["splits"]
    assert read(MINIMAL, [f"data.splits={json.dumps(splits)}", "data.splits.stratify=false"]).data.splits is not None


@pytest.mark.parametrize(
    ("override", "place", "message"),
    [
        ("defaults.epochs=1", "defaults.epochs", "every phase has its own; write phases.head.epochs=..."),
        ("defaults.steps=1", "defaults.steps", "every phase has its own; write phases.head.steps=..."),
        ('defaults={"learning_rate": 7}', "defaults.learning_rate", "every phase has its own; write phases.head."),
    ],
)
def test_a_default_that_no_phase_takes_is_told(override: str, place: str, message: str) -> None:
    assert messages(MINIMAL, [override])[place].startswith(message)
    first, second = MINIMAL["phases"]
    key = place.removeprefix("defaults.")
    rest = {name: value for name, value in second.items() if name not in (key, LENGTHS.get(key))}
    assert read({**MINIMAL, "phases": [first, rest]}, [override]).phases[0] == read(MINIMAL).phases[0]


def test_presets_take_defaults() -> None:
    assert read({**MINIMAL, "phases": "head_then_top"}, ["defaults.epochs=1"]).phases[0].epochs == 1
