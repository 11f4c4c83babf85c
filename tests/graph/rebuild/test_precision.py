from __future__ import annotations

import keras
import numpy as np
import pytest

from kerastune_ft.backbones.base import with_precision
from kerastune_ft.graph import keras_private
from kerastune_ft.graph.costs import activation_bytes
from kerastune_ft.graph.partition import partition
from kerastune_ft.graph.rebuild import precision
from kerastune_ft.graph.rebuild.flat import copy_values
from tests.support.graph_models import application

HALVES = (precision.BFLOAT16, precision.FLOAT16)


class _Scale(keras.layers.Layer):
    """Has a variable without a name, which Keras counts up, as ConvNeXt's LayerScale has."""

    def build(self, shape: tuple) -> None:
        self.factor = self.add_weight(shape=(shape[-1],), initializer="ones")

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        return inputs * self.factor


def _model() -> keras.Model:
    """A backbone with all that is awkward: a Normalization, a nested model, a layer of layers, operations."""
    keras.utils.set_random_seed(0)
    images = keras.Input((8, 8, 3), name="image")
    normalization = keras.layers.Normalization(mean=[0.4] * 3, variance=[0.1] * 3, name="normal")
    x = normalization(keras.layers.Rescaling(1 / 255, name="preprocessing")(images))
    x = keras.layers.ZeroPadding2D(name="pad")(x)
    x = keras.layers.Conv2D(4, 3, name="stem")(x)
    nested = [keras.layers.LayerNormalization(name="ln"), keras.layers.Conv2D(4, 1, name="in")]
    x = keras.Sequential(nested, name="nested")(x)
    x = _Scale(name="scale_a")(_Scale(name="scale_b")(x))
    x = keras.layers.Rescaling(0.5, name="later")(x)
    x = keras.layers.BatchNormalization(name="norm")(keras.ops.add(x, 1.0))
    x = keras.layers.Reshape((64, 4), name="rows")(x)
    attention = keras.layers.MultiHeadAttention(2, 2, name="attention")
    return keras.Model(images, attention(x, x), name="body")


def _paths(model: keras.Model) -> list[str]:
    return [variable.path for variable in model.variables]


@pytest.mark.parametrize("policy", HALVES)
def test_everything_from_the_first_weights_on_computes_by_the_policy(policy: str) -> None:
    model = precision.rebuild(_model(), policy)
    kept = {layer.name for layer in model.layers if layer.dtype_policy.name == "float32"}
    # A nested model computes by its layers.
    assert kept - {"nested"} == {"image", "preprocessing", "normal", "pad"}
    assert {layer.dtype_policy.name for layer in model.get_layer("nested").layers} == {policy}
    inside = keras_private.leaf_layers(model.get_layer("attention")).values()
    assert {layer.dtype_policy.name for layer in inside} == {policy}
    assert model.output.dtype == policy.removeprefix("mixed_")
    assert {variable.dtype for variable in model.trainable_variables} == {"float32"}


@pytest.mark.parametrize("policy", HALVES)
def test_names_paths_and_values_stay(policy: str) -> None:
    model = _model()
    other = precision.rebuild(model, policy)
    assert other.name == model.name
    assert [layer.name for layer in other.layers] == [layer.name for layer in model.layers]
    assert _paths(other) == _paths(model)
    assert len(set(_paths(other))) == len(_paths(other))
    for old, new in zip(model.variables, other.variables, strict=True):
        assert np.array_equal(old.numpy(), new.numpy()), old.path
        assert old is not new


@pytest.mark.parametrize("policy", HALVES)
def test_there_and_back_is_the_same_model(policy: str) -> None:
    model = _model()
    half = precision.rebuild(model, policy)
    back = precision.rebuild(half, precision.FLOAT32)
    x = np.random.default_rng(0).uniform(0, 255, (2, 8, 8, 3)).astype(np.float32)
    wanted = np.asarray(model(x, training=False))
    assert np.array_equal(np.asarray(back(x, training=False)), wanted)
    found = np.asarray(half(x, training=False)).astype(np.float32)
    assert not np.array_equal(found, wanted)
    np.testing.assert_allclose(found, wanted, atol=0.03 * np.abs(wanted).max())


def test_pixels_keep_their_digits() -> None:
    images = keras.Input((1, 1, 1), name="image")
    x = keras.layers.Rescaling(1.0, offset=-200.0, name="preprocessing")(images)
    x = keras.layers.Conv2D(1, 1, name="stem", kernel_initializer="ones")(x)
    model = precision.rebuild(keras.Model(images, x), precision.BFLOAT16)
    pixels = np.array([200.25, 200.5], np.float32).reshape(2, 1, 1, 1)
    # In bfloat16 both pixels are 200.
    assert np.asarray(model(pixels)).astype(np.float32).ravel().tolist() == [0.25, 0.5]


def test_a_layer_that_was_in_half_precision_comes_back() -> None:
    model = precision.rebuild(_model(), precision.BFLOAT16)
    assert {layer.dtype_policy.name for layer in precision.rebuild(model, "float32").layers} == {"float32"}


def test_a_cut_has_the_bytes_of_its_type() -> None:
    model = _model()
    trained = {variable.path for variable in model.get_layer("attention").variables}
    whole, half = partition(model, trained), partition(precision.rebuild(model, precision.BFLOAT16), trained)
    assert [tensor.dtype for tensor in half.cut] == ["bfloat16"]
    assert half.cut_bytes * 2 == whole.cut_bytes
    # Less than half is saved: attention keeps its scores in float32, too.
    assert activation_bytes(half.tail) < activation_bytes(whole.tail)
    x = np.random.default_rng(0).uniform(0, 255, (2, 8, 8, 3)).astype(np.float32)
    features = half.prefix(x, training=False)
    assert features.dtype == "bfloat16"
    assert half.tail(features, training=False).shape == (2, 64, 4)


def test_a_backbone_keeps_its_units() -> None:
    backbone = application("EfficientNetB0")
    other = with_precision(backbone, precision.FLOAT16)
    assert [unit.id for unit in other.units] == [unit.id for unit in backbone.units]
    assert [variable.path for variable in other.variables] == [variable.path for variable in backbone.variables]
    held = {id(layer) for layer in other.model.layers}
    assert all(id(layer) in held for unit in other.units for layer in unit.layers)
    assert {layer.dtype_policy.name for layer in other.model.layers if "rescaling" in layer.name} == {"float32"}
    assert with_precision(backbone, precision.FLOAT32) is backbone


def test_a_copy_takes_values_later_too() -> None:
    model = _model()
    other = precision.rebuild(model, precision.BFLOAT16)
    other.get_layer("stem").bias.assign([1.0, 2.0, 3.0, 4.0])
    copy_values(other, model)
    assert model.get_layer("stem").bias.numpy().tolist() == [1.0, 2.0, 3.0, 4.0]
