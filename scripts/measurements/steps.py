"""Comparing the step loop of kerastune_ft with Model.fit, alternating in one process."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras

from kerastune_ft.config.read import read
from kerastune_ft.graph.decay import find_undecayed
from kerastune_ft.input.order import Order, shuffle_batches
from kerastune_ft.training.devices import devices
from kerastune_ft.training.features.feed import Feed, Supply
from kerastune_ft.training.features.prefix import Prefix
from kerastune_ft.training.phase import freeze
from kerastune_ft.training.phase.evaluate import as_tensor
from kerastune_ft.training.phase.prepare import build_step
from kerastune_ft.training.plan import build, phase_plan
from kerastune_ft.training.plan.schedules import rate_table
from kerastune_ft.training.session.assemble import assemble
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.updates import optimizers
from measurements import tables
from measurements.schedule import Schedule
from measurements.tables import Sheet

PHASES = (
    {"name": "head", "unfreeze": "none"},
    {"name": "top", "unfreeze": {"last": 3}},
    {"name": "all", "unfreeze": "all"},
)


def measure(schedule: Schedule, data: Path, rounds: int) -> list[dict[str, Any]]:
    """Return a row per phase: the median seconds of one epoch of either loop, everything recomputed.

    Both train the same model with the same layers frozen, on the same batches from the same input pipeline, with the
    same optimizer, and are compiled before the clock starts.
    """
    document = schedule.config(data, 0)
    document["phases"] = [{**phase, "epochs": 1, "learning_rate": schedule.head_rate} for phase in PHASES]
    config = read(document)
    session = assemble(config, devices.resolve(config.runtime), lambda line: print(line, file=sys.stderr))
    made = build.make(session)
    return [_row(session, made, phase, rounds) for phase in made.phases]


def _row(session: Session, made: phase_plan.Plan, phase: phase_plan.PhasePlan, rounds: int) -> dict[str, Any]:
    ours, theirs = _ours(session, made, phase), _theirs(session, phase)
    seconds: dict[str, list[float]] = {"ours": [], "theirs": []}
    for number in range(rounds + 1):
        for name, epoch in (("ours", ours), ("theirs", theirs)):
            began = time.perf_counter()
            epoch(number)
            # The first round compiles.
            if number:
                seconds[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    return {
        "phase": phase.phase.name,
        "steps": phase.steps,
        "kerastune_ft": medians["ours"],
        "Model.fit": medians["theirs"],
        "ratio": medians["ours"] / medians["theirs"],
    }


def sheet(rows: Sequence[dict[str, Any]], caption: str) -> Sheet:
    """Return the rows as a table."""
    heads = ("phase", "steps", "kerastune_ft, s", "Model.fit, s", "ratio")
    lines = [
        [row["phase"], str(row["steps"]), tables.seconds(row["kerastune_ft"]), tables.seconds(row["Model.fit"])]
        for row in rows
    ]
    return Sheet(heads, [[*line, f"{row['ratio']:.3f}"] for line, row in zip(lines, rows, strict=True)], caption)


def _order(session: Session, phase: phase_plan.PhasePlan, epoch: int) -> Order:
    return shuffle_batches(session.source.splits["train"], phase.update_batch, 1, (0, phase.index, epoch))


def _ours(session: Session, made: phase_plan.Plan, phase: phase_plan.PhasePlan) -> Callable[[int], Any]:
    freeze.freeze_all_but(session, phase.selection, phase.trained)
    variables = session.variables
    trained = [variables[path] for path in phase.trained]
    table = rate_table(phase.phase.learning_rate, phase.steps)
    undecayed = find_undecayed(layer for unit in session.units for layer in unit.layers)
    optimizer = optimizers.build(phase.phase, trained, table, phase.factors, undecayed=undecayed)
    compiled = build_step(session, phase, optimizer)
    supply = Supply(session.loader, Prefix(session.devices, phase.stages, made.chunk))
    feed = Feed(session.devices, supply, supply)

    def epoch(number: int) -> None:
        batches = feed.training_batches(_order(session, phase, number), number)
        sums = [compiled.train(batch, as_tensor(number)) for batch in batches]
        [value.numpy() for value in sums]

    return epoch


def _theirs(session: Session, phase: phase_plan.PhasePlan) -> Callable[[int], Any]:
    """Return an epoch of Model.fit on a copy of the model with Keras' own dropout, frozen as the phase freezes it."""
    model = keras.models.clone_model(session.model)
    model.set_weights(session.model.get_weights())
    for layer, original in zip(model.layers, session.model.layers, strict=True):
        layer.trainable = original.trainable
    model.compile(
        keras.optimizers.Adam(0.001),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )

    def epoch(number: int) -> None:
        dataset = session.loader.batches(_order(session, phase, number), 1).map(
            lambda inputs, targets, weights, indices: (inputs, targets, weights)
        )
        model.fit(dataset, shuffle=False, verbose=0)

    return epoch
