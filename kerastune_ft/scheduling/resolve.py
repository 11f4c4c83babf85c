"""Choosing the phases of a configuration, with what was measured kept in the cache directory until they are chosen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import tensorflow as tf
from filelock import FileLock

from kerastune_ft.config.compose import lay_keys
from kerastune_ft.config.options.phases import Phase
from kerastune_ft.config.read import read
from kerastune_ft.config.run import RunConfig
from kerastune_ft.probing.record import Record
from kerastune_ft.scheduling import rules
from kerastune_ft.scheduling.stage import Choice, Stage
from kerastune_ft.training.devices.workers import ask_chief
from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.lost_files import naming_lost_files
from kerastune_ft.training.session.assemble import assemble
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.versions import find_versions
from kerastune_ft.training.watch import Watcher

_FOLDER = "auto"


def choose_phases(
    session: Session, config: RunConfig, config_hash: str, watch: Watcher, stop: StopRequest
) -> tuple[Sequence[Phase], Mapping[str, Any]]:
    """Return the phases that measurements lead to, and what was measured, as plan.json has it.

    What was measured before, by a command that was interrupted or by `plan --resolve`, is not measured again. Of
    several workers the chief measures by itself, as a single process would, and the others take what it chose.
    """

    def choose() -> list[Any]:
        choice = _choose(_on_chief(session), config, config_hash, watch, stop)
        return [choice.phases, choice.to_json()]

    phases, chosen = ask_chief(session.devices, choose)
    return tuple(Phase.model_validate(phase) for phase in phases), chosen


def _on_chief(session: Session) -> Session:
    """Return the session, of one of several workers anew without the strategy in which no worker computes alone."""
    if session.devices.workers == 1:
        return session
    alone = replace(session.devices, kind="none", strategy=tf.distribute.get_strategy(), workers=1, worker=0)
    return assemble(session.config, alone, lambda line: None, session.source, endpoints=tuple(session.backbone.outputs))


def _choose(session: Session, config: RunConfig, config_hash: str, watch: Watcher, stop: StopRequest) -> Choice:
    assert config.auto is not None
    keys = dict(config.auto.keys)

    def lay(phases: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return _complete(config, _keep_steps(phases, lay_keys(phases, keys)))

    key = _key(session, config_hash)
    folder = session.cache / _FOLDER / hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    seconds = config.auto.seconds
    # Another process that measures the same is waited for: then all is measured.
    with FileLock(folder / "lock"), naming_lost_files(session.source):
        return Stage(session, Record(folder, key), folder, lay, seconds, watch, stop).choose()


def _keep_steps(phases: Sequence[Mapping[str, Any]], laid: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return laid phases, those that are as long as a trial was with its steps: `epochs` is how long others may be."""
    return [
        {**{key: value for key, value in own.items() if key != "epochs"}, "steps": phase["steps"]}
        if "steps" in phase
        else own
        for phase, own in zip(phases, laid, strict=True)
    ]


def _complete(config: RunConfig, phases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return phases with every key, checked as those of a configuration file are."""
    document = {key: value for key, value in config.to_json().items() if key != "auto"}
    found: list[dict[str, Any]] = read({**document, "phases": phases}).to_json()["phases"]
    return found


def _key(session: Session, config_hash: str) -> dict[str, Any]:
    """Return all that measurements depend on."""
    return {
        "version": rules.VERSION,
        "configuration": config_hash,
        "data": session.source.info.fingerprint,
        "weights": session.source_hash,
        "devices": session.devices.to_json(),
        "versions": find_versions(),
    }
