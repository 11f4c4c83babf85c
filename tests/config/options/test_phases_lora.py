"""`lora` of a phase: its keys, what contradicts it, and which phases it is meant for beside a preset or in defaults."""

from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.config.options.phases import Lora
from kerastune_ft.config.read import read
from tests.support.config_cases import MINIMAL, messages, with_change


def test_alpha_is_the_rank_where_it_is_not_given() -> None:
    assert Lora(rank=8).strength == 8
    assert Lora(rank=8, alpha=16).strength == 16
    found = read(with_change("phases.1.lora", {"rank": 4, "targets": ["*query"]})).phases[1].lora
    assert found == Lora(rank=4, targets=("*query",))


@pytest.mark.parametrize(
    ("value", "place", "words"),
    [
        ({"rank": 0}, "phases[1].lora.rank", "1"),
        ({"alpha": 2}, "phases[1].lora.rank", "missing"),
        ({"rank": 2, "targets": []}, "phases[1].lora.targets", ""),
        ({"rank": 2, "alpha": 0}, "phases[1].lora.alpha", ""),
        ({"rank": 2, "target": ["q"]}, "phases[1].lora.target", "targets"),
    ],
)
def test_wrong_values_are_told_with_their_place(value: dict[str, Any], place: str, words: str) -> None:
    found = messages(with_change("phases.1.lora", value))
    assert list(found) == [place]
    assert words in found[place]


def test_without_units_there_is_nothing_to_adapt() -> None:
    found = messages(with_change("phases.0.lora", {"rank": 2}))
    assert list(found) == ["phases[0].lora"]
    assert '"none" selects none; write "unfreeze": "all", or {"last": 2}' in found["phases[0].lora"]


def test_variables_and_adapters_contradict() -> None:
    document = with_change("phases.1.unfreeze", {"variables": ["*/kernel"]})
    document["phases"][1]["lora"] = {"rank": 2}
    found = messages(document)
    assert list(found) == ["phases[1].lora"]
    assert "with lora the backbone's own variables do not train" in found["phases[1].lora"]


@pytest.mark.parametrize("batch_norm", ["statistics", "train"])
def test_batch_norm_and_adapters_contradict(batch_norm: str) -> None:
    document = with_change("phases.1.lora", {"rank": 2})
    document["phases"][1]["batch_norm"] = batch_norm
    found = messages(document)
    assert list(found) == ["phases[1].batch_norm"]
    assert 'only adapters and head train; write "frozen"' in found["phases[1].batch_norm"]


@pytest.mark.parametrize(
    "given",
    [
        {"defaults": {"lora": {"rank": 2}}, "phases": "head_then_top"},
        {"phases": {"preset": "head_then_top", "lora": {"rank": 2}}},
        {"defaults": {"lora": {"rank": 2}}, "phases": MINIMAL["phases"]},
    ],
)
def test_for_all_phases_it_is_not_meant_for_the_head_alone(given: dict[str, Any]) -> None:
    assert [phase.lora for phase in read({**MINIMAL, **given}).phases] == [None, Lora(rank=2)]


def test_batch_norm_for_all_phases_is_not_meant_for_those_with_adapters() -> None:
    head, top = MINIMAL["phases"]
    phases = [head, {**top, "lora": {"rank": 2}}, {**top, "name": "whole"}]
    found = read({**MINIMAL, "defaults": {"batch_norm": "train"}, "phases": phases}).phases
    assert [phase.batch_norm for phase in found] == ["frozen", "frozen", "train"]


def test_batch_norm_for_all_phases_where_no_unit_trains_has_no_effect() -> None:
    head, top = MINIMAL["phases"]
    phases = [head, {**top, "lora": {"rank": 2}}]
    found = messages({**MINIMAL, "defaults": {"batch_norm": "train"}, "phases": phases})
    assert set(found) == {"defaults.batch_norm"}
