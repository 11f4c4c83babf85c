from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import kerastune_ft as kt
from kerastune_ft.backbones import build
from kerastune_ft.backbones.base import Backbone
from kerastune_ft.config.options.backbones import Saved
from kerastune_ft.errors import ConfigError
from tests.support.saved_models import classic, layers, randomise, write_model

PIXELS = np.random.default_rng(1).integers(0, 256, (2, 16, 16, 3)).astype(np.float32)


def _build(**options: Any) -> Backbone:
    return build.build(Saved.model_validate(options), seed=0)


def _file(folder: Path, chain: Callable[[Any], Any], shape: tuple[int | None, ...] = (16, 16, 3)) -> str:
    images = keras.Input(shape)
    return write_model(randomise(keras.Model(images, chain(images))), folder / "model.keras")


def _convolve(images: Any) -> Any:
    return layers.Conv2D(4, 3, name="conv")(images)


def test_a_nested_model_becomes_units_with_the_features_below_its_classifier(tmp_path: Path) -> None:
    model = classic()
    built = _build(path=write_model(model, tmp_path / "classic.keras"))
    expected = model.get_layer("base")(PIXELS / 127.5 - 1.0, training=False)
    assert np.allclose(built.model(PIXELS), expected, atol=1e-6)
    assert [variable.path for variable in built.variables][:2] == ["stem/kernel", "stem/bias"]
    assert not any("classifier" in variable.path for variable in built.model.variables)
    assert built.transfer.loaded == len(built.variables) == 8
    assert built.transfer.source == "classic.keras"
    assert built.notes == (
        "the head sits on body (5 x 5 x 6) of classic.keras; 3 layers above it are left out",
        "flips, zooms of classic.keras are left out: augmentation is a matter of the phases",
    )


def test_names_that_occur_twice_become_paths_of_their_own(tmp_path: Path) -> None:
    def twice(images: Any) -> Any:
        x = layers.Rescaling(1 / 255, name="image")(images)
        for part, channels in (("a", 3), ("b", 4)):
            inner = keras.Input((None, None, channels))
            x = keras.Model(inner, layers.Conv2D(4, 3, name="conv")(inner), name=part)(x)
        return layers.Conv2D(4, 1, name="head_output")(x)

    path = _file(tmp_path, twice)
    built = _build(path=path)
    assert [variable.path for variable in built.variables if "kernel" in variable.path] == [
        "conv/kernel", "b_conv/kernel", "head_output_2/kernel"
    ]  # fmt: skip
    assert np.allclose(built.model(PIXELS), keras.models.load_model(path)(PIXELS), atol=1e-5)
    assert "b/conv" in built.notes[-1] or "image" in built.notes[-1]


def test_a_layer_used_twice_stays_one_layer(tmp_path: Path) -> None:
    shared = layers.Conv2D(3, 3, padding="same", name="shared")
    path = _file(tmp_path, lambda images: shared(shared(images)))
    built = _build(path=path, input="0-255")
    assert len(built.variables) == 2
    assert np.allclose(built.model(PIXELS), keras.models.load_model(path)(PIXELS), rtol=1e-5)


def test_an_adapted_normalization_keeps_what_it_measured(tmp_path: Path) -> None:
    normalization = layers.Normalization()
    normalization.adapt(PIXELS)
    images = keras.Input((16, 16, 3))
    model = keras.Model(images, _convolve(normalization(images)))
    built = _build(path=write_model(model, tmp_path / "m.keras"))
    assert np.allclose(built.model(PIXELS), model(PIXELS), atol=1e-5)
    assert built.preprocessing == "inside"


def test_half_precision_of_the_file_is_not_taken_over(tmp_path: Path) -> None:
    path = _file(tmp_path, lambda images: layers.Conv2D(2, 3, dtype="mixed_float16")(images))
    assert {layer.compute_dtype for layer in _build(path=path, input="0-1").model.layers} == {"float32"}


def _keeps_axes(images: Any) -> Any:
    x = layers.GlobalMaxPooling2D(keepdims=True)(layers.Conv2D(4, 3, strides=2, name="last")(_convolve(images)))
    return layers.Flatten()(layers.Conv2D(3, 1)(x))


def _squeezes(images: Any) -> Any:
    x = _convolve(images)
    scale = layers.Conv2D(4, 1, activation="sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(x))
    return layers.Dense(2)(layers.Flatten()(layers.Multiply(name="excited")([x, scale])))


def _tokens(images: Any) -> Any:
    x = layers.Reshape((16, 6))(layers.Conv2D(6, 4, 4)(images))
    x = layers.LayerNormalization(name="normed")(x + layers.MultiHeadAttention(2, 3)(x, x))
    return layers.Dense(2)(x[:, 0])


def _flat(images: Any) -> Any:
    return layers.Dense(2, name="second")(layers.Dense(5, name="first")(layers.Flatten()(images)))


@pytest.mark.parametrize(
    ("chain", "output", "head_on", "shape"),
    [
        (_convolve, None, "conv", (14, 14, 4)),
        (_keeps_axes, None, "last", (6, 6, 4)),
        (_squeezes, None, "excited", (14, 14, 4)),
        (_tokens, None, "normed", (16, 6)),
        (_flat, None, "second", (2,)),
        (_flat, "first", "first", (5,)),
        (_keeps_axes, "conv", "conv", (14, 14, 4)),
    ],
)
def test_the_head_goes_on_the_last_features_with_positions(
    chain: Callable[[Any], Any], output: str | None, head_on: str, shape: tuple[int, ...], tmp_path: Path
) -> None:
    built = _build(path=_file(tmp_path, chain), input="0-1", output=output)
    assert built.model.output.shape[1:] == shape
    assert built.notes[0].startswith(f"the head sits on {head_on} (")


@pytest.mark.parametrize(
    ("given", "expected", "described"),
    [
        ("0-255", lambda x: x, "inside"),
        ("0-1", lambda x: x / 255, "0-1"),
        ("-1-1", lambda x: x / 127.5 - 1, "tf"),
        ("caffe", lambda x: x[..., ::-1] - [103.939, 116.779, 123.68], "caffe"),
        ("torch", lambda x: (x / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225], "torch"),
        ({"scale": 0.5, "offset": -3}, lambda x: x * 0.5 - 3, "pixels x 0.5 - 3"),
    ],
)
def test_pixels_come_in_the_range_that_is_asked_for(
    given: Any, expected: Callable[[np.ndarray], np.ndarray], described: str, tmp_path: Path
) -> None:
    path = _file(tmp_path, lambda images: layers.DepthwiseConv2D(1, use_bias=False)(images))
    built = _build(path=path, input=given)
    kernel = built.variables[0].numpy().reshape(3)
    assert np.allclose(built.model(PIXELS), expected(PIXELS) * kernel, rtol=1e-4, atol=1e-4)
    assert built.preprocessing == described


def test_a_grey_model_gets_grey_by_rec_601(tmp_path: Path) -> None:
    path = _file(tmp_path, lambda images: layers.DepthwiseConv2D(1, use_bias=False)(images), (16, 16, 1))
    built = _build(path=path, input="0-1")
    grey = PIXELS @ np.array([[0.299], [0.587], [0.114]], np.float32)
    assert np.allclose(built.model(PIXELS), grey / 255 * built.variables[0].numpy().item(), rtol=1e-4)
    with pytest.raises(ConfigError, match='"caffe" is by colour'):
        _build(path=path, input="caffe")


@pytest.mark.parametrize(
    ("first", "given", "says"),
    [
        (lambda x: x, None, r"does not begin with a Rescaling .* write the range of pixels it takes:\n  \"0-255\""),
        (
            layers.Rescaling(2.0, -1.0),
            None,
            r"makes -1 of black \(0\) and 509 of white \(255\), so it was not made for",
        ),
        (layers.Normalization(mean=0.5, variance=0.06), None, "so it was not made for 0-255"),
        (layers.Rescaling(1 / 255), "0-1", "rescaled twice: black becomes 0 and white 0.00392; remove backbone.input"),
        (layers.Rescaling(2.0, -1.0), "0-1", None),
        (layers.Rescaling(1 / 255), "0-255", None),
        (layers.Rescaling(1 / 127.5, -1.0), None, None),
    ],
)
def test_the_range_is_known_or_asked_for(first: Any, given: str | None, says: str | None, tmp_path: Path) -> None:
    path = _file(tmp_path, lambda images: _convolve(first(images)))
    if says is None:
        _build(path=path, input=given)
        return
    with pytest.raises(ConfigError, match=says):
        _build(path=path, input=given)


def test_the_image_size_is_chosen_where_the_file_leaves_it_open_and_only_there(tmp_path: Path) -> None:
    path = _file(tmp_path, _convolve, (None, None, 3))
    with pytest.raises(ConfigError, match='takes images of any size; choose one, as "image_size": 224'):
        _build(path=path, input="0-1")
    assert _build(path=path, input="0-1", image_size=[12, 20]).model.output.shape[1:3] == (10, 18)
    fixed = _file(tmp_path, _convolve)
    assert _build(path=fixed, input="0-1", image_size=16).input.image_size == (16, 16)
    with pytest.raises(ConfigError, match="takes 16 x 16 pixels and no other, not 20 x 20; remove it"):
        _build(path=fixed, input="0-1", image_size=20)


@keras.saving.register_keras_serializable("test_saved")
class Doubling(keras.layers.Layer):
    def call(self, inputs: Any) -> Any:
        return inputs * 2


class Subclassed(keras.Model):
    def call(self, inputs: Any) -> Any:
        return inputs


def _lambda(folder: Path) -> str:
    return _file(folder, lambda images: _convolve(layers.Lambda(lambda x: x * 2)(images)))


def _custom(folder: Path) -> str:
    path = _file(folder, lambda images: _convolve(Doubling()(images)))
    # As in a process that never saw its code; keras-hub has registered there too.
    known = keras.saving.get_custom_objects()
    for name in [name for name, known_as in known.items() if known_as is Doubling]:
        del known[name]
    return path


def _save_subclass(folder: Path) -> str:
    model = Subclassed()
    model(PIXELS)
    return write_model(model, folder / "model.keras")


def _two_inputs(folder: Path) -> str:
    images, more = keras.Input((16, 16, 3)), keras.Input((3,))
    joined = layers.Concatenate()([layers.Flatten()(images), more])
    return write_model(keras.Model([images, more], layers.Dense(1)(joined)), folder / "model.keras")


def _write_damaged(folder: Path) -> str:
    path = Path(_file(folder, _convolve))
    path.write_bytes(path.read_bytes()[:-40])
    return str(path)


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (_lambda, "has a Lambda layer, which is Python code .* write what it does with keras.ops"),
        (_custom, "needs Doubling, Python code .* build the model of stock layers"),
        (_save_subclass, "needs Subclassed, Python code"),
        (_two_inputs, r"takes inputs of shape \(16, 16, 3\), \(3,\); give a model of one image input"),
        (_write_damaged, "is no .keras file, which is a zip archive; is the download complete"),
        (lambda folder: str(folder / "none.keras"), "does not exist; give the file that model.save"),
        (lambda folder: _file(folder, _convolve, (16, 16, 5)), r"takes inputs of shape \(16, 16, 5\)"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_remedy(made: Callable[[Path], str], says: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        _build(path=made(tmp_path), input="0-1")
    assert str(caught.value).startswith("backbone.path: ")


def test_an_output_that_is_no_layer_is_refused_with_the_nearest(tmp_path: Path) -> None:
    path = _file(tmp_path, _keeps_axes)
    with pytest.raises(ConfigError, match=r"model\.keras has no layer 'convv'; did you mean 'conv'\?"):
        _build(path=path, input="0-1", output="convv")
    with pytest.raises(ConfigError, match="its last ones are conv, last, "):
        _build(path=path, input="0-1", output="block7")


@pytest.mark.parametrize("shape", [(16, 16, 3), (None, None, 3), (None, 24, 1)])
def test_units_of_a_file_need_no_configuration(tmp_path: Path, shape: tuple[int | None, ...]) -> None:
    rows = kt.units(_file(tmp_path, _convolve, shape))
    assert [row["variable_paths"] for row in rows] == [["conv/kernel", "conv/bias"]]


@pytest.mark.parametrize("scale", [1 / 255, 1 / 65535])
def test_units_of_a_file_are_those_of_a_configuration_with_it(tmp_path: Path, scale: float) -> None:
    def chain(images: Any) -> Any:
        x = layers.Rescaling(scale)(images)
        for number in range(6):
            x = layers.ReLU()(layers.Conv2D(4, 3, padding="same", name=f"conv{number}")(x))
        return x

    path = _file(tmp_path, chain)
    known = {"input": {"scale": 257.0}} if scale < 1 / 255 else {}
    units = _build(path=path, **known).units
    assert len(units) > 1
    assert [(row["id"], row["variable_paths"]) for row in kt.units(path)] == [
        (unit.id, [variable.path for variable in unit.variables]) for unit in units
    ]


def test_units_of_weights_alone_are_those_of_the_architecture(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"w\.weights\.h5 holds weights and no model"):
        kt.units(str(tmp_path / "w.weights.h5"))
    with pytest.raises(ConfigError, match=r"not\.keras does not exist"):
        kt.units(str(tmp_path / "not.keras"))
