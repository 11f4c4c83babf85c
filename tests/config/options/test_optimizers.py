from __future__ import annotations

import pytest

from kerastune_ft.config.options.optimizers import OPTIMIZER_OPTIONS
from kerastune_ft.config.read import read
from tests.support.config_cases import with_change


@pytest.mark.parametrize("name", OPTIMIZER_OPTIONS)
def test_every_optimizer_reads(name: str) -> None:
    assert read(with_change("phases.1.optimizer", name)).phases[1].optimizer.name == name
