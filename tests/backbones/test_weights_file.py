from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kerastune_ft.backbones.base import Backbone, content_hash
from kerastune_ft.backbones.build import build
from kerastune_ft.config.options.backbones import Applications
from kerastune_ft.errors import ConfigError
from tests.support.weight_files import small_mobilenet, values, write_keras_2, write_safetensors


@pytest.fixture(scope="module")
def plain() -> keras.Model:
    return small_mobilenet()


@pytest.fixture(scope="module")
def arrays(plain: keras.Model) -> dict[str, np.ndarray]:
    return values(plain)


def _build(path: Path | None, **options: Any) -> Backbone:
    keras.utils.clear_session()
    chosen = {"name": "MobileNet", "image_size": 32, "options": {"alpha": 0.25}} | options
    return build(Applications(weights=str(path) if path else None, **chosen), seed=0)


def _refusal(path: Path, **options: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        _build(path, **options)
    assert caught.value.exit_code == 2
    return str(caught.value)


def _check_whole(backbone: Backbone, arrays: dict[str, np.ndarray], path: Path) -> None:
    assert {variable.path for variable in backbone.variables} == set(arrays)
    for variable in backbone.variables:
        assert np.array_equal(variable.numpy(), arrays[variable.path]), variable.path
    transfer = backbone.transfer
    assert (transfer.loaded, transfer.missing, backbone.notes) == (len(arrays), (), ())
    assert (transfer.source, transfer.sha256) == (path.name, hashlib.sha256(path.read_bytes()).hexdigest())


@pytest.mark.parametrize("nested", [False, True])
def test_a_file_of_keras_2(tmp_path: Path, plain: keras.Model, arrays: dict, nested: bool) -> None:
    path = write_keras_2(tmp_path / "mobile.h5", plain, arrays, nested=nested)
    _check_whole(_build(path), arrays, path)


def test_a_file_of_keras_2_under_the_name_of_keras_3(tmp_path: Path, plain: keras.Model, arrays: dict) -> None:
    path = write_keras_2(tmp_path / "mobile.weights.h5", plain, arrays)
    _check_whole(_build(path), arrays, path)


def test_a_file_whose_layers_are_numbered_otherwise_is_read_by_order(
    tmp_path: Path, plain: keras.Model, arrays: dict
) -> None:
    path = write_keras_2(tmp_path / "numbered.h5", plain, arrays, rename=lambda number, name: f"layer_{number}")
    _check_whole(_build(path), arrays, path)


def test_safetensors(tmp_path: Path, arrays: dict) -> None:
    path = write_safetensors(tmp_path / "mobile.safetensors", arrays)
    _check_whole(_build(path), arrays, path)


def test_a_file_of_keras_3(tmp_path: Path, plain: keras.Model, arrays: dict) -> None:
    for variable in plain.variables:
        variable.assign(arrays[variable.path])
    path = tmp_path / "mobile.weights.h5"
    plain.save_weights(path)
    _check_whole(_build(path), arrays, path)


def test_separable_kernels_keep_their_names(tmp_path: Path) -> None:
    inputs = keras.Input((8, 8, 3), name="image")
    model = keras.Model(inputs, keras.layers.SeparableConv2D(4, 3, name="separable")(inputs))
    from kerastune_ft.backbones import weights_file

    arrays = values(model)
    assert "separable/depthwise_kernel" in arrays
    path = write_keras_2(tmp_path / "separable.h5", model, arrays, rename=lambda number, name: name)
    transfer = weights_file.load(model, model.variables, path, "separable")
    assert (transfer.loaded, transfer.missing, transfer.unused) == (3, (), ())


def test_the_old_classifier_is_reported_as_unused(tmp_path: Path, plain: keras.Model, arrays: dict) -> None:
    top = {"predictions/kernel": np.zeros((256, 10), np.float32), "predictions/bias": np.zeros(10, np.float32)}
    backbone = _build(write_safetensors(tmp_path / "top.safetensors", arrays | top))
    assert backbone.transfer.unused == ("predictions/bias", "predictions/kernel")
    assert backbone.transfer.to_json()["unused"] == ["predictions/bias", "predictions/kernel"]
    keras.utils.clear_session()
    whole = keras.applications.MobileNet(weights=None, alpha=0.25, input_shape=(32, 32, 3), classes=10)
    backbone = _build(write_keras_2(tmp_path / "top.h5", whole, values(whole)))
    assert backbone.transfer.unused == ("conv_preds/bias", "conv_preds/kernel")
    assert backbone.transfer.loaded == len(arrays)


def test_what_the_file_lacks_is_reported_and_stays_random(tmp_path: Path, arrays: dict) -> None:
    gone = ("conv_pw_13/kernel", "conv_pw_13_bn/beta")
    part = {path: array for path, array in arrays.items() if path not in gone}
    backbone = _build(write_safetensors(tmp_path / "part.safetensors", part))
    assert sorted(backbone.transfer.missing) == sorted(gone)
    assert backbone.notes == ("2 backbone variables are not in the weight file and stay random",)


def test_another_width_is_refused(tmp_path: Path, plain: keras.Model, arrays: dict) -> None:
    message = _refusal(write_keras_2(tmp_path / "mobile.h5", plain, arrays), options={"alpha": 0.5})
    assert 'mobile.h5 has the weights of another width; write "options": {"alpha": 0.25} in backbone' in message


def test_another_architecture_is_refused(tmp_path: Path, plain: keras.Model, arrays: dict) -> None:
    path = write_safetensors(tmp_path / "foreign.safetensors", {"block/w": np.zeros(3, np.float32)})
    assert _refusal(path) == (
        f"backbone.weights: no name in {path} belongs to mobilenet_0.25_32; the file holds block/w"
    )
    saved = tmp_path / "mobile.weights.h5"
    plain.save_weights(saved)
    assert _refusal(saved, name="MobileNetV2", options={}).startswith(f"backbone.weights: {saved} does not fit ")


@pytest.mark.parametrize("name", ["cut.h5", "cut.weights.h5", "cut.safetensors"])
def test_a_truncated_file_is_refused(tmp_path: Path, plain: keras.Model, arrays: dict, name: str) -> None:
    path = tmp_path / name
    if name.endswith(".safetensors"):
        write_safetensors(path, arrays)
    else:
        write_keras_2(path, plain, arrays)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    message = _refusal(path)
    assert message.startswith(f"backbone.weights: {path} cannot be read: ")
    assert message.endswith("is the download complete?")


def test_files_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "gone.h5"
    assert _refusal(path).startswith(f"backbone.weights: there is no file {path}; give the path of a .h5, ")
    other = tmp_path / "weights.pt"
    other.write_bytes(b"PK")
    assert _refusal(other) == f"backbone.weights: {other} is none of .h5, .weights.h5, .safetensors"


def test_efficientnet_files_of_keras_are_refused_by_path(tmp_path: Path) -> None:
    path = tmp_path / "efficientnetb0_notop.h5"
    path.write_bytes(b"")
    message = _refusal(path, name="EfficientNetB0", options={})
    assert "scales the input of EfficientNetB0 differently for its own ImageNet file" in message
    assert message.endswith('models and write "imagenet"')


def test_random_weights_are_a_function_of_the_seed() -> None:
    first, again = (content_hash(_build(None).variables) for _ in range(2))
    keras.utils.clear_session()
    options = Applications(name="MobileNet", weights=None, image_size=32, options={"alpha": 0.25})
    assert first == again
    assert content_hash(build(options, seed=1).variables) != first


def test_what_keras_refuses_is_said(tmp_path: Path) -> None:
    assert "keras.applications.MobileNet refuses: " in _refusal(None, options={"alpha": -1.0})


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Xception", "InceptionV3", "NASNetMobile", "EfficientNetB0", "MobileNetV3Small"])
def test_files_of_keras_2_for_families_with_other_layers(tmp_path: Path, name: str) -> None:
    keras.utils.clear_session()
    model = getattr(keras.applications, name)(include_top=False, weights=None, input_shape=(96, 96, 3))
    arrays = values(model)
    path = write_keras_2(tmp_path / "weights.h5", model, arrays)
    backbone = _build(path, name=name, image_size=96, options={})
    _check_whole(backbone, {variable.path: arrays[variable.path] for variable in backbone.variables}, path)
