"""Which backbones can be had on a machine, in which order, and what is said of the others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.backbones.keras_applications import imagenet
from kerastune_ft.config.read import read
from kerastune_ft.config.run import RunConfig
from kerastune_ft.errors import ConfigError
from kerastune_ft.probing.candidates import find_candidates

BACKBONE = {"kind": "applications", "name": "MobileNetV2", "weights": "embedded"}


def config(task: str = "image_classification", backbone: dict[str, Any] | None = None) -> RunConfig:
    data = {"kind": "folder", "path": "data"}
    return read({"task": {"kind": task}, "data": data, "backbone": backbone or BACKBONE, "phases": "head"})


@pytest.fixture
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, folder in (("KERAS_HOME", "keras"), ("KAGGLEHUB_CACHE", "kaggle"), ("HF_HUB_CACHE", "hf")):
        monkeypatch.setenv(name, str(tmp_path / folder))
    return tmp_path


def write_preset(folder: Path, class_name: str, size: int) -> None:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"class_name": class_name}))
    (folder / "model.weights.h5").write_bytes(bytes(size))


def test_caches_are_looked_through_and_the_lightest_come_first(caches: Path) -> None:
    write_preset(caches / "kaggle/models/keras/bert/keras/bert_tiny_en/2", "BertBackbone", 70)
    write_preset(caches / "kaggle/models/keras/bert/keras/bert_tiny_en/10", "BertBackbone", 50)
    write_preset(caches / "hf/models--me--small/snapshots/abc", "BertBackbone", 20)
    (caches / "hf/models--me--small/refs").mkdir()
    (caches / "hf/models--me--small/refs/main").write_text("abc")
    write_preset(caches / "kaggle/models/keras/vit/keras/vit_base/1", "ViTBackbone", 10)
    own = {"kind": "keras_hub", "class": "BertBackbone"}
    found = find_candidates(config("text_classification", own))
    assert [(each.origin, each.document, each.weight_bytes) for each in found] == [
        ("config", own, None),
        ("cache", {"kind": "keras_hub", "preset": "hf://me/small"}, 20),
        ("cache", {"kind": "keras_hub", "preset": "kaggle://keras/bert/keras/bert_tiny_en"}, 50),
    ]


def test_images_have_the_embedded_weights_and_what_keras_has_downloaded(caches: Path) -> None:
    models = imagenet.cache_directory()
    assert models == caches / "keras/models"
    models.mkdir(parents=True)
    (models / "mobilenet_2_5_224_tf_no_top.h5").write_bytes(b"")
    own = {**BACKBONE, "weights": None}
    found = find_candidates(config(backbone=own))
    here = [(each.name, each.origin, each.refused) for each in found if each.origin != "download"]
    assert here == [
        ("MobileNetV2", "config", ""),
        ("MobileNetV2 0.35 (embedded)", "embedded", ""),
        ("MobileNet", "cache", ""),
    ]
    elsewhere = [each for each in found if each.origin == "download"]
    assert elsewhere and all("--download" in each.refused for each in elsewhere)
    asked = find_candidates(config(backbone=own), download=True)
    assert not any(each.refused for each in asked)


def test_named_ones_may_be_words_and_json_and_count_once(caches: Path) -> None:
    text = json.dumps({"kind": "applications", "name": "MobileNet", "options": {"alpha": 0.25}})
    found = find_candidates(config(), ["MobileNet", text, "MobileNet", json.dumps(BACKBONE)])
    named = sorted(each.name for each in found if each.origin == "named")
    assert named == ["MobileNet", "MobileNet 0.25"]
    assert [each.origin for each in found if each.document == found[0].document] == ["config"]


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ('{"kind": "applications"}', r"--candidate: \{.*no backbone section"),
        ("{broken", "--candidate: .*no backbone section"),
        ("MobileNett", "did you mean MobileNet"),
    ],
)
def test_words_that_name_no_backbone_are_errors(caches: Path, word: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        find_candidates(config(), [word])
