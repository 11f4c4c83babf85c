from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.watch import Watcher
from kerastune_ft.tuning.phases import choose_phase, open_phase
from tests.support.config_cases import MINIMAL
from tests.support.probe_sessions import image_document


@pytest.mark.parametrize(
    ("phases", "name", "number"),
    [("head_then_top", None, 0), ("head_then_top", "top", 1), ("linear_probe_then_finetune", None, 1)],
)
def test_the_first_phase_with_a_rate_is_swept_unless_one_is_named(phases: Any, name: str | None, number: int) -> None:
    assert choose_phase(read({**MINIMAL, "phases": phases}), name) == number


@pytest.mark.parametrize(
    ("phases", "name", "message"),
    [
        ("head_then_top", "topp", 'did you mean "top"'),
        ("linear_probe_then_finetune", "probe", "set by a solver, which has no learning rate"),
        ("auto", None, "chooses rates of its own"),
        ({"preset": "head", "optimizer": "lbfgs", "epochs": 9}, None, "no phase has a learning rate"),
    ],
)
def test_what_has_no_rate_is_refused(phases: Any, name: str | None, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        choose_phase(read({**MINIMAL, "phases": phases}), name)


@pytest.mark.parametrize("key", [{"start_from": "last"}, {"carry_optimizer": True}])
def test_a_finished_phase_that_began_with_a_step_that_is_gone_is_refused(key: dict[str, Any], tmp_path: Path) -> None:
    made = image_document(tmp_path)
    made["phases"][1] |= key
    config, run, stop = read(made), RunDirectory(tmp_path / "run"), StopRequest()
    run.commit_json("phases/01-top/result.json", {"state": "done"})
    refused = pytest.raises(ConfigError, match=r"last step of phase head.*--run-dir a new")
    with refused, open_phase(config, 1, run, Watcher(), stop):
        pytest.fail("opened")
