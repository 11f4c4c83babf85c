"""Every configuration in configs/, end to end, with fewer epochs and smaller images."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tiny_run import program

CONFIGS = Path(__file__).parents[2] / "configs"
SMALL = ("backbone.image_size=32", "phases.head.epochs=1", "phases.top.epochs=1")
SLOW = [pytest.mark.slow]
NETWORK = [pytest.mark.slow, pytest.mark.network]
MARKS = {"medical_malaria": NETWORK}
NAMES = sorted(path.stem for path in CONFIGS.glob("*.json") if path.stem != "schema")


@pytest.mark.parametrize("name", [pytest.param(name, marks=MARKS.get(name, SLOW)) for name in NAMES])
def test_it_trains_and_is_evaluated(tmp_path: Path, name: str) -> None:
    words = [word for setting in SMALL for word in ("--set", setting)]
    done = program(tmp_path, "run", str(CONFIGS / f"{name}.json"), *words, "--json")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    assert document["state"] == "done"
    assert document["run"] == f"runs/{name}-1"
    classes = json.loads((tmp_path / "runs" / f"{name}-1" / "model" / "labels.json").read_text())
    assert document["metrics"]["test"]["accuracy"] > 1.2 / len(classes), "it learned something"
