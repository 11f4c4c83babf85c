"""Models of speech as one graph from samples and tokens: equal to keras-hub's own, units in order, exact cuts."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import keras_hub
import numpy as np
import pytest

from kerastune_ft.backbones import build
from kerastune_ft.backbones.audio_front_end import with_audio_front_end
from kerastune_ft.backbones.base import Backbone, with_precision
from kerastune_ft.backbones.hub import speech
from kerastune_ft.config.options.backbones import KerasHub
from kerastune_ft.config.options.phases import Everything, Lora
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.lora_targets import find_targets
from kerastune_ft.graph.partition import partition
from kerastune_ft.graph.units import is_seed
from tests.support.small_tokenizers import make_pieces

_SAMPLES, _HEARD = 3200, 2500
_SIZES = {
    "WhisperBackbone": {"num_layers": 2},
    "MoonshineBackbone": {"decoder_num_layers": 2, "attention_dropout": 0.1, "dropout": 0.1},
}
_NORMS = {"WhisperBackbone": "encoder_layer_norm", "MoonshineBackbone": "encoder_final_layer_norm"}
_FRAMES = {"WhisperBackbone": 10, "MoonshineBackbone": 7}
# What crosses a cut in the decoder, beside its own hidden states.
_CROSSING = {
    "WhisperBackbone": {"encoder_layer_norm", "padding_mask_passed"},
    "MoonshineBackbone": {"encoder_final_layer_norm", "padding_mask_passed", "frames_heard"},
}
_DECODER = {
    "WhisperBackbone": ("decoder_embeddings_dropout", "transformer_decoder_layer_0"),
    "MoonshineBackbone": ("decoder_dropout", "decoder_block_0"),
}


def _build(name: str) -> Backbone:
    options = KerasHub.model_validate({"kind": "keras_hub", "class": name, "options": _SIZES[name]})
    return with_audio_front_end(options, build.build(options, 0, writes=True), 16_000, _SAMPLES)


@pytest.fixture(scope="module", params=_SIZES)
def backbone(request: pytest.FixtureRequest) -> Backbone:
    return _build(request.param)


def _draw_inputs() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    mask = np.array([[1] * 6, [1] * 4 + [0] * 2], np.int32)
    sound = rng.normal(0, 0.1, (2, _SAMPLES)).astype(np.float32)
    # The second ends in silence, and both have a zero in the middle, which is none.
    sound[1, _HEARD:], sound[:, 100] = 0, 0
    return {"sound": sound, "token_ids": rng.integers(0, 256, (2, 6)).astype(np.int32), "padding_mask": mask}


def _hear(name: str, sound: np.ndarray) -> dict[str, np.ndarray]:
    """What keras-hub's own converter makes of sounds."""
    if name == "WhisperBackbone":
        converter = keras_hub.layers.WhisperAudioConverter(num_mels=20, max_audio_length=_SAMPLES / 16_000)
        # keras-hub pads by zeros up to its own length; here a sound fills it.
        converter.num_samples = _SAMPLES
        return {"encoder_features": np.asarray(converter(sound))}
    heard = np.arange(_SAMPLES) < np.array([[_SAMPLES], [_HEARD]])
    return {"encoder_input_values": sound[..., None], "encoder_padding_mask": heard}


def _body(backbone: Backbone) -> Any:
    assert backbone.generator is not None
    return backbone.generator.body


def test_hidden_states_are_those_of_keras_hub(backbone: Backbone) -> None:
    given = _draw_inputs()
    tokens = {f"decoder_{name}": given[name] for name in ("token_ids", "padding_mask")}
    expected = _body(backbone)({**_hear(backbone.name, given["sound"]), **tokens})["decoder_sequence_output"]
    np.testing.assert_allclose(backbone.model(given, training=False), expected, atol=2e-5)


def test_units_hold_every_variable_once(backbone: Backbone) -> None:
    names = ["embeddings", "encoder_layer0", "encoder_layer1", "decoder_layer0", "decoder_layer1"]
    assert [unit.id for unit in backbone.units] == names
    norms = [layer.name for layer in backbone.units[2].layers if "norm" in layer.name]
    assert norms == [_NORMS[backbone.name]]
    assert backbone.units[2].output_shape == (None, _FRAMES[backbone.name], 16)
    paths = [variable.path for variable in backbone.variables]
    assert len(paths) == len(set(paths))
    assert set(paths) == {one.path for one in backbone.model.variables if not is_seed(one)}
    # Of keras-hub's own all but the frequencies of rotary angles.
    left_out = {one.path for one in _body(backbone).variables if not is_seed(one)} - set(paths)
    assert all(path.endswith("rotary_embedding/inv_freq") for path in left_out)


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
        middle = found.prefix(given, training=False)
        # A row for each example, of a size that is known but for the tokens.
        assert {tensor.shape[0] for tensor in middle} == {2}
        assert all(tensor.shape[1] is not None or "decoder" in name or "padding" in name
                   for name, tensor in zip(found.cut_names, found.cut, strict=True))  # fmt: skip
        np.testing.assert_array_equal(found.tail(middle, training=False), whole)
        crossing[unit.id] = set(found.cut_names)
    # All of the encoder lies below every cut in the decoder, which has its output alone.
    for unit, hidden in zip(("decoder_layer0", "decoder_layer1"), _DECODER[backbone.name], strict=True):
        assert crossing[unit] == {*_CROSSING[backbone.name], hidden}


def test_silence_after_a_sound_is_not_heard_by_moonshine() -> None:
    given = _draw_inputs()
    made = _build("MoonshineBackbone")
    mask = keras.Model(made.model.input, made.model.get_layer("frames_heard").output)
    # Windows of 127, 7 and 3, which move by 64, 3 and 2: what 2,500 samples fill.
    assert np.asarray(mask(given)).sum(1).tolist() == [7, 5]


def _find_targets(backbone: Backbone) -> dict[str, list[str]]:
    """The layers that adapters stand on by default."""
    found = find_targets(Lora(rank=2), Everything(), backbone.units, "phases[0]")
    return {unit: list(layers) for unit, layers in found.items()}


def test_names_do_not_depend_on_what_the_process_made_before() -> None:
    first, second = (_build("MoonshineBackbone") for _ in range(2))
    assert [one.path for one in first.variables] == [one.path for one in second.variables]
    assert "decoder_block_0/cross_attention/query/kernel" in {one.path for one in first.variables}
    targets = _find_targets(first)
    assert targets == _find_targets(second)
    decoder = [f"{name}_attention/{part}" for name in ("self", "cross") for part in ("query", "value")]
    assert targets["decoder_layer0"] == [f"decoder_block_0/{name}" for name in decoder]
    encoder = [f"self_attention_layer/{part}" for part in ("query", "value")]
    assert targets["encoder_layer0"] == [f"encoder_block_0/{name}" for name in encoder]


def test_another_precision_has_the_same_names_and_nearly_the_same_values(backbone: Backbone) -> None:
    given = _draw_inputs()
    half = with_precision(backbone, "mixed_bfloat16")
    assert [one.path for one in half.variables] == [one.path for one in backbone.variables]
    whole = np.asarray(backbone.model(given, training=False))
    difference = np.abs(np.asarray(half.model(given, training=False), np.float32) - whole).max()
    assert 0 < difference < 0.1 * np.abs(whole).max()
    assert _find_targets(half) == _find_targets(backbone)


# keras-hub leaves the file of the pieces open.
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_a_preset_of_moonshine_brings_its_tokenizer_and_takes_sounds_of_any_length(tmp_path: Path) -> None:
    tokenizer = make_pieces(keras_hub.tokenizers.MoonshineTokenizer)
    body = _body(_build("MoonshineBackbone"))
    for part in (body, keras_hub.layers.MoonshineAudioConverter(), tokenizer):
        part.save_to_preset(str(tmp_path / "preset"))
    options = KerasHub(preset=str(tmp_path / "preset"))
    given: Any = build.build(options, 0, writes=True)
    assert given.transfer.loaded == len(given.variables) and given.generator is not None
    own = given.input
    assert (type(own.tokenizer).__name__, own.maximum_length, own.own_samples) == ("MoonshineTokenizer", 448, None)
    np.testing.assert_array_equal(own.tokenizer("the film"), tokenizer("the film"))
    # Scores that belong to no token are never chosen.
    assert (own.tokens.start, own.tokens.end, own.tokens.times) == (1, 2, tokenizer.vocabulary_size())
    assert own.choose_samples(8_000) == 8_000


def test_a_converter_that_does_something_else_is_refused() -> None:
    body = _body(_build("MoonshineBackbone"))
    with pytest.raises(ConfigError, match=r"do_normalize of its audio converter is True, and False alone is supported"):
        speech.open_transcriber(body, keras_hub.layers.MoonshineAudioConverter(do_normalize=True))
    whisper: Any = SimpleNamespace(input={"encoder_features": None}, num_mels=20)
    with pytest.raises(ConfigError, match="stride of its audio converter is 80, and 160 alone"):
        speech.open_transcriber(whisper, keras_hub.layers.WhisperAudioConverter(num_mels=20, stride=80))
