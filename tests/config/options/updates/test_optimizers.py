from __future__ import annotations

import pytest

from kerastune_ft.config.options.updates.optimizers import OPTIMIZER_OPTIONS, SOLVERS
from kerastune_ft.config.read import read
from tests.support.config_cases import with_change


@pytest.mark.parametrize("name", [name for name in OPTIMIZER_OPTIONS if name not in SOLVERS])
def test_every_optimizer_reads(name: str) -> None:
    assert read(with_change("phases.1.optimizer", name)).phases[1].optimizer.name == name


def test_a_solver_is_read_with_its_penalty_written_out() -> None:
    document = with_change("phases.0", {"name": "head", "unfreeze": "none", "epochs": 9, "optimizer": "lbfgs"})
    phase = read(document).phases[0]
    assert (phase.is_solved, phase.learning_rate, dict(phase.optimizer.options)) == (True, None, {"l2": 0.01})
    written = read(document).to_json()
    assert written["phases"][0]["optimizer"] == {"name": "lbfgs", "options": {"l2": 0.01}}
    # What is written out is read as the same again.
    assert read(written) == read(document)
