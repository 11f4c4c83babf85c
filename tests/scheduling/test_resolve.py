"""Choosing the phases of a configuration: keys laid over them, and what was measured kept in the cache."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.config.run import config_hash
from kerastune_ft.errors import DivergedError
from kerastune_ft.scheduling import stage
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
