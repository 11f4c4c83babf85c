from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kerastune_ft.config.read import read
from kerastune_ft.config.run import config_hash
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training import engine
from kerastune_ft.training.features.feed import PhaseFeed
from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.loop import set_weights
from kerastune_ft.training.phase.context import RunContext
from kerastune_ft.training.run_directory.resume import RunStart
from kerastune_ft.training.session.assemble import assemble
from kerastune_ft.training.watch import Watcher
from kerastune_ft.tuning.sweep import Sweep, spread_rates, sweep
from tests.support.plain_net import describe_parts, write_parts
from tests.support.tiny_run import history


def open_context(folder: Path, run: str, feed: PhaseFeed) -> RunContext:
    document = {
        **describe_parts(folder, "swept"),
        "defaults": {"batch_size": 10, "epochs": 1},
        "phases": [
            {"name": "head", "unfreeze": "none", "learning_rate": 0.01, "label_smoothing": 0.1},
            {"name": "top", "unfreeze": {"last": 1}, "learning_rate": 0.001, "carry_optimizer": True,
             "start_from": "last"},
        ],
    }  # fmt: skip
    config = read(document)
    session = assemble(config, engine.devices(config), lambda line: None)
    target = RunDirectory(folder / run)
    plan = engine.prepare(RunStart(target, "new"), session, config, config_hash(config), Watcher())
    return RunContext(session, plan, target, Watcher(), StopRequest(), feed)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_parts(tmp_path_factory.mktemp("swept"))


def run_phases(folder: Path, run: str, sweeps: bool) -> tuple[list[Sweep], list[bytes]]:
    """Train both phases, before each of them a sweep or none, on one session and one run directory."""
    found = []
    with PhaseFeed() as feed:
        context = open_context(folder, run, feed)
        for phase in context.plan.phases:
            if sweeps:
                set_weights(context, phase)
                files = sorted(each.relative_to(folder) for each in context.run.path.rglob("*"))
                found.append(sweep(context, phase, spread_rates(1e-5, 100.0, 20)))
                assert sorted(each.relative_to(folder) for each in context.run.path.rglob("*")) == files
            engine.train(context, phase.phase.name)
    return found, [path.read_bytes() for path in sorted((folder / run).glob("phases/*/best.safetensors"))]


def test_a_training_after_a_sweep_has_the_bits_of_one_without(folder: Path) -> None:
    _, alone = run_phases(folder, "alone", sweeps=False)
    found, after = run_phases(folder, "after", sweeps=True)
    assert after == alone and len(after) == 2
    assert history(folder / "after") == history(folder / "alone")
    for each in found:
        # The first step is at a rate that changes nothing much, the last ones at rates that destroy.
        assert len(each.rates) == len(each.losses) == len(each.running_mean)
        assert np.isfinite(each.losses).all() and each.running_mean[0] == pytest.approx(each.losses[0])
        assert each.is_exploded or len(each.losses) == 20
    # The updates are the phase's own first ones: the first loss is that of its first batch before any update.
    assert found[0].losses[0] < 3


def test_rates_are_in_even_multiples() -> None:
    rates = spread_rates(1e-4, 1.0, 5)
    assert rates == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1, 1.0], rel=1e-5) and rates.dtype == np.float32
