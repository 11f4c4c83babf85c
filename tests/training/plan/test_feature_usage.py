"""What a plan decides, finds and measures about stores, with a real model and tiny data."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from kerastune_ft.api import training
from kerastune_ft.config.options.runtime import Runtime
from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError
from kerastune_ft.reporting.terminal import tables
from kerastune_ft.rules import FIRST, NEWEST
from kerastune_ft.stores.store import FeatureStore
from kerastune_ft.training.devices import devices
from kerastune_ft.training.features import extraction
from kerastune_ft.training.features.existing_stores import find_existing_stores
from kerastune_ft.training.plan import build as planning
from kerastune_ft.training.plan import phase_plan
from kerastune_ft.training.plan.feature_usage import variant
from kerastune_ft.training.session.assemble import assemble
from kerastune_ft.training.session.session import Session
from tests.support.tiny_run import document, write_data


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("plans")
    write_data(made / "data.npz")
    return made


def tiny(folder: Path, **top: Any) -> dict[str, Any]:
    """The tiny configuration, more epochs in the first phase and the second changed."""
    made = document(folder / "data.npz")
    made["phases"][0]["epochs"] = 6
    made["phases"][1] |= {"augment": "none", **top}
    made["runtime"] = {"cache_directory": str(folder / "cache"), "cache_budget": "20GB"}
    return made


@pytest.fixture(scope="module")
def session(folder: Path) -> Session:
    return assemble(read(tiny(folder)), devices.resolve(Runtime(strategy="none")), lambda line: None)


def replan(session: Session, changed: Mapping[str, Any], earlier: Mapping[str, Any] | None = None) -> phase_plan.Plan:
    return planning.make(replace(session, config=read(dict(changed))), earlier)


def render(plan: Mapping[str, Any]) -> str:
    console = Console(width=300, color_system=None)
    with console.capture() as capture:
        console.print(tables.build_plan_table(plan))
    return capture.get()


def test_the_plan_says_what_is_stored_why_and_for_how_long(session: Session, folder: Path) -> None:
    plan = replan(session, tiny(folder)).document
    lower, upper = plan["phases"]
    assert lower["store"]["decision"] == upper["store"]["decision"] == "store"
    assert lower["store"]["seconds"] < lower["store"]["seconds_recomputed"]
    assert plan["cache"]["bytes"] == sum(store["bytes"] for store in plan["cache"]["stores"])
    text = render(plan)
    assert "saves 5 of 6 passes over the frozen part; about " in text
    assert "an earlier phase stores it, which saves all 2 passes" in text
    assert "stores of this run take" in text and "the budget is 20.0 GB" in text


def test_augmentation_drawn_anew_is_computed_again(session: Session, folder: Path) -> None:
    store = replan(session, tiny(folder, augment="light")).document["phases"][1]["store"]
    assert store["decision"] == "recompute"
    assert store["reason"].startswith("random augmentation below the cut, drawn anew every epoch; validation is stored")


@pytest.mark.parametrize(("zoom", "is_same"), [(0.0, True), (0.1, False)])
def test_views_that_the_first_version_zoomed_otherwise_are_not_shared(
    session: Session, folder: Path, zoom: float, is_same: bool
) -> None:
    config = read(tiny(folder, augment={"preset": "light", "views": 2, "zoom": zoom}))
    kinds, drawn = [], []
    for rules in (FIRST, NEWEST):
        made = replace(session, config=config.with_rules(rules))
        top = planning.make(made).phases[1]
        kinds.append(variant(made, top))
        drawn.append(phase_plan.augmentation(made, top))
    assert (kinds[0] == kinds[1]) is is_same
    assert drawn[0] is not None and drawn[1] is not None
    assert drawn[0].operations["inverse_zoom"] == drawn[1].operations["zoom"] == zoom


@pytest.mark.parametrize(
    ("top", "budget", "told"),
    [
        ({"augment": "light"}, "20GB", "augment.views"),
        ({}, "1kB", "cache: what is required takes"),
        ({"unfreeze": "all"}, "20GB", "nothing is frozen below what it trains"),
    ],
)
def test_what_is_required_and_cannot_be_is_refused(
    session: Session, folder: Path, top: dict[str, Any], budget: str, told: str
) -> None:
    made = tiny(folder, cache="required", **top)
    made["runtime"]["cache_budget"] = budget
    with pytest.raises(ConfigError, match="required") as raised:
        replan(session, made)
    assert told in str(raised.value)


def test_off_stores_nothing(session: Session, folder: Path) -> None:
    made = tiny(folder)
    made["runtime"]["cache"] = "off"
    plan = replan(session, made).document
    assert plan["cache"]["stores"] == []
    assert {phase["store"]["reason"] for phase in plan["phases"]} == {"cache is off"}
    assert "nothing is stored; the budget is 20.0 GB" in render(plan)


def test_a_run_that_goes_on_obeys_its_plan_until_its_settings_change(session: Session, folder: Path) -> None:
    first = replan(session, tiny(folder)).document
    one = {**first, "cache": {**first["cache"], "stores": first["cache"]["stores"][:1]}}
    assert len(first["cache"]["stores"]) == 2
    kept = replan(session, tiny(folder, epochs=9), one)
    assert [store.id for store in kept.decision.stored] == [one["cache"]["stores"][0]["id"]]
    changed = tiny(folder)
    changed["runtime"]["cache_budget"] = "10GB"
    assert len(replan(session, changed, one).decision.stored) == 2


def test_measuring_changes_no_decision_and_reads_beside_the_estimates(folder: Path) -> None:
    view = training.plan(tiny(folder, augment={"preset": "light", "views": 2}), measure=True)
    timed = dict(view.document)
    measured = timed.pop("measured")
    assert timed == dict(training.plan(tiny(folder, augment={"preset": "light", "views": 2})).document)
    told = [row["what"] for row in measured["rows"]]
    assert told[:2] == ["decoding", "decoding and augmenting as phase top"]
    assert sum(what.startswith("computing input to ") for what in told) == 1
    assert sum(what.startswith("computing ") for what in told) == 2
    assert sum(what.startswith("reading ") for what in told) == len(timed["cache"]["stores"])
    for row in measured["rows"]:
        assert 0 < row["fastest_seconds"] <= row["seconds"] <= row["slowest_seconds"]
    title = "seconds for one pass over 49 training examples, from 6 chunks of 16"
    for text in (render(view.document), view._repr_html_()):
        assert title in text and "decoding and augmenting as phase top" in text
    assert not list((folder / "cache").glob("measured-*"))


class Ticks:
    """A clock that moves on by a second whenever it is looked at."""

    sleep = staticmethod(time.sleep)

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        self.seconds += 1
        return self.seconds


@pytest.mark.slow
def test_stores_that_are_there_are_counted_and_near_ones_compared(
    session: Session, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tiny(folder)
    made["runtime"]["cache_directory"] = str(tmp_path / "cache")
    before = training.plan(made).document["cache"]["found"]
    assert [store["present"] for store in before["stores"]] == [0, 0]
    # Another run holds the whole budget, and cannot be made to give it back.
    made["runtime"]["cache_budget"] = "1MB"
    with FeatureStore(tmp_path / "cache" / "features", {}, 1000, {}, print) as used:
        for block in used.claim([number.to_bytes(32, "big") for number in range(1000)], 10):
            block.write(np.zeros((len(block.positions), 1000), np.uint8))
            block.commit()
        training.run(made, run_dir=tmp_path / "held", until_phase="head")
    log = (tmp_path / "held" / "log.txt").read_text()
    assert log.count("more than the budget of 1.0 MB") == 2 and "computed again in every epoch" in log
    assert "stored features" not in log
    monkeypatch.setattr(extraction, "time", ticks := Ticks())
    training.run(made, run_dir=tmp_path / "run", until_phase="head")
    log = (tmp_path / "run" / "log.txt").read_text()
    # The store below is filled while the other waits for it, and its seconds count once.
    below, above = (float(seconds) for seconds in re.findall(r"stored features of .* in ([\d.]+) s ", log))
    assert 0 < above < below + above <= ticks.seconds
    assert "stored features of 70 examples (what stays frozen) in " in log
    assert "stored features of 60 examples in " in log
    document = training.plan(made).document
    after = document["cache"]["found"]["stores"]
    assert [store["present"] for store in after] == [store["rows"] for store in after] == [70, 60]
    assert "70 of 70 rows of block_15_add are there already" in render(document)
    made["data"]["resize"] = "pad"
    other = training.plan(made).document
    assert other["cache"]["found"]["stores"][0]["differs"] == ['input.resize: "pad" here, "crop" there']
    assert 'nothing yet of 2 stores; the nearest that is there differs in input.resize: "pad" here' in render(other)
    assert "found" not in planning.make(session).document["cache"]


def test_stores_of_what_the_run_trains_first_are_not_looked_for(session: Session, folder: Path) -> None:
    made = tiny(folder, epochs=3)
    made["phases"].append({"name": "last", "unfreeze": "none", "learning_rate": 0.001, "epochs": 9})
    changed = replace(session, config=read(made))
    plan = planning.make(changed)
    later = {store.id for store in plan.decision.stored if store.state >= 0}
    assert later
    assert later.isdisjoint(store["id"] for store in find_existing_stores(changed, plan)["stores"])


def test_a_cache_directory_that_cannot_be_made_is_named(folder: Path) -> None:
    made = tiny(folder)
    (folder / "file").write_text("")
    made["runtime"]["cache_directory"] = str(folder / "file" / "cache")
    with pytest.raises(ConfigError, match=r"runtime\.cache_directory: .*file/cache cannot be made"):
        training.plan(made)
