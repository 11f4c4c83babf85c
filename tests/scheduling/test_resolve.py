"""Choosing the phases of a configuration: keys laid over them, and what was measured kept in the cache."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.config.run import config_hash
from kerastune_ft.errors import DivergedError
from kerastune_ft.scheduling import resolve, stage
from kerastune_ft.scheduling.resolve import choose_phases
from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.watch import Watcher
from tests.support.probe_sessions import image_document, open_session


def test_keys_are_laid_over_the_solved_head_and_measurements_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: dict[str, Any] = image_document(tmp_path)
    made["defaults"] = {"class_weights": "balanced"}
    made["phases"] = {"preset": "auto", "time": "10m"}
    config, session = read(made), open_session(made)
    digest = config_hash(config)

    def diverge(*given: Any) -> None:
        raise DivergedError("NaN")

    monkeypatch.setattr(stage, "run_trial", diverge)
    phases, chosen = choose_phases(session, config, digest, Watcher(), StopRequest())
    (head,) = phases
    assert head.optimizer.name == "lbfgs" and head.class_weights == "balanced"
    assert chosen["limit_seconds"] == 600 and "only the head trains" in " ".join(chosen["reasons"])
    (record,) = (tmp_path / "cache" / "auto").glob("*/measurements.json")
    assert digest in record.read_text()
    monkeypatch.setattr(stage, "fit_probe", lambda *args, **more: pytest.fail("measured again"))
    assert choose_phases(session, config, digest, Watcher(), StopRequest()) == (phases, chosen)


def test_a_trial_that_is_made_again_is_as_long_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = image_document(tmp_path)
    made["phases"] = {"preset": "auto", "epochs": 7}

    class Chosen(stage.Stage):
        def choose(self) -> stage.Choice:
            short = {"name": "top_short", "unfreeze": "all", "steps": 12, "learning_rate": 0.001}
            later = {"name": "top", "unfreeze": "all", "epochs": 15, "learning_rate": 0.0001}
            return stage.Choice(self._lay([short, later]), [], [], 1.0, 1.0)

    monkeypatch.setattr(resolve, "Stage", Chosen)
    config = read(made)
    phases, _ = choose_phases(open_session(made), config, config_hash(config), Watcher(), StopRequest())
    assert [(phase.steps, phase.epochs) for phase in phases] == [(12, None), (None, 7)]
