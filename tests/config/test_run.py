from __future__ import annotations

import copy
import json
import pickle
import random
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.config.run import RunConfig, config_hash, restore_paths, written_paths
from kerastune_ft.rules import FIRST, Rules
from tests.support.config_cases import MINIMAL, UNFREEZE, with_change

EARLIER_RUNS = Path(__file__).parents[1] / "conformance" / "earlier_runs"


# A few values for each key; a draw takes some of them, so that reading sees them in many combinations.
VALUES: dict[str, list[Any]] = {
    "seed": [1, 2**31],
    "name": ["x-1", "x.y"],
    "task.classes": [["a", "b"], {"1": "yes", "0": "no"}],
    "data.splits": [{"train": 0.6, "validation": 0.4}, {"train": "train", "validation": "val"}],
    "data.resize": ["pad", "stretch"],
    "data.on_bad_file": ["skip"],
    "backbone.image_size": [64, [64, 96]],
    "backbone.options": [{"alpha": 0.5}],
    "head": [{"hidden": [8, 4], "pooling": "max"}, {"dropout": 0}],
    "phases.0.learning_rate": [1, {"peak": 0.1, "warmup": 0.2}],
    "phases.1.learning_rate": [{"peak": 0.1, "shape": "cosine", "final": 0.01, "units": {"b*": 0.5, "a*": 2}}],
    "phases.1.unfreeze": [written for written, _ in UNFREEZE[1:]],
    "phases.1.optimizer": ["lion", {"name": "rmsprop", "rho": 0.8, "centered": True}],
    "phases.1.augment": ["strong", {"preset": "light", "flip": "both", "erase": 1}],
    "phases.1.early_stopping": [{"patience": 3}, {"patience": 3, "min_delta": 0.1}],
    "phases.1.start_from": ["last", "pretrained"],
    "phases.1.monitor": ["validation_auc"],
    "phases.1.dropout": [0, 0.5],
    "phases.1.clip_norm": [1, 0.5],
    "runtime": [{"strategy": "mirrored", "replicas": 2}, {"deterministic": False, "cache_directory": "stores"}],
    "output": [{"checkpoint": {"every": {"steps": 3}}}, {"checkpoint": {"every": {"minutes": 2}, "keep": 1}}],
}


def _draw(seed: int) -> dict[str, Any]:
    draw = random.Random(seed)
    document = copy.deepcopy(MINIMAL)
    for path, values in VALUES.items():
        if draw.random() < 0.4:
            one = with_change(path, draw.choice(values))
            *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
            source: Any = one
            target: Any = document
            for step in way:
                source, target = source[step], target[step]
            target[last] = source[last]
    return document


@pytest.mark.parametrize("seed", range(60))
def test_the_written_configuration_reads_back_equal(seed: int) -> None:
    config = read(_draw(seed))
    document = json.loads(json.dumps(config.to_json()))
    assert read(document) == config
    assert read(document).to_json() == config.to_json()
    assert pickle.loads(pickle.dumps(config)) == config


def test_the_written_configuration_has_every_default() -> None:
    document = read(MINIMAL).to_json()
    assert document["output"]["checkpoint"] == {"every": "epoch", "keep": 2}
    # Only a run whose phases were chosen has the section that says so.
    assert set(document) == set(RunConfig.model_fields) - {"auto"}
    assert document["phases"][0]["optimizer"] == {"name": "adamw", "options": {}}


@pytest.mark.parametrize(
    ("path", "value", "same"),
    [
        ("output", {"directory": "elsewhere"}, True),
        ("//", "a comment", True),
        ("phases.0.learning_rate", {"peak": 0.001}, True),
        ("phases.0.epochs", 3, False),
        ("seed", 1, False),
        ("name", "other", False),
        ("runtime", {"strategy": "none"}, False),
        ("data.path", "photos2", False),
    ],
)
def test_the_hash_covers_what_can_change_results(path: str, value: object, same: bool) -> None:
    assert (config_hash(read(with_change(path, value))) == config_hash(read(MINIMAL))) is same


@pytest.mark.parametrize("shape", ["cosine", "one_cycle"])
def test_no_warm_up_is_the_usual_one_where_it_is_none(shape: str) -> None:
    configs = [
        read(with_change("phases.0.learning_rate", {"peak": 0.1, "shape": shape, **more}))
        for more in ({}, {"warmup": None}, {"warmup": 0}, {"warmup": 0.2})
    ]
    usual, written, none, some = (config.phases[0].learning_rate.warmup for config in configs)
    assert (usual, written) == ((None, None) if shape == "one_cycle" else (0, 0))
    assert (none, some) == (0, 0.2)
    assert len({config_hash(config) for config in configs}) == (3 if shape == "one_cycle" else 2)
    # A run of the first version could not be told to have no warm-up.
    assert configs[2].with_rules(FIRST).phases[0].learning_rate.warmup == usual
    assert configs[3].with_rules(FIRST).phases == configs[3].phases


@pytest.mark.parametrize("manifest", sorted(EARLIER_RUNS.glob("*/manifest.json")), ids=lambda path: path.parent.name)
def test_the_hash_is_that_of_runs_from_before(manifest: Path) -> None:
    # By it the same command goes on with a run, or shows it.
    config = json.loads((manifest.parent / "config.json").read_text())
    assert config_hash(read(config)) == json.loads(manifest.read_text())["config_hash"]


@pytest.mark.parametrize(
    ("preset", "override"),
    [
        ("fastai_fine_tune", "phases.unfrozen.learning_rate.momentum=[0.9,0.8,0.9]"),
        ("discriminative", "phases.all.learning_rate.start=0.00003"),
        ("surgical", "phases.first.learning_rate.head=0.01"),
    ],
)
def test_a_rate_that_was_written_beside_a_preset_stays_in_a_run_from_before(preset: str, override: str) -> None:
    settings = read({**MINIMAL, "phases": preset}, [override])
    assert settings.with_rules(Rules(2)).phases[1] == settings.phases[1]


def test_the_hash_keeps_the_order_of_classes() -> None:
    one, other = {"0": "no", "1": "yes"}, {"1": "yes", "0": "no"}
    hashes = {config_hash(read(with_change("task.classes", classes))) for classes in (one, other)}
    assert len(hashes) == 2


def test_the_hash_ignores_the_order_of_options() -> None:
    texts = [{"name": "sgd", "momentum": 0.9, "nesterov": True}, {"nesterov": True, "momentum": 0.9, "name": "sgd"}]
    assert len({config_hash(read(with_change("phases.0.optimizer", text))) for text in texts}) == 1


def test_paths_as_written_make_the_complete_configuration_the_same_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLACE", "elsewhere")
    document = {
        **MINIMAL,
        "data": {"kind": "table", "path": ["a.csv", "/b.csv", "${PLACE}/c.csv"], "input": "image", "label": "label"},
        "backbone": {"kind": "applications", "name": "MobileNetV2", "weights": "w/x.h5"},
    }
    settings = read(document)
    written = written_paths(settings)
    assert written == {"data/path/0": "a.csv", "data/path/2": "${PLACE}/c.csv", "backbone/weights": "w/x.h5"}
    complete = json.loads(json.dumps(settings.to_json()))
    assert config_hash(read(complete)) != config_hash(settings)
    assert config_hash(read(restore_paths(complete, written))) == config_hash(settings)
