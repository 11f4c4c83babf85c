"""Two phases of two steps on architectures as different as they come: a run ends well, and what it says is so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.config.facts.applications import APPLICATIONS
from tests.support.processes import run_program

# A large graph takes a minute on two free cores and several on busy ones; this only ends what hangs.
UNITS_OF_TOP = {
    "EfficientNetB0": ["block7", "top"],
    "ResNet50V2": ["stage5_block2", "stage5_block3"],
    "InceptionV3": ["part9", "part10"],
    "ConvNeXtTiny": ["stage3_block1", "stage3_block2"],
    "NASNetMobile": ["part11", "part12"],
}


def _document(name: str) -> dict[str, Any]:
    return {
        "name": "short",
        "task": {"kind": "image_classification"},
        "data": {"kind": "tfds", "name": "digits"},
        "backbone": {
            "kind": "applications",
            "name": name,
            "weights": None,
            "image_size": APPLICATIONS[name].minimum,
        },
        "defaults": {"batch_size": 8},
        "phases": [
            {"name": "head", "unfreeze": "none", "steps": 2, "learning_rate": 0.001},
            {"name": "top", "unfreeze": {"last": 2}, "steps": 2, "learning_rate": 0.0001},
        ],
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", UNITS_OF_TOP)
def test_two_phases_of_two_steps(name: str, tmp_path: Path) -> None:
    (tmp_path / "short.json").write_text(json.dumps(_document(name)))
    done = run_program(tmp_path, "run", "short.json", "--run-dir", "short", "--json")
    assert done.code == 0, done.err[-2000:]
    assert done.json["state"] == "done"
    plan = json.loads((tmp_path / "short" / "plan.json").read_text())
    assert plan["phases"][1]["trains"] == [*UNITS_OF_TOP[name], "head"]
    assert [line.split(":")[0] for line in done.err.splitlines() if "bit-identical" in line] == [
        "phase head done",
        "phase top done",
    ]
