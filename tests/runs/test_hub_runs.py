"""Whole runs on vision backbones of keras-hub: what is said to train changes, and nothing else."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import kerastune_ft as kt
from kerastune_ft.config.facts.hub_families import BY_CLASS, HUB_FAMILIES
from kerastune_ft.graph.rebuild import hub_layers
from tests.support import hub_classes
from tests.support.sound_files import write_folder

# All are slow: tests/conformance has ViT by default, and test_text_runs.py opens a saved model of keras-hub.
_VISION = hub_classes.each([name for name in BY_CLASS if HUB_FAMILIES[name].modality == "image"], ())


def _document(folder: Path, name: str, pooling: str) -> dict[str, Any]:
    draw = np.random.default_rng(0)
    labels = np.arange(40) % 2
    images = draw.integers(0, 120, (40, 32, 32, 3)).astype(np.uint8)
    images[labels == 1, 8:24, 8:24] += 120
    np.savez(folder / "data.npz", x=images, y=labels)
    return {
        "name": "hub",
        "task": {"kind": "image_classification"},
        "data": {"kind": "arrays", "path": str(folder / "data.npz")},
        "backbone": {"kind": "keras_hub", "class": name},
        "head": {"pooling": pooling},
        "defaults": {"batch_size": 8, "epochs": 1, "learning_rate": 0.01},
        "phases": [{"name": "head", "unfreeze": "none"}, {"name": "top", "unfreeze": {"last": 1}}],
        "runtime": {"cache_directory": str(folder / "cache")},
        "output": {"directory": str(folder / "runs")},
    }


@pytest.mark.parametrize("name", _VISION)
def test_a_run_changes_what_it_trains_and_opens_again(name: str, tmp_path: Path) -> None:
    # That frozen variables stay and trained ones move is what every phase of a run proves or fails.
    run = kt.run(_document(tmp_path, name, "mean"))
    assert run.metrics["test"] == run.evaluate()


@pytest.mark.slow
def test_the_class_token_alone_may_be_the_features(tmp_path: Path) -> None:
    run = kt.run(_document(tmp_path, "DeiTBackbone", "cls"))
    assert run.metrics["test"] == run.evaluate()


@hub_classes.needs("SwinTransformerBackbone")
def test_of_a_model_without_class_tokens_they_cannot_be_the_features(tmp_path: Path) -> None:
    with pytest.raises(kt.ConfigError, match="has no class token"):
        kt.plan(_document(tmp_path, "SwinTransformerBackbone", "cls"))


_AS_PICTURES = (
    "ViTBackbone",
    "DINOV2Backbone",
    "DeiTBackbone",
    "MiTBackbone",
    "ResNetBackbone",
    "SwinTransformerBackbone",
)


@pytest.mark.slow
@pytest.mark.parametrize("name", hub_classes.each(_AS_PICTURES, ("ViTBackbone",)))
def test_a_model_of_pictures_hears_and_opens_again(name: str, tmp_path: Path) -> None:
    document = _document(tmp_path, name, "mean")
    document["task"] = {"kind": "audio_classification"}
    document["data"] = {"kind": "folder", "path": str(write_folder(tmp_path / "sounds", count=20))}
    run = kt.run(document)
    assert run.metrics["test"] == run.evaluate()
    sounds = np.zeros((2, 3000), np.float32)
    with warnings.catch_warnings():
        # Of keras-hub's attention, which takes masks that it does not pass on.
        warnings.simplefilter("ignore", UserWarning)
        assert keras.models.load_model(run.path / "model" / "model.keras")(sounds).shape[0] == 2


@pytest.mark.slow
@hub_classes.needs("SwinTransformerBackbone")
def test_a_store_may_lie_between_the_stages_of_a_pyramid(tmp_path: Path) -> None:
    document = _document(tmp_path, "SwinTransformerBackbone", "mean")
    document["phases"][1]["unfreeze"] = {"last": 2}
    stored = kt.run(document)
    again = kt.run({**document, "runtime": {"cache": "off"}})
    assert stored.metrics == again.metrics


def test_a_model_that_could_not_be_saved_is_refused_before_it_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = _document(tmp_path, "ViTBackbone", "mean")
    kt.plan(document)
    monkeypatch.setattr(hub_layers, "_REPAIRS", {})
    with pytest.raises(
        kt.ConfigError, match=r"ViTBackbone can be trained, but .* \(ViTPatchingAndEmbedding\) cannot be"
    ):
        kt.plan(document)
