"""Hashes of schedules count what has happened and not what comes later; pins are written and read back."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.config.run import config_hash
from kerastune_ft.errors import ConfigError
from kerastune_ft.training.plan.pins import Pins, pins_in, schedule_hash

DOCUMENT: dict[str, Any] = {
    "name": "hashed",
    "task": {"kind": "image_classification"},
    "data": {"kind": "folder", "path": "photos"},
    "backbone": {"kind": "applications", "name": "MobileNetV2"},
    "phases": [
        {"name": "head", "unfreeze": "none", "epochs": 2, "learning_rate": 0.01},
        {"name": "top", "unfreeze": {"last": 2}, "epochs": 2, "learning_rate": 0.001},
        {"name": "more", "unfreeze": {"last": 4}, "epochs": 2, "learning_rate": 0.0001},
    ],
}


def hashes(document: dict[str, Any]) -> list[str]:
    return [schedule_hash(read(document), last) for last in range(3)]


@pytest.mark.parametrize("changed", [0, 1, 2])
def test_a_phase_counts_from_itself_on(changed: int) -> None:
    other = copy.deepcopy(DOCUMENT)
    other["phases"][changed]["learning_rate"] = 0.5
    same = [before == after for before, after in zip(hashes(DOCUMENT), hashes(other), strict=True)]
    assert same == [last < changed for last in range(3)]


def test_an_appended_phase_changes_nothing_before_it() -> None:
    longer = {**DOCUMENT, "phases": [*DOCUMENT["phases"], {**DOCUMENT["phases"][2], "name": "last"}]}
    assert hashes(longer) == hashes(DOCUMENT)
    assert len(set(hashes(DOCUMENT))) == 3


def test_all_but_the_output_counts_besides_phases() -> None:
    assert hashes({**DOCUMENT, "output": {"directory": "elsewhere"}}) == hashes(DOCUMENT)
    seeded = hashes({**DOCUMENT, "seed": 9})
    assert not set(seeded) & set(hashes(DOCUMENT))


def test_pins_are_read_back() -> None:
    pins = Pins(16, frozenset({"head/kernel", "block3/kernel"}), frozenset({"dropout"}))
    assert pins_in({"pinned": pins.to_json()}) == pins
    assert pins_in({"chunk": 16}) is None
    assert pins_in(None) is None


def test_what_a_search_pinned_counts_and_its_absence_does_not() -> None:
    pinned = {**DOCUMENT, "runtime": {"pinned": {"chunk": 16, "layers": ["block_15_expand"]}}}
    assert config_hash(read({**DOCUMENT, "runtime": {"pinned": None}})) == config_hash(read(DOCUMENT))
    assert config_hash(read(pinned)) != config_hash(read(DOCUMENT))


@pytest.mark.parametrize("chunk", [0, 12, 64])
def test_a_chunk_that_no_plan_chooses_is_refused(chunk: int) -> None:
    with pytest.raises(ConfigError, match=r"runtime\.pinned\.chunk"):
        read({**DOCUMENT, "runtime": {"pinned": {"chunk": chunk, "layers": ["block_15_expand"]}}})
