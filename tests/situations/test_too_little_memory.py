"""A run in a process whose memory is limited: in pieces it has the result that it has without a limit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.support.processes import HANG, environment

BATCH, SIDE, WIDTH, LAYERS = 200, 112, 16, 6
# What one example keeps: its pixels, rescaled ones and the layers' outputs, float32.
ACTIVATIONS = 4 * SIDE * SIDE * (2 * 3 + LAYERS * WIDTH)
# Beyond what the process has taken when the plan is made; threads reserve more addresses than data.
MORE = {"addresses": 1_300_000_000, "data": 1_000_000_000, "none": 0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration whose one update keeps more than the process may take."""
    assert MORE["data"] < BATCH * ACTIVATIONS
    folder = tmp_path_factory.mktemp("memory")
    keras.utils.set_random_seed(0)
    x = images = keras.Input((SIDE, SIDE, 3))
    for number in range(LAYERS):
        x = keras.layers.Conv2D(WIDTH, 3, padding="same", activation="relu", name=f"layer{number}")(x)
    keras.Model(images, x).save(folder / "own.keras")
    labels = np.arange(300) % 2
    noise = np.random.default_rng(0).integers(0, 150, (300, SIDE, SIDE, 3))
    np.savez(folder / "data.npz", x=(noise + 100 * labels[:, None, None, None]).astype(np.uint8), y=labels)
    phase = {"name": "all", "unfreeze": "all", "epochs": 1, "learning_rate": 0.01, "batch_size": BATCH}
    (folder / "config.json").write_text(json.dumps({
        "name": "limited",
        "task": {"kind": "image_classification", "classes": ["0", "1"]},
        "data": {"kind": "arrays", "path": "data.npz"},
        "backbone": {"kind": "saved", "path": "own.keras", "input": "0-1"},
        "phases": [phase],
    }))  # fmt: skip
    return folder


def _run(folder: Path, name: str, accumulate: str, kind: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "tests.support.limited_run", "config.json", name, accumulate, kind, str(MORE[kind])]
    return subprocess.run(
        words, cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=HANG, check=False
    )


@pytest.fixture(scope="module")
def free(folder: Path) -> Path:
    done = _run(folder, "free", "auto", "none")
    assert done.returncode == 0, done.stderr[-2000:]
    assert f"batches of {BATCH} are computed whole" in done.stderr
    return folder / "free"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["addresses", "data"])
def test_pieces_do_where_the_whole_does_not(folder: Path, free: Path, kind: str) -> None:
    done = _run(folder, kind, "auto", kind)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "its batch is computed in pieces as small as that needs" in done.stderr
    (phase,) = json.loads((folder / kind / "plan.json").read_text())["phases"]
    assert phase["pieces"] > 1
    whole, pieces = (load_file(run / "phases/00-all/best.safetensors") for run in (free, folder / kind))
    for path, value in whole.items():
        np.testing.assert_allclose(pieces[path], value, rtol=0, atol=1e-5, err_msg=path)


@pytest.mark.slow
def test_the_whole_at_once_is_warned_of_and_fails(folder: Path) -> None:
    done = _run(folder, "whole", "1", "data")
    assert done.returncode != 0
    assert 'give "batch_size": 100 with "accumulate": 2, or "accumulate": "auto"' in done.stderr
