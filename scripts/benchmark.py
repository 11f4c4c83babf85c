#!/usr/bin/env python
"""Measure kerastune_ft against plain Keras on this machine, in one process, alternating; prints a table of ratios.

    scripts/benchmark.py step --data photos --weights FILE      the step loop against Model.fit

`step`: seconds of one epoch of a phase, everything recomputed, against `Model.fit` of the same model with the same
layers frozen, on the same batches from the same input pipeline, with the same optimizer. Both are compiled before the
clock starts. The ratio is of medians.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import click
import keras
import tensorflow as tf

from kerastune_ft.config.read import read
from kerastune_ft.input.pipeline import shuffled
from kerastune_ft.reporting.tables import listing
from kerastune_ft.training import devices, optimizers, plan
from kerastune_ft.training.assemble import Session, assemble
from kerastune_ft.training.evaluate import as_tensor
from kerastune_ft.training.phase import build_step
from kerastune_ft.training.schedules import rate_table

PHASES = (
    {"name": "head", "unfreeze": "none"},
    {"name": "top", "unfreeze": {"last": 3}},
    {"name": "all", "unfreeze": "all"},
)


@click.group()
def main() -> None:
    """Measure kerastune_ft against plain Keras."""


@main.command()
@click.option("--data", required=True, help="A folder of class folders.")
@click.option("--weights", default=None, help="Weights of MobileNet with --alpha; none means random ones.")
@click.option("--alpha", default=0.25)
@click.option("--image-size", default=224)
@click.option("--batch-size", default=32)
@click.option("--rounds", default=5, help="Alternating epochs of each.")
def step(data: str, weights: str | None, alpha: float, image_size: int, batch_size: int, rounds: int) -> None:
    """Print the cost of the step loop as a multiple of Model.fit's."""
    config = read(
        {
            "task": {"kind": "image_classification"},
            "data": {"kind": "folder", "path": data},
            "backbone": {
                "kind": "applications",
                "name": "MobileNet",
                "weights": weights,
                "image_size": image_size,
                "options": {"alpha": alpha},
            },
            "phases": [
                {
                    **phase,
                    "epochs": 1,
                    "learning_rate": 0.001,
                    "optimizer": "adam",
                    "weight_decay": 0.0,
                    "batch_size": batch_size,
                }
                for phase in PHASES
            ],
        }
    )
    session = assemble(config, devices.resolve(config.runtime), lambda line: print(line, file=sys.stderr))
    rows = []
    for phase in plan.make(session).phases:
        ours, theirs = _ours(session, phase), _theirs(session, phase)
        seconds: dict[str, list[float]] = {"ours": [], "theirs": []}
        for number in range(rounds + 1):
            for name, epoch in (("ours", ours), ("theirs", theirs)):
                began = time.perf_counter()
                epoch(number)
                # The first round compiles.
                if number:
                    seconds[name].append(time.perf_counter() - began)
        medians = {name: statistics.median(values) for name, values in seconds.items()}
        rows.append(
            {
                "phase": phase.phase.name,
                "steps": phase.steps,
                "kerastune_ft seconds": medians["ours"],
                "Model.fit seconds": medians["theirs"],
                "ratio": round(medians["ours"] / medians["theirs"], 3),
            }
        )
    from rich.console import Console

    Console(width=120).print(listing(rows))


def _batches(session: Session, phase: plan.PhasePlan, epoch: int) -> tf.data.Dataset:
    order = shuffled(session.source.splits["train"], phase.update_batch, 1, (0, phase.index, epoch))
    return session.loader.dataset(order, 1)


def _ours(session: Session, phase: plan.PhasePlan) -> Callable[[int], Any]:
    plan.freeze_all_but(session, phase.selection, phase.trained)
    variables = session.variables
    trained = [variables[path] for path in phase.trained]
    table = rate_table(phase.phase.learning_rate, phase.steps)
    optimizer = optimizers.build(phase.phase, trained, table, phase.factors)
    made = plan.Plan((phase,), phase.phase.batch_size, {})
    compiled = build_step(session, made, phase, optimizer)

    def epoch(number: int) -> None:
        sums = [compiled.train(batch, as_tensor(number)) for batch in _batches(session, phase, number)]
        [value.numpy() for value in sums]

    return epoch


def _theirs(session: Session, phase: plan.PhasePlan) -> Callable[[int], Any]:
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
        dataset = _batches(session, phase, number).map(
            lambda inputs, targets, weights, indices: (inputs, targets, weights)
        )
        model.fit(dataset, verbose=0)

    return epoch


if __name__ == "__main__":
    main()
