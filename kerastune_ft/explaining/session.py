"""The model of a finished run with its data, opened to look into it."""

from __future__ import annotations

import os

from kerastune_ft.config.options.backbones import EarlierRun
from kerastune_ft.config.run import RunConfig
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.rebuild.precision import FLOAT32
from kerastune_ft.input.texts.row_settings import read_sizes
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.devices import devices as device_choice
from kerastune_ft.training.evaluation.run_source import open_own_data
from kerastune_ft.training.session.assemble import assemble
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.session.whole import is_whole
from kerastune_ft.training.watch import Watcher


def open_final_model(target: RunDirectory, config: RunConfig, split: str, watch: Watcher) -> Session:
    """Return the session of a run's final model on its own data, on one device.

    Raises ConfigError for an ensemble, whose members have maps of their own, and what `open_own_data` raises.
    """
    document = target.read_json("plan.json")
    if is_whole(document):
        raise ConfigError(
            f"{target} is an ensemble, and each of its members has maps of its own; explain one of them, as in "
            f"{target}/members"
        )
    itself = EarlierRun(path=os.path.abspath(target.path) if target.is_local else str(target), head="keep")
    runtime = config.runtime.model_copy(update={"precision": FLOAT32, "strategy": "none", "replicas": None})
    config = config.model_copy(update={"backbone": itself, "runtime": runtime})
    if document.get("sound"):
        seconds = document["sound"]["seconds"]
        config = config.model_copy(update={"data": config.data.model_copy(update={"seconds": seconds})})
    source = open_own_data(target, config, split, document, watch)
    sizes = read_sizes(document["text"]) if document.get("text") else None
    endpoints = tuple(document["backbone"].get("endpoints", ())) or None
    scheme = LabelScheme.from_json(document["labels"])
    return assemble(config, device_choice.resolve(runtime), watch.note, source, scheme, sizes, endpoints)
