from __future__ import annotations

import importlib
import socket
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kerastune_ft.backbones.base import Backbone
from kerastune_ft.backbones.build import build
from kerastune_ft.backbones.keras_applications import imagenet
from kerastune_ft.backbones.keras_applications.families import family_of
from kerastune_ft.config.facts.applications import APPLICATIONS
from kerastune_ft.config.options.backbones import Applications
from kerastune_ft.errors import ConfigError
from tests.support.weight_files import small_mobilenet, values, write_keras_2

FILE = "mobilenet_2_5_128_tf_no_top.h5"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty KERAS_HOME, as of a process that was started with it, on a machine without network."""

    def refuse(*args: object, **kwargs: object) -> None:
        raise OSError("Name or service not known")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(importlib.import_module("keras.src.backend.config"), "_KERAS_DIR", str(tmp_path))
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return tmp_path


def _build(name: str = "MobileNet", **options: Any) -> Backbone:
    keras.utils.clear_session()
    chosen = {"image_size": 128, "options": {"alpha": 0.25}} | options
    return build(Applications(name=name, weights="imagenet", **chosen), seed=0)


def _refusal(name: str = "MobileNet", **options: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        _build(name, **options)
    assert caught.value.exit_code == 2
    return str(caught.value)


def _write_cached_file(home: Path, name: str = FILE) -> Path:
    (home / "models").mkdir(exist_ok=True)
    model = small_mobilenet()
    return write_keras_2(home / "models" / name, model, values(model))


def test_the_cache_is_where_keras_looks(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    config = importlib.import_module("keras.src.backend.config")
    assert imagenet.cache_directory() == Path(config.keras_home()) / "models"
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(home))
    assert imagenet.cache_directory() == home / ".keras" / "models"


def test_without_network_and_cache_the_message_names_the_cache(home: Path) -> None:
    message = _refusal()
    assert message.startswith("backbone.weights: the ImageNet weights of MobileNet are not there: the network is not ")
    assert f"Keras looks for them in {home / 'models'} ($KERAS_HOME/models)" in message
    assert 'python -c "import keras; keras.applications.MobileNet(include_top=False, alpha=0.25)"' in message
    assert '{"name": "MobileNetV2", "weights": "embedded"}' in message


def test_a_cached_file_serves_without_network(home: Path) -> None:
    path = _write_cached_file(home)
    expected = values(small_mobilenet())
    backbone = _build()
    assert all(np.array_equal(one.numpy(), expected[one.path]) for one in backbone.variables)
    assert (backbone.transfer.source, backbone.transfer.loaded) == ("imagenet", len(expected))
    assert [file.name for file in path.parent.iterdir()] == [FILE]


def test_a_damaged_file_is_named_and_left_alone(home: Path) -> None:
    path = _write_cached_file(home)
    for content in (b"<html>", path.read_bytes()[:4000]):
        path.write_bytes(content)
        assert _refusal().startswith(f"backbone.weights: {path} is not a complete HDF5 file (")
        assert path.read_bytes() == content


def test_a_file_keras_does_not_know_is_left_alone(home: Path) -> None:
    name = "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"
    path = _write_cached_file(home, name)
    content = path.read_bytes()
    message = _refusal("ResNet50", image_size=32, options={})
    assert f"{name} is not in the cache, or not as Keras knows it, and cannot be fetched" in message
    assert path.read_bytes() == content
    assert [file.name for file in path.parent.iterdir()] == [name]


def test_a_file_of_another_width_does_not_help_but_does_no_harm(home: Path) -> None:
    path = _write_cached_file(home)
    message = _refusal(options={"alpha": 0.5})
    assert "mobilenet_5_0_128_tf_no_top.h5 is not in the cache" in message
    assert path.exists()


def test_files_of_other_architectures_are_not_looked_at(home: Path) -> None:
    (home / "models").mkdir()
    for name in ("mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5", "mobilenet_2_5_128_tf.h5"):
        (home / "models" / name).write_bytes(b"damaged")
    assert "the network is not reachable" in _refusal()


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(APPLICATIONS))
def test_the_pattern_matches_the_file_keras_asks_for(name: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def record(fname: str, *args: object, **kwargs: object) -> str:
        asked.append(fname)
        raise OSError("enough")

    monkeypatch.setattr(importlib.import_module("keras.src.utils.file_utils"), "get_file", record)
    architecture, size = getattr(keras.applications, name), APPLICATIONS[name].image_size
    with pytest.raises(OSError, match="enough"):
        architecture(include_top=False, weights="imagenet", input_shape=(size, size, 3))
    pattern = family_of(name).weight_file_pattern(name)
    assert Path(asked[0]).match(pattern)
    others = [other for other in APPLICATIONS if Path(asked[0]).match(family_of(other).weight_file_pattern(other))]
    assert others == [name]
