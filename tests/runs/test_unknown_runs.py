"""Runs with `task.unknown`: fitted once, found again by predict, evaluate, the saved model and verify."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image
from sklearn.preprocessing import normalize

import kerastune_ft as kt
from kerastune_ft.api import training
from kerastune_ft.config.read import read
from kerastune_ft.training.evaluation import final
from tests.support.trained_runs import read_evaluation, small_backbone


def make_config(workplace: Path, backbone: dict[str, Any], **task: Any) -> dict[str, Any]:
    phase = {"name": "head", "unfreeze": "none", "epochs": 1, "learning_rate": 0.01, "batch_size": 8}
    return {
        "name": "unknown",
        "task": {"kind": "image_classification", **task},
        "data": {"kind": "folder", "path": str(workplace / "images")},
        "backbone": backbone,
        # Stored features of training examples are augmented ones, to which nothing must be fitted.
        "phases": [{**phase, "augment": "light"}],
    }


@pytest.fixture(scope="module")
def config(workplace: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return make_config(workplace, small_backbone(tmp_path_factory.mktemp("backbone")), unknown=0.6)


@pytest.fixture(scope="module")
def unknown_run(config: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return training.run(config, run_dir=tmp_path_factory.mktemp("unknown") / "run").path


def rows_of_splits(run: Path) -> dict[str, list[dict[str, str]]]:
    with (run / "evaluation/predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {split: [row for row in rows if row["split"] == split] for split in ("validation", "test")}


def test_distances_are_those_to_the_plain_training_examples(unknown_run: Path, workplace: Path) -> None:
    opened = keras.models.load_model(unknown_run / "model/model.keras")
    inner = opened.get_layer("trained")
    body = keras.Model(inner.input, inner.get_layer("head_dropout").input)

    def embed(names: list[str]) -> np.ndarray:
        images = [keras.utils.load_img(workplace / "images" / name) for name in names]
        resized = keras.Model(opened.input, opened.get_layer("resize").output)
        return np.concatenate([body(np.round(resized(np.asarray(image, np.float32)[None]))) for image in images])

    with (unknown_run / "splits.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "train"]
    features = normalize(embed([row["input"] for row in rows]).astype(np.float64))
    for name, row in read_evaluation(unknown_run).items():
        (query,) = normalize(embed([name]).astype(np.float64))
        wanted = np.linalg.norm(features - query, axis=1).min()
        assert float(row["distance"]) == pytest.approx(wanted, abs=2e-3)


def test_the_share_of_validation_is_let_through_and_counted(unknown_run: Path) -> None:
    splits, counts = rows_of_splits(unknown_run), json.loads((unknown_run / "evaluation/unknown.json").read_text())
    far = sorted(float(row["distance"]) for row in splits["validation"])
    last = int(np.ceil(0.6 * len(far))) - 1
    assert counts["threshold"] == pytest.approx((far[last] + far[last + 1]) / 2, abs=1e-12)
    for split, rows in splits.items():
        beyond = [float(row["distance"]) > counts["threshold"] for row in rows]
        assert [row["unknown"] == "True" for row in rows] == beyond
        assert counts["splits"][split] == {"examples": len(rows), "unknown": sum(beyond)}
    assert counts["splits"]["validation"]["unknown"] > 0
    assert not any("unknown" in name for name in kt.open_run(unknown_run).metrics["test"])


def test_predictions_have_the_distances_of_the_evaluation(
    unknown_run: Path, workplace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = kt.predict(unknown_run, workplace / "images")
    assert list(frame)[-3:] == ["distance", "unknown", "error"]
    by_input = {Path(row.input).relative_to(workplace / "images").as_posix(): row for row in frame.itertuples()}
    for name, row in read_evaluation(unknown_run).items():
        assert by_input[name].distance == pytest.approx(float(row["distance"]), abs=1e-3)
    assert {type(cell) for cell in frame.unknown} == {bool}
    odd = tmp_path / "odd.png"
    Image.new("RGB", (40, 36), (255, 0, 255)).save(odd)
    capsys.readouterr()
    assert kt.predict(unknown_run, odd).unknown.tolist() == [True]
    assert "1 of 1 input (100.0 %) is farther from all training examples than task.unknown" in capsys.readouterr().err
    assert list(kt.predict(unknown_run, odd, top=1))[-3:] == ["distance", "unknown", "error"]
    assert kt.predict(unknown_run, [tmp_path / "none.png"]).unknown.tolist() == [None]


def test_the_saved_models_say_it_too_and_the_usual_one_is_as_before(
    unknown_run: Path, classes_run: Path, workplace: Path
) -> None:
    about = json.loads((unknown_run / "model/preprocessing.json").read_text())["unknown"]
    image = np.asarray(keras.utils.load_img(workplace / "images/square/01.png"), np.float32)[None]
    found = keras.models.load_model(unknown_run / "model" / about["file"])(image)
    (row,) = kt.predict(unknown_run, workplace / "images/square/01.png").itertuples()
    assert float(found["distance"][0]) == pytest.approx(row.distance, abs=1e-3)
    assert bool(found["distance"][0] > about["threshold"]) == row.unknown
    usual = keras.models.load_model(unknown_run / "model/model.keras")(image)
    np.testing.assert_allclose(usual, found["probabilities"], atol=1e-6)
    assert "unknown" not in json.loads((classes_run / "model/preprocessing.json").read_text())
    assert not list(classes_run.glob("*/unknown*"))


def test_evaluate_report_and_verify_know_of_it(
    unknown_run: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    counts = json.loads((unknown_run / "evaluation/unknown.json").read_text())["splits"]["test"]
    sentence = f"{counts['unknown']} of {counts['examples']} examples of test"
    kt.evaluate(unknown_run)
    assert sentence in capsys.readouterr().err
    assert sentence in (unknown_run / "report/index.html").read_text()
    assert kt.verify(unknown_run).holds
    copy = tmp_path / "copy"
    shutil.copytree(unknown_run, copy)
    (copy / "model/unknown.npz").unlink()
    verified = {check.name: check.result for check in kt.verify(copy).checks}
    assert (verified["unknown"], verified["model"]) == ("broken", "holds")


@pytest.mark.slow
def test_a_run_that_is_killed_before_the_fit_fits_the_same(
    unknown_run: Path, config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(*given: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(final, "write_unknown", break_off)
        with pytest.raises((KeyboardInterrupt, kt.Interrupted)):
            training.run(config, run_dir=tmp_path / "run")
    assert not (tmp_path / "run/model/unknown.npz").exists()
    training.run(config, run_dir=tmp_path / "run")
    for name in ("model/unknown.npz", "evaluation/unknown.json", "evaluation/predictions.csv"):
        assert (tmp_path / "run" / name).read_bytes() == (unknown_run / name).read_bytes()


def test_where_it_means_nothing_it_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(kt.ConfigError, match=r"(?s)task.unknown.*no effect with multi_label"):
        read({**config, "task": {**config["task"], "multi_label": True}})
    for kind in ("image_regression", "image_segmentation"):
        with pytest.raises(kt.ConfigError, match="unknown"):
            read({**config, "task": {"kind": kind, "unknown": 0.9}})
    for share in (0, 1, 95):
        with pytest.raises(kt.ConfigError, match="unknown"):
            read({**config, "task": {**config["task"], "unknown": share}})
