"""model.keras opens with Keras alone and predicts what was measured."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.processes import Outcome

OPEN = """
import sys
try:
    import kerastune_ft
except ModuleNotFoundError:
    pass
else:
    raise AssertionError("the package can be imported, so this shows nothing")
import keras, numpy as np
images = np.load(sys.argv[2])["x"].astype("float32")
np.save(sys.argv[3], keras.models.load_model(sys.argv[1]).predict(images, verbose=0))
"""


def test_it_opens_without_this_package_and_predicts_what_was_measured(base: Path, folder: Path, tmp_path: Path) -> None:
    # -S leaves out the path files of editable installations; the packages themselves come in by PYTHONPATH.
    packages = [path for path in sys.path if path.endswith("site-packages")]
    done = subprocess.run(
        [sys.executable, "-S", "-c", OPEN, str(base / "model/model.keras"), str(folder / "data.npz"), "given.npy"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(packages)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    given = np.load(tmp_path / "given.npy")
    classes = json.loads((base / "model/labels.json").read_text())
    with open(base / "evaluation/predictions.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["split"] for row in rows} == {"validation", "test"}
    for row in rows:
        number = int(row["input"].removeprefix("x[").removesuffix("]"))
        expected = [float(row[f"probability_{name}"]) for name in classes]
        assert given[number] == pytest.approx(expected, abs=1e-4)
        assert classes[int(np.argmax(given[number]))] == row["prediction"]


def test_evaluate_gives_the_metrics_of_the_run(commands: dict[str, Outcome], base: Path) -> None:
    test = json.loads((base / "metrics.json").read_text())["test"]
    assert commands["evaluate"].json["test"] == pytest.approx(test, abs=1e-6)
