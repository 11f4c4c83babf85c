"""One trial: a configuration trained and measured by the engine, without saving a model."""

from __future__ import annotations

import gc
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from kerastune_ft.config.read import read
from kerastune_ft.config.run import config_hash
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training import engine
from kerastune_ft.training.evaluation import final
from kerastune_ft.training.features.feed import PhaseFeed
from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.phase.context import RunContext
from kerastune_ft.training.plan import build as planning
from kerastune_ft.training.run_directory.resume import RunStart
from kerastune_ft.training.watch import Watcher


def run(document: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return accuracy on validation and test, and the epochs of every phase: trained, and the best."""
    keras.backend.clear_session(free_memory=False)
    gc.collect()
    folder = Path(tempfile.mkdtemp())
    try:
        config = read({**document, "name": "trial", "seed": seed})
        start, watch = RunStart(RunDirectory(folder / "run"), "new"), Watcher()
        with start.target.lock():
            return _measure(start, config, watch)
    finally:
        shutil.rmtree(folder)


def _measure(start: RunStart, config: Any, watch: Watcher) -> dict[str, Any]:
    session = engine.open_session(start, config, engine.devices(config), watch)
    plan = engine.prepare(start, session, config, config_hash(config), watch)
    with PhaseFeed() as feed:
        context = RunContext(session, plan, start.target, watch, StopRequest(None), feed)
        engine.train(context)
        evaluation, last = planning.for_evaluation(session, plan.document), plan.phases[-1]
        shared = feed.for_phase(session, plan, last, watch)
        splits = ("validation", "test")
        found = final.evaluate_splits(session, evaluation, splits, watch, shared, context.step_of(last))
    metrics = final.metrics_of(session, found)
    phases = (start.target.manifest() or {})["phases"]
    return {
        **{split: metrics[split]["accuracy"] for split in splits},
        **{f"{split}_f1": metrics[split]["macro_f1"] for split in splits},
        "epochs": [[phase["epochs"], phase["best_epoch"]] for phase in phases],
    }
