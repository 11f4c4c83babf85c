"""Saving the final model, compared with what was measured before it is kept."""

from __future__ import annotations

import numpy as np

from kerastune_ft.durable import Content
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.saved_model.build import make_serving
from kerastune_ft.saved_model.formats.base import write_and_check
from kerastune_ft.saved_model.unknown import MODEL_FILE, write_model
from kerastune_ft.tasks.base import Measured
from kerastune_ft.training.evaluation.unknown import FoundUnknown
from kerastune_ft.training.phase.evaluate import Evaluated
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.tiled.examples import measure_few_tiles

_SAMPLES_COMPARED = 8


def _choose_samples(session: Session, split: str, evaluated: Evaluated) -> tuple[list[int], Measured]:
    """Return a few examples of a split and what the task measures of them, as the saved model takes them."""
    if session.loader.source.cuts is not None:
        return measure_few_tiles(session, split, _SAMPLES_COMPARED)
    indices = evaluated.indices[:_SAMPLES_COMPARED].tolist()
    return indices, {name: rows[: len(indices)] for name, rows in evaluated.measured.items()}


def save_model(
    session: Session, run: RunDirectory, split: str, evaluated: Evaluated, unknown: FoundUnknown | None = None
) -> None:
    """Write model.keras with labels and preprocessing beside it, after comparing it with what was measured of a split.

    With `unknown` answers unknown.keras is written too. Raises PromiseError when a file, opened again, answers
    otherwise from decoded images or tokens as they are.
    """
    task = session.task
    serving = make_serving(session.config, session.model, task, session.loader, session.backbone.preprocessing)
    run.commit_json("model/labels.json", list(task.scheme.names))
    about = {} if unknown is None else {"unknown": unknown.answers.describe()}
    run.commit_json("model/preprocessing.json", serving.preprocessing() | about)
    for name, content in serving.files().items():
        run.commit(name, content)
    indices, measured = _choose_samples(session, split, evaluated)
    targets, examples = session.loader.targets(np.array(indices, np.int64)), session.examples
    samples, names = serving.samples(examples, indices), [examples.keys[index] for index in indices]

    def keep(name: str, content: Content) -> None:
        run.commit(f"model/{name}", content)

    write_and_check("keras", serving, samples, lambda outputs: task.difference(measured, outputs, targets), names, keep)
    if unknown is not None:
        expected = unknown.distances[split][: len(indices)]
        run.commit(MODEL_FILE, write_model(serving, unknown.answers, samples, expected, names))
