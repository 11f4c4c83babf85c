"""Heads of a person's own for masks, and for texts in windows: what is promised holds for whole runs of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kerastune_ft as kt
from tests.support.mask_files import IGNORED, write_scenes
from tests.support.own_heads import HEADS, LOSS
from tests.support.processes import environment
from tests.support.same_runs import assert_equal
from tests.support.tiny_run import results
from tests.support.tiny_text import text_document, write_texts

pytestmark = pytest.mark.slow


def _masks(folder: Path) -> dict[str, Any]:
    write_scenes(folder / "scenes", 24)
    classes = {"0": "ground", "128": "ground", "255": "square"}
    phase = {"batch_size": 4, "learning_rate": 0.01}
    return {
        "task": {"kind": "image_segmentation", "classes": classes, "ignore": IGNORED},
        "data": {"kind": "folder", "path": str(folder / "scenes")},
        "backbone": {"kind": "applications", "name": "MobileNetV2", "weights": "embedded", "image_size": 32},
        "phases": [
            {"name": "head", "unfreeze": "none", "epochs": 2, **phase},
            {"name": "top", "unfreeze": {"last": 1}, "epochs": 1, "augment": "light", "cutmix": 1.0, **phase},
        ],
    }


def _texts(folder: Path) -> dict[str, Any]:
    document = text_document(write_texts(folder / "texts.csv"))
    document["data"] |= {"sequence_length": 32, "long_texts": "windows"}
    return {**document, "phases": [document["phases"][0], document["phases"][2]]}


@pytest.mark.parametrize(("sample", "describe"), [("masks", _masks), ("windows", _texts), ("whole", _texts)])
def test_own_heads_hold_the_promises(sample: str, describe: Any, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("KERASTUNE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    document = describe(tmp_path)
    own = {"head": HEADS[sample], "loss": LOSS}
    whole = kt.run(document, run_dir="base", **own)
    base = results(whole.path)

    kt.run(document, run_dir="parts", until_phase="head", **own)
    assert results(kt.run(document, run_dir="parts", **own).path) == base
    off = results(kt.run(document, run_dir="off", overrides={"runtime.cache": "off"}, **own).path)
    assert all(off[what] == base[what] for what in ("weights", "history", "metrics"))

    assert whole.evaluate() == pytest.approx(whole.metrics["test"], abs=1e-6)
    assert kt.verify("base").holds
    kept = {**document, "backbone": {"kind": "run", "path": "base"}, "phases": document["phases"][:1]}
    assert np.isfinite(kt.run(kept, run_dir="next").metrics["test"]["loss"])

    Path("config.json").write_text(json.dumps(document))
    words = [sys.executable, "-m", "tests.support.own_heads", sample, "config.json", "two", '{"runtime.replicas": 2}']
    done = subprocess.run(words, capture_output=True, text=True, env=environment(tmp_path), check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert_equal(whole.path, Path("two"))
