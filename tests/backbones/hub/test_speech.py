"""Whisper as one graph from samples and tokens: equal to keras-hub's own, units in order, exact cuts everywhere."""

import keras
import keras_hub
import numpy as np
import pytest

from kerastune_ft.backbones import build
from kerastune_ft.backbones.audio_front_end import with_audio_front_end
from kerastune_ft.backbones.base import Backbone
from kerastune_ft.config.options.backbones import KerasHub
from kerastune_ft.graph.partition import partition

_SAMPLES = 3200


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    options = KerasHub.model_validate({"kind": "keras_hub", "class": "WhisperBackbone", "options": {"num_layers": 2}})
    return with_audio_front_end(options, build.build(options, 0, writes=True), 16_000, _SAMPLES)


def _draw_inputs() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    mask = np.array([[1] * 6, [1] * 4 + [0] * 2], np.int32)
    sound = rng.normal(0, 0.1, (2, _SAMPLES)).astype(np.float32)
    return {"sound": sound, "token_ids": rng.integers(0, 256, (2, 6)).astype(np.int32), "padding_mask": mask}


def test_hidden_states_are_those_of_keras_hub(backbone: Backbone) -> None:
    given = _draw_inputs()
    assert backbone.generator is not None
    converter = keras_hub.layers.WhisperAudioConverter(num_mels=20, max_audio_length=_SAMPLES / 16_000)
    # keras-hub pads by zeros up to its own length; here a sound fills it.
    converter.num_samples = _SAMPLES
    expected = backbone.generator.body(
        {
            "encoder_features": np.asarray(converter(given["sound"])),
            "decoder_token_ids": given["token_ids"],
            "decoder_padding_mask": given["padding_mask"],
        }
    )["decoder_sequence_output"]
    np.testing.assert_allclose(backbone.model(given, training=False), expected, atol=2e-5)


def test_units_hold_every_variable_once(backbone: Backbone) -> None:
    names = ["embeddings", "encoder_layer0", "encoder_layer1", "decoder_layer0", "decoder_layer1"]
    assert [unit.id for unit in backbone.units] == names
    norms = [layer.name for layer in backbone.units[2].layers if "norm" in layer.name]
    assert norms == ["encoder_layer_norm"]
    assert backbone.units[2].output_shape == (None, 10, 16)
    paths = [variable.path for variable in backbone.variables]
    assert len(paths) == len(set(paths)) == len(backbone.model.variables)


def test_every_cut_is_exact(backbone: Backbone) -> None:
    given = _draw_inputs()
    assert backbone.vocabulary is not None
    model = keras.Model(backbone.model.input, backbone.vocabulary.apply(backbone.model.output))
    whole = np.asarray(model(given, training=False))
    crossing = {}
    for number, unit in enumerate(backbone.units[1:], start=1):
        trained = {variable.path for each in backbone.units[number:] for variable in each.variables}
        found = partition(model, trained)
        assert found.prefix is not None
        np.testing.assert_array_equal(found.tail(found.prefix(given, training=False), training=False), whole)
        crossing[unit.id] = set(found.cut_names)
    # All of the encoder lies below every cut in the decoder, which has one tensor of it.
    assert crossing["decoder_layer1"] == {"encoder_layer_norm", "padding_mask_passed", "transformer_decoder_layer_0"}
    assert crossing["decoder_layer0"] == {"encoder_layer_norm", "padding_mask_passed", "decoder_embeddings_dropout"}
