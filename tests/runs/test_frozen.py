"""Promise 1 on a real run, by the files it leaves and the pretrained weights it began with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from kerastune_ft.backbones.keras_applications.applications import EMBEDDED


def phase(base: Path, place: str) -> tuple[dict[str, Any], dict[str, Any], dict[str, np.ndarray]]:
    """The plan's entry of a phase, its result and its best weights."""
    number = int(place[:2])
    plan = json.loads((base / "plan.json").read_text())["phases"][number]
    result = json.loads((base / "phases" / place / "result.json").read_text())
    return plan, result, load_file(base / "phases" / place / "best.safetensors")


@pytest.mark.parametrize("place", ["00-head", "01-top"])
def test_everything_not_selected_is_bit_identical(base: Path, place: str) -> None:
    plan, result, _ = phase(base, place)
    frozen = result["frozen"]
    assert frozen["changed"] == []
    assert frozen["before"] == frozen["after"]
    assert not set(frozen["before"]) & set(plan["trained_variables"])
    assert len(frozen["before"]) + len(plan["trained_variables"]) == 262
    statistics = [path for path in frozen["before"] if path.endswith(("moving_mean", "moving_variance"))]
    assert len(statistics) == 104, "all BatchNorm statistics, also of the units that train"


@pytest.mark.parametrize("place", ["00-head", "01-top"])
def test_the_manifest_has_the_proof(base: Path, place: str) -> None:
    _, result, _ = phase(base, place)
    manifest = json.loads((base / "manifest.json").read_text())
    assert manifest["phases"][int(place[:2])]["frozen"]["sha256"] == result["frozen"]["sha256"]


def test_what_is_said_to_train_moved(base: Path) -> None:
    pretrained = load_file(EMBEDDED)
    plan, result, best = phase(base, "01-top")
    assert all(distance > 0 for distance in result["moved"].values())
    assert set(best) == set(plan["trained_variables"])
    backbone = [path for path in best if path in pretrained]
    assert len(backbone) == len(best) - 2, "all but the head's kernel and bias"
    assert [path for path in backbone if np.array_equal(best[path], pretrained[path])] == []


def test_the_first_phase_trains_the_head_alone(base: Path) -> None:
    plan, result, best = phase(base, "00-head")
    assert plan["trains"] == list(result["moved"]) == ["head"]
    assert len(best) == 2


def test_distances_are_those_of_the_weights_that_were_kept(base: Path) -> None:
    plan, result, best = phase(base, "01-top")
    _, before, head = phase(base, "00-head")
    origin = {**load_file(EMBEDDED), **head}
    units = json.loads((base / "plan.json").read_text())["backbone"]["units"]
    layers = {layer: unit["id"] for unit in units for layer in unit["layers"]}
    squares: dict[str, list[float]] = {}
    for path, value in best.items():
        own = squares.setdefault(next((layers[part] for part in path.split("/") if part in layers), "head"), [0.0, 0.0])
        own[0] += float(np.sum((value.astype(np.float64) - origin[path]) ** 2))
        own[1] += float(np.sum(origin[path].astype(np.float64) ** 2))
    expected = {unit: (change / norm) ** 0.5 for unit, (change, norm) in squares.items()}
    assert set(expected) == set(plan["trains"])
    start, pretrained = result["distances"]["start"], result["distances"]["pretrained"]
    assert start["weights"] == pytest.approx(expected, rel=1e-9)
    assert {**pretrained["weights"], "head": 0} == pytest.approx({**expected, "head": 0}, rel=1e-9)
    assert start["statistics"] == {}, "they are frozen"
    assert before["distances"]["start"] == before["distances"]["pretrained"]
    assert result["start"] == {"phase": "head", "epoch": before["best_epoch"], "metrics": before["best"]}
    assert before["start"] is None and before["features"]["train"] == "stored"


def test_the_saved_model_has_the_pretrained_values_below_the_boundary(base: Path, tmp_path: Path) -> None:
    import zipfile

    import h5py

    with zipfile.ZipFile(base / "model" / "model.keras") as archive:
        archive.extract("model.weights.h5", tmp_path)
    saved: list[np.ndarray] = []
    with h5py.File(tmp_path / "model.weights.h5") as file:
        file.visititems(lambda name, item: saved.append(item[()]) if isinstance(item, h5py.Dataset) else None)
    hashes = {value.tobytes() for value in saved if value.shape}
    plan, _, best = phase(base, "01-top")
    pretrained = load_file(EMBEDDED)
    frozen = [path for path in pretrained if path not in plan["trained_variables"]]
    assert [path for path in frozen if pretrained[path].tobytes() not in hashes] == []
    assert [path for path in best if best[path].tobytes() not in hashes] == []
