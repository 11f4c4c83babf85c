"""Runs that the tests of whole runs share, each trained once in the process that needs it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import small_nets, trained_runs
from tests.support.processes import Outcome, run_named
from tests.support.tiny_run import document, write_data
from tests.support.trained_runs import small_backbone, train


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tiny data, its configuration tiny.json and, later, the runs.

    small.json is the same on a backbone that trains in a third of the time, for promises that hold on any.
    """
    made = tmp_path_factory.mktemp("runs")
    tiny = document(write_data(made / "data.npz"))
    tiny["phases"][1] |= {"mixup": 0.3, "cutmix": 1.0, "loss": {"name": "focal", "gamma": 1.5}}
    (made / "tiny.json").write_text(json.dumps(tiny))
    backbone = small_nets.save_net(made / "small.keras", "plain")
    small = {**tiny, "name": "small", "backbone": backbone}
    (made / "small.json").write_text(json.dumps(small))
    third = {"name": "third", "unfreeze": {"last": 1}, "learning_rate": 0.001, "epochs": 1}
    (made / "longer.json").write_text(json.dumps({**small, "phases": [*tiny["phases"], third]}))
    return made


@pytest.fixture(scope="session")
def commands(folder: Path) -> dict[str, Outcome]:
    """What the commands of a user's day leave, given one after another; the first trains base."""
    base, split = ("--run-dir", "base"), ("--run-dir", "split")
    # The one run measures its gradients, the other does not, and both are the same otherwise.
    plain = ("--set", "output.gradient_norms=false")
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
            "run", "small.json", "--run-dir", "diverged", "--json", "--set", "phases.head.learning_rate=1e30",
            "--set", "phases.head.clip_norm=null", "--set", "phases.head.optimizer=sgd",
        ),
        "one phase": (
            "run", "small.json", *split, "--until-phase", "head", "--set", "phases.top.epochs=1", "--json", *plain,
        ),
        "more epochs": ("run", "small.json", *split, "--json", *plain),
        "examples hidden": ("run", "small.json", *split, "--set", "output.examples=false", *plain),
        "appended": ("run", "longer.json", *split, "--set", "output.examples=false", *plain),
        "fresh": ("run", "small.json", *split, "--fresh", "--until-phase", "head", "--set", "phases.head.epochs=1"),
        "numbered": ("stopped", "run", "small.json", "--until-phase", "head"),
        "begun": ("run", "small.json", "--run-dir", "runs/small-1", "--set", "phases.head.epochs=5", "--json"),
        "numbered again": ("run", "small.json", "--until-phase", "head", "--set", "output.examples=false"),
        "split and data": ("evaluate", "base", "--split", "test", "--data", "."),
        "large batch": (
            "plan", "tiny.json", "--set", "phases.head.batch_size=100000000", "--json",
        ),
        "numbered other": ("stopped", "run", "small.json", "--set", "seed=4", "--until-phase", "head"),
    }  # fmt: skip
    return run_named(folder, words)


@pytest.fixture(scope="session")
def base(folder: Path, commands: dict[str, Outcome]) -> Path:
    """The run that was never interrupted."""
    assert commands["run"].code == 0, commands["run"].err
    return folder / "base"


@pytest.fixture(scope="session")
def small_base(folder: Path) -> Path:
    """A run of small.json that was never interrupted, on one device."""
    done = run_named(folder, {"run": ("run", "small.json", "--run-dir", "small")})["run"]
    assert done.code == 0, done.err
    return folder / "small"


@pytest.fixture(scope="session")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with image files, tables that name them, and a cache of its own."""
    folder = tmp_path_factory.mktemp("inference")
    trained_runs.write_data(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERASTUNE_CACHE", str(folder / "cache"))
        yield folder


@pytest.fixture(scope="session")
def classes_run(workplace: Path) -> Path:
    """A run with one label per image, on class folders."""
    data = {"kind": "folder", "path": str(workplace / "images"), "resize": "pad"}
    return train(workplace, "classes", {"kind": "image_classification"}, data, small_backbone(workplace))


def table_data(workplace: Path, label: object) -> dict[str, object]:
    return {"kind": "table", "path": str(workplace / "cases.csv"), "input": "images/{image}.png", "label": label}


@pytest.fixture(scope="session")
def several_run(workplace: Path) -> Path:
    """A run with several labels per image, on a table."""
    label = {"column": "findings", "separator": "|", "none": ""}
    task = {"kind": "image_classification", "multi_label": True, "thresholds": "best_f1"}
    return train(workplace, "several", task, table_data(workplace, label))


@pytest.fixture(scope="session")
def values_run(workplace: Path) -> Path:
    """A regression, on a table."""
    data = table_data(workplace, "brightness")
    return train(workplace, "values", {"kind": "image_regression"}, data, small_backbone(workplace))
