"""Exports of runs on texts and on sounds in every format: each answers as the run does, in a process of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import kerastune_ft as kt
from kerastune_ft.errors import ConfigError, PromiseError
from kerastune_ft.exporting.process import ExportProcess
from tests.support.sound_files import write_folder
from tests.support.tiny_text import text_document, write_texts

pytestmark = pytest.mark.slow
for package in ("onnxruntime", "tf2onnx", "ai_edge_litert", "soundfile"):
    pytest.importorskip(package)
_FORMATS = ("onnx", "litert", "saved_model", "keras")


@pytest.fixture(autouse=True)
def _measure_briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ExportProcess, "seconds", 0.0)


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> kt.Run:
    folder = tmp_path_factory.mktemp("texts")
    document = text_document(write_texts(folder / "texts.csv"))
    document["phases"] = document["phases"][:1]
    return kt.run(document | {"task": document["task"] | {"unknown": 0.95}}, run_dir=folder / "run")


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> kt.Run:
    folder = tmp_path_factory.mktemp("sounds")
    return kt.run(
        {
            "name": "tones",
            "task": {"kind": "audio_classification"},
            "data": {"kind": "folder", "path": str(write_folder(folder / "tones"))},
            "backbone": {"kind": "keras_hub", "class": "WhisperBackbone"},
            "phases": [{"name": "head", "unfreeze": "none", "epochs": 1, "learning_rate": 0.01}],
        },
        run_dir=folder / "run",
    )


@pytest.mark.parametrize("form", [*_FORMATS, "preset"])
def test_texts_are_answered_with_distances(texts: kt.Run, tmp_path: Path, form: str) -> None:
    made = texts.export(form, tmp_path / "out", samples=10)
    assert made["compared"]["distance"] < 1e-2 and made["compared"]["unknown_flips"] == 0
    assert (form == "saved_model") == (made["script"] == "saved_model_strings")


@pytest.mark.parametrize("form", [*_FORMATS, "preset"])
def test_sounds_of_an_encoder_are_answered(sounds: kt.Run, tmp_path: Path, form: str) -> None:
    made = sounds.export(form, tmp_path / "out", samples=6)
    assert made["script"] == f"{'keras' if form == 'preset' else form}_sound" and made["compared"]["samples"] == 6


def test_smaller_weights_are_kept_where_they_lose_little(
    texts: kt.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = texts.export("litert", tmp_path / "small", quantize="dynamic", max_loss=100.0)
    assert made["quantized"]["how"] == "dynamic" and made["compared"]["split"] == "validation"
    assert json.loads((tmp_path / "small" / "export.json").read_text())["quantized"] == made["quantized"]
    monkeypatch.setattr("kerastune_ft.exporting.loss.measure_loss", lambda compared: 1.5)
    with pytest.raises(PromiseError, match=r"loses 1\.50 points"):
        texts.export("litert", tmp_path / "more", quantize="dynamic")
    assert not (tmp_path / "more").exists()
    with pytest.raises(ConfigError, match="keras has no float16; onnx and litert have it"):
        texts.export("keras", tmp_path / "none", quantize="float16")
