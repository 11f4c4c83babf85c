from __future__ import annotations

from collections.abc import Iterable

import keras
import pytest

from kerastune_ft.backbones.build import outline
from kerastune_ft.config.facts.applications import APPLICATIONS
from kerastune_ft.config.facts.hub_families import BY_CLASS
from kerastune_ft.config.options.backbones import Applications, KerasHub
from kerastune_ft.graph import keras_private, lora
from kerastune_ft.graph.decay import find_undecayed
from kerastune_ft.graph.units import is_seed
from kerastune_ft.rules import FIRST, NEWEST
from tests.support import hub_classes

LEFT_ALONE = {
    *("bias", "down_proj_bias", "gate_up_proj_bias", "relative_position_bias_table", "sinks"),
    *("beta", "gamma", "moving_mean", "moving_variance", "mean", "variance", "count", "scale", "weight"),
    *("lambda1", "variable"),
}
"""The names of all variables of all families that do not decay."""
DECAYED = {
    *("kernel", "depthwise_kernel", "pointwise_kernel", "down_proj", "gate_up_proj"),
    *(f"expert_feedforward_{part}_dense" for part in ("gate", "intermediate", "output")),
    *("position_embedding", "position_embeddings", "interpolated_position_embeddings", "position_ids", "rel_embedding"),
    *("class_embedding", "class_token", "cls_token", "distillation_token", "mask_token", "register_tokens", "inv_freq"),
}
"""Those that do, where they train."""
SAMPLE = ("CLIPVisionEncoder", "SwinTransformerBackbone", "T5Backbone")
APPLICATIONS_SAMPLE = ("ConvNeXtTiny",)


def named(layers: Iterable[keras.layers.Layer]) -> dict[str, str]:
    """The name of every variable, a number that Keras counts up left out, by path."""
    layers = list(layers)
    return {
        variable.path: "variable" if variable.name.startswith("variable") else variable.name
        for layer in layers
        for variable in layer.variables
        if not is_seed(variable)
    }


def check(layers: list[keras.layers.Layer]) -> None:
    names, found = named(layers), find_undecayed(layers)
    for path, name in names.items():
        if name == "embeddings":
            # Of T5 the table of relative positions is called like one of tokens.
            assert (path in found) == ("self_attention" in path), path
        else:
            assert name in (LEFT_ALONE if path in found else DECAYED), path


@pytest.mark.parametrize("name", hub_classes.each(BY_CLASS, SAMPLE))
def test_norms_and_biases_of_every_family_of_keras_hub(name: str) -> None:
    keras.utils.clear_session()
    check([layer for unit in outline(KerasHub(**{"class": name})).units for layer in unit.layers])


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=() if name in APPLICATIONS_SAMPLE else pytest.mark.slow) for name in APPLICATIONS
])  # fmt: skip
def test_norms_and_biases_of_every_architecture_of_keras(name: str) -> None:
    keras.utils.clear_session()
    options = Applications(name=name, weights=None, image_size=APPLICATIONS[name].minimum)
    check([layer for unit in outline(options).units for layer in unit.layers])


def test_layers_of_models_of_your_own() -> None:
    keras.utils.clear_session()
    x = inputs = keras.Input((6, 8), name="x")
    x = keras.layers.MultiHeadAttention(2, 4, name="attention")(x, x)
    x = keras.layers.GroupQueryAttention(4, 2, 1, name="grouped")(x, x)
    x = keras.layers.Bidirectional(keras.layers.GRU(3, return_sequences=True), name="both")(x)
    x = keras.layers.TimeDistributed(keras.layers.Dense(8), name="each")(x)
    x = keras.layers.RMSNormalization(name="norm")(x)
    x = keras.layers.PReLU(shared_axes=[1], name="slope")(x)
    x = keras.layers.SpectralNormalization(keras.layers.Dense(4, name="inside"), name="spectral")(x)
    model = keras.Model(inputs, x)
    found = find_undecayed(model.layers)
    decayed = {path for path in named(model.layers) if path not in found}
    assert decayed
    assert all(path.endswith("kernel") for path in decayed)
    # By their axes they would be weights.
    two_axes = [variable.path for variable in model.variables if variable.path in found and len(variable.shape) > 1]
    assert {path.split("/")[-1] for path in two_axes} == {"bias", "alpha", "vector_u"}, two_axes
    assert len([path for path in two_axes if path.endswith("bias")]) == 8


def test_the_factors_of_an_adapter_decay() -> None:
    layer = keras.layers.Dense(4, name="dense")
    layer.build((None, 3))
    adapter = lora.attach(layer, "dense", rank=2, alpha=2, seed=0)
    assert find_undecayed([layer]) == {layer.bias.path}
    assert not {variable.path for variable in adapter.variables} & find_undecayed([layer])


def test_runs_of_the_first_version_tell_by_the_axes() -> None:
    layer = keras.layers.MultiHeadAttention(2, 4, name="attention")
    layer.build((None, 6, 8), (None, 6, 8))
    paths = {path.rpartition("attention/")[2] for path in find_undecayed([layer], FIRST)}
    assert paths == {"attention_output/bias"}
    assert len(find_undecayed([layer], NEWEST)) == 4


def test_every_variable_is_that_of_one_layer() -> None:
    layer = keras.layers.MultiHeadAttention(2, 4)
    layer.build((None, 6, 8), (None, 6, 8))
    owned = [variable for one in keras_private.all_layers(layer) for variable in keras_private.own_variables(one)]
    assert sorted(variable.path for variable in owned) == sorted(variable.path for variable in layer.variables)
