"""The ensemble: the mean answer of its members, in one model that Keras opens."""

from __future__ import annotations

import io
import json
import zipfile

import keras
import numpy as np
import pytest
from safetensors.numpy import load_file

import kerastune_ft
from kerastune_ft.api.folds import CrossValidation


def softmax(logits: np.ndarray) -> np.ndarray:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


@pytest.fixture(scope="module")
def model(crossvalidated: CrossValidation) -> keras.Model:
    return keras.models.load_model(crossvalidated.path / "model" / "model.keras")


def test_what_no_member_trained_is_there_once(crossvalidated: CrossValidation, model: keras.Model) -> None:
    inner = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    names = [layer.name for layer in inner.layers]
    assert names.count("block0_conv") == 1 and not [name for name in names if name.endswith("fold_0_block0_conv")]
    assert {"seed_0_fold_0_head_output", "seed_0_fold_1_head_output"} <= set(names)


def test_its_answer_is_the_mean_of_the_members(crossvalidated: CrossValidation, model: keras.Model) -> None:
    inner = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    images = np.random.default_rng(1).integers(0, 255, (3, 32, 32, 3)).astype(np.float32)
    pooled = keras.Model(inner.input, inner.get_layer("head_pooling").output)(images).numpy()
    answers = []
    for fold in (0, 1):
        weights = load_file(crossvalidated.path / f"folds/seed_0_fold_{fold}/phases/00-head/best.safetensors")
        answers.append(softmax(pooled @ weights["head_output/kernel"] + weights["head_output/bias"]))
    np.testing.assert_allclose(model(images).numpy(), np.mean(answers, axis=0), atol=1e-6)


@pytest.mark.slow
def test_it_is_a_run_that_commands_take(crossvalidated: CrossValidation) -> None:
    again = kerastune_ft.evaluate(crossvalidated.path)
    assert again["loss"] == pytest.approx(crossvalidated.metrics["test"]["loss"], rel=1e-6)
    data = np.load(json.loads((crossvalidated.path / "config.json").read_text())["data"]["path"])
    answers = kerastune_ft.predict(crossvalidated.path, data["x"][:4])
    assert len(answers) == 4 and answers["probability_0"].between(0, 1).all()
    (row,) = kerastune_ft.runs(crossvalidated.path)
    assert row["state"] == "done" and row["test"]["loss"] == crossvalidated.metrics["test"]["loss"]
    page = (crossvalidated.path / "report/index.html").read_text()
    assert "mean of folds" in page and "the mean answer of the 2 models" in page and "Learning curves" not in page


def test_its_members_lie_in_the_file_by_name(crossvalidated: CrossValidation) -> None:
    with zipfile.ZipFile(io.BytesIO((crossvalidated.path / "model/model.keras").read_bytes())) as archive:
        assert "seed_0_fold_1_head_output" in archive.read("config.json").decode()
