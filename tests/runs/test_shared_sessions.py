"""Several schedules on one model: pinned, they share stores, and each trains as it would alone."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import kerastune_ft
from kerastune_ft.config.read import read
from kerastune_ft.config.run import RunConfig, config_hash
from kerastune_ft.errors import ConfigError
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training import engine
from kerastune_ft.training.features.existing_stores import find_existing_stores
from kerastune_ft.training.features.feed import PhaseFeed
from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.phase.context import RunContext
from kerastune_ft.training.plan import build
from kerastune_ft.training.plan.phase_plan import Plan
from kerastune_ft.training.plan.pins import Pins, find_first_layers, schedule_hash
from kerastune_ft.training.run_directory.resume import RunStart
from kerastune_ft.training.session.assemble import assemble
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.watch import Watcher
from tests.support.plain_net import describe_parts, write_parts
from tests.support.tiny_run import history

HEAD = {"name": "head", "unfreeze": "none", "learning_rate": 0.01, "cache": "required"}


def document(folder: Path, batch: int, last: int) -> dict[str, Any]:
    """A head phase on a store, then the last units."""
    top = {"name": "top", "unfreeze": {"last": last}, "learning_rate": 0.001, "batch_size": batch, "cache": "off"}
    return {
        **describe_parts(folder, "shared"),
        "head": {"dropout": 0.2},
        "defaults": {"batch_size": 24, "epochs": 2},
        "phases": [HEAD, top],
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_parts(tmp_path_factory.mktemp("shared"))


def open_session(config: RunConfig) -> Session:
    return assemble(config, engine.devices(config), lambda line: None)


def execute(session: Session, config: RunConfig, path: Path, pinned: Pins) -> Plan:
    run, watch = RunDirectory(path), Watcher()
    plan = engine.prepare(RunStart(run, "new"), session, config, config_hash(config), watch, pinned)
    with PhaseFeed() as feed:
        context = RunContext(session, plan, run, watch, StopRequest(), feed)
        assert engine.train(context)
        engine.finish(context)
    run.update_manifest(state="done", exit_code=0)
    return plan


def weights(run: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(run.glob("phases/*/best.safetensors"))]


@pytest.fixture(scope="module")
def schedules(folder: Path) -> tuple[RunConfig, RunConfig]:
    """Two that begin alike and differ in what all their phases decide: the chunk, and where the first stage ends."""
    return read(document(folder, 24, 1)), read(document(folder, 8, 3))


@pytest.fixture(scope="module")
def pinned(schedules: tuple[RunConfig, RunConfig]) -> Pins:
    session = open_session(schedules[0])
    return build.pin(session, [build.make(session.with_phases(each.phases)) for each in schedules])


@pytest.fixture(scope="module")
def alone(folder: Path, schedules: tuple[RunConfig, RunConfig], pinned: Pins) -> Path:
    """A run of the second schedule on a model of its own."""
    execute(open_session(schedules[1]), schedules[1], folder / "alone", pinned)
    return folder / "alone"


def test_pinned_schedules_share_a_session_and_its_stores(
    folder: Path, schedules: tuple[RunConfig, RunConfig], pinned: Pins, alone: Path
) -> None:
    first, second = schedules
    session = open_session(first)
    other = session.with_phases(second.phases)
    plans = build.make(session), build.make(other)
    assert plans[0].chunk != plans[1].chunk
    names = [[stage.cut_names for stage in plan.phases[0].stages] for plan in plans]
    assert names[0] != names[1], "where the first stage ends follows from all phases"

    execute(session, first, folder / "first", pinned)
    plan = build.make(other, pinned=pinned)
    assert (plan.chunk, [stage.cut_names for stage in plan.phases[0].stages]) == (pinned.chunk, names[1])
    # Stores are known by the weights below them, and a run begins with those the session began with.
    session.assign(session.origin)
    assert [entry["present"] for entry in find_existing_stores(other, plan)["stores"]] == [60], (
        "training and validation"
    )
    assert [entry["present"] for entry in find_existing_stores(session, plans[0])["stores"]] == [0], "unpinned"
    assert schedule_hash(first, 0) == schedule_hash(second, 0)

    execute(other, second, folder / "shared", pinned)
    assert weights(folder / "shared") == weights(alone)
    assert history(folder / "shared") == history(alone)
    assert weights(folder / "first")[0] == weights(folder / "shared")[0], "phases of equal hash and pins are equal"
    assert weights(folder / "first")[1] != weights(folder / "shared")[1]


def test_a_pinned_run_goes_on_and_is_evaluated_as_pinned(
    schedules: tuple[RunConfig, RunConfig], pinned: Pins, alone: Path
) -> None:
    session = open_session(schedules[1])
    earlier = RunDirectory(alone).read_json("plan.json")
    assert Pins.from_json(earlier["pinned"]) == pinned
    assert dict(build.make(session, earlier).document) == earlier
    assert "pinned" not in build.make(session).document
    wanted = kerastune_ft.open_run(alone).metrics["test"]
    assert kerastune_ft.evaluate(alone, split="test") == pytest.approx(wanted, rel=1e-6)


def test_adapters_that_the_model_lacks_are_refused(folder: Path) -> None:
    made = document(folder, 24, 1)
    session = open_session(read(made))
    adapted = copy.deepcopy(made)
    adapted["phases"][1]["lora"] = {"rank": 2, "targets": ["block3_conv"]}
    with pytest.raises(ConfigError, match=r"\(top\).lora: the model was built without an adapter of rank 2"):
        session.with_phases(read(adapted).phases)


def test_the_few_layers_of_a_configuration_stand_for_all_that_is_pinned(
    folder: Path, schedules: tuple[RunConfig, RunConfig], pinned: Pins
) -> None:
    made = document(folder, 8, 1)
    session = open_session(read(made))
    layers = find_first_layers(pinned, session.model)
    assert 1 <= len(layers) < len(pinned.live) + len(pinned.trained)
    made["runtime"]["pinned"] = {"chunk": pinned.chunk, "layers": list(layers)}
    written = build.make(replace(session, config=read(made)))
    wanted = build.make(session, pinned=pinned)
    assert written.chunk == wanted.chunk == pinned.chunk
    assert [[stage.cut_names for stage in plan.stages] for plan in written.phases] == [
        [stage.cut_names for stage in plan.stages] for plan in wanted.phases
    ]
    assert len(written.phases[0].stages) == 2
    assert build.make(session, written.document).chunk == pinned.chunk, "and a run that goes on keeps it"
    assert any("runtime.pinned" in note for note in written.document["notes"])

    made["runtime"]["pinned"]["layers"] = [f"{layers[0]}x"]
    with pytest.raises(ConfigError, match=rf'runtime.pinned.layers\[0\]: .*did you mean "{layers[0]}"'):
        build.make(replace(session, config=read(made)))
