"""Compiled steps that are taken again: the same bits as of new ones, and only where nothing but numbers differs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training import engine
from kerastune_ft.training.features.feed import PhaseFeed
from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.loop import run_phases
from kerastune_ft.training.phase.context import RunContext
from kerastune_ft.training.plan import build
from kerastune_ft.training.session.assemble import assemble
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.watch import Watcher
from kerastune_ft.trials.reuse import StepReuse

OTHER = ("phases.head.learning_rate.peak=0.03", "phases.head.weight_decay=0.2", "phases.head.dropout=0.45")


@pytest.fixture(scope="module")
def session(search_folder: Path) -> Session:
    config = read(search_folder / "tiny.json")
    return assemble(config, engine.devices(config), lambda line: None)


def prepare_head(session: Session, search_folder: Path, reuse: StepReuse, *overrides: str) -> None:
    own = session.with_phases(read(search_folder / "tiny.json", overrides).phases[:1])
    plan = build.make(own)
    with PhaseFeed() as feed:
        reuse.prepare(RunContext(own, plan, RunDirectory("unused"), Watcher(), StopRequest(), feed), plan.phases[0])


def train(session: Session, search_folder: Path, place: Path, reuse: StepReuse, *overrides: str) -> bytes:
    """Train the head with overrides and return its best weights."""
    config = read(search_folder / "tiny.json", ("phases.top.cache=off", *overrides))
    own = session.with_phases(config.phases[:1])
    run = RunDirectory(place)
    with PhaseFeed() as feed:
        list(run_phases(RunContext(own, build.make(own), run, Watcher(), StopRequest(), feed, reuse.prepare)))
    return (place / "phases/00-head/best.safetensors").read_bytes()


def test_a_step_taken_again_with_other_numbers_gives_the_bits_of_a_new_one(
    session: Session, search_folder: Path, tmp_path: Path
) -> None:
    reuse = StepReuse()
    first = train(session, search_folder, tmp_path / "first", reuse)
    second = train(session, search_folder, tmp_path / "second", reuse, *OTHER)
    assert reuse.reused == 1
    assert second == train(session, search_folder, tmp_path / "alone", StepReuse(), *OTHER)
    assert first == train(session, search_folder, tmp_path / "again", reuse)
    assert reuse.reused == 2
    assert first != second


# Everything that a step has a number for: how many of what train, then the numbers of two trials.
SWITCHES = ('phases.head.unfreeze={"last": 1}', "phases.head.cache=off")
NUMBERS = ({"label_smoothing": 0.1, "clip_norm": 1.0, "l2_sp": 0.5, "ema": 0.9, "mixup": 0.2},
           {"label_smoothing": 0.3, "clip_norm": 0.02, "l2_sp": 0.05, "ema": 0.5, "mixup": 0.9})  # fmt: skip
WEIGHTS = ({"0": 1.0, "1": 3.0}, {"0": 2.0, "1": 0.5})


def test_numbers_of_loss_clipping_pull_average_and_mixing_are_variables_too(
    session: Session, search_folder: Path, tmp_path: Path
) -> None:
    first, second = (
        (
            *SWITCHES,
            *(f"phases.head.{key}={value}" for key, value in numbers.items()),
            f"phases.head.class_weights={json.dumps(weights)}",
        )
        for numbers, weights in zip(NUMBERS, WEIGHTS, strict=True)
    )
    reuse = StepReuse()
    before = train(session, search_folder, tmp_path / "first", reuse, *first)
    after = train(session, search_folder, tmp_path / "second", reuse, *second)
    assert reuse.reused == 1
    assert after == train(session, search_folder, tmp_path / "alone", StepReuse(), *second)
    assert before != after


@pytest.mark.parametrize(
    "override",
    [
        "phases.head.optimizer=sgd", "phases.head.batch_size=12", "phases.head.weight_decay=0", "phases.head.dropout=0",
        "phases.head.clip_norm=1", "phases.head.label_smoothing=0.1", "phases.head.ema=0.9", "phases.head.epochs=1",
    ],
)  # fmt: skip
def test_anything_else_is_compiled_anew(session: Session, search_folder: Path, override: str) -> None:
    reuse = StepReuse()
    for overrides in ((), (override,)):
        prepare_head(session, search_folder, reuse, *overrides)
    assert reuse.reused == 0


def test_a_step_of_a_model_that_is_gone_is_not_taken_for_one_at_the_same_address(
    session: Session, search_folder: Path
) -> None:
    reuse = StepReuse()
    prepare_head(session, search_folder, reuse)
    (key,) = reuse._held
    reuse._held[key] = reuse._held[key]._replace(model=lambda: None)  # type: ignore[arg-type]
    prepare_head(session, search_folder, reuse)
    assert (reuse.reused, list(reuse._held)) == (0, [key])
    prepare_head(session, search_folder, reuse)
    assert reuse.reused == 1
