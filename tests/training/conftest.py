from __future__ import annotations

import json
from pathlib import Path

import pytest
from tiny_run import Outcome, document, in_one_process, write_data


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tiny data, its configuration tiny.json and, later, the runs."""
    made = tmp_path_factory.mktemp("runs")
    tiny = document(write_data(made / "data.npz"))
    (made / "tiny.json").write_text(json.dumps(tiny))
    third = {"name": "third", "unfreeze": {"last": 1}, "learning_rate": 0.001, "epochs": 1}
    (made / "longer.json").write_text(json.dumps({**tiny, "phases": [*tiny["phases"], third]}))
    return made


@pytest.fixture(scope="session")
def commands(folder: Path) -> dict[str, Outcome]:
    """What the commands of a user's day leave, given one after another; the first trains runs/base."""
    base, split = ("--run-dir", "base"), ("--run-dir", "split")
    words = {
        "run": ("run", "tiny.json", *base),
        "again": ("run", "tiny.json", *base, "--json"),
        "until on finished": ("run", "tiny.json", *base, "--until-phase", "head"),
        "other rate": ("run", "tiny.json", *base, "--set", "phases.head.learning_rate=0.5", "--json"),
        "evaluate": ("evaluate", "base", "--json"),
        "no split": ("evaluate", "base", "--split", "dev"),
        "report": ("report", "base", "--json"),
        "units of run": ("units", "base", "--json"),
        "plan": ("plan", "tiny.json", "--json"),
        "plan as table": ("plan", "tiny.json"),
        "no unit": ("plan", "tiny.json", "--set", 'phases.top.unfreeze={"from": "block99"}', "--json"),
        "diverged": (
            "run", "tiny.json", "--run-dir", "diverged", "--json", "--set", "phases.head.learning_rate=1e30",
            "--set", "phases.head.clip_norm=null", "--set", "phases.head.optimizer=sgd",
        ),
        "one phase": ("run", "tiny.json", *split, "--until-phase", "head", "--set", "phases.top.epochs=1", "--json"),
        "more epochs": ("run", "tiny.json", *split, "--json"),
        "examples hidden": ("run", "tiny.json", *split, "--set", "output.examples=false"),
        "appended": ("run", "longer.json", *split, "--set", "output.examples=false"),
        "fresh": ("run", "tiny.json", *split, "--fresh", "--until-phase", "head", "--set", "phases.head.epochs=1"),
        "numbered": ("stopped", "run", "tiny.json", "--until-phase", "head"),
        "begun": ("run", "tiny.json", "--run-dir", "runs/tiny-1", "--set", "phases.head.epochs=5", "--json"),
        "numbered again": ("run", "tiny.json", "--until-phase", "head", "--set", "output.examples=false"),
        "split and data": ("evaluate", "base", "--split", "test", "--data", "."),
        "large batch": (
            "plan", "tiny.json", "--set", "phases.head.batch_size=100000000", "--json",
        ),
        "numbered other": ("stopped", "run", "tiny.json", "--set", "seed=4", "--until-phase", "head"),
    }  # fmt: skip
    return dict(zip(words, in_one_process(folder, list(words.values())), strict=True))


@pytest.fixture(scope="session")
def base(folder: Path, commands: dict[str, Outcome]) -> Path:
    """The run that was never interrupted."""
    assert commands["run"].code == 0, commands["run"].err
    return folder / "base"
