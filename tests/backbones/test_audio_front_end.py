from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.backbones import audio_front_end, build
from kerastune_ft.backbones.base import Backbone
from kerastune_ft.backbones.inputs import SoundInput
from kerastune_ft.config.options.backbones import Applications, KerasHub, Saved
from kerastune_ft.errors import ConfigError

layers = keras.layers
RATE = 16000


def yamnet_spectrogram(waveform: np.ndarray) -> np.ndarray:
    """The definition of the front end of YAMNet, in TensorFlow's own words."""
    magnitude = tf.abs(tf.signal.stft(waveform, frame_length=400, frame_step=160, fft_length=512))
    mel = tf.signal.linear_to_mel_weight_matrix(64, 257, RATE, 125.0, 7500.0)
    return tf.math.log(tf.matmul(magnitude, mel) + 0.001).numpy()


def save_model(path: Path, body: Any = None, shape: tuple[int, int, int] = (96, 64, 1)) -> Path:
    inputs = keras.Input(shape, name="log_mel")
    x = layers.Conv2D(4, 3, 2, padding="same", name="first")(inputs)
    x = layers.Conv2D(8, 3, 2, padding="same", name="second")(layers.ReLU(name="relu")(x))
    keras.Model(inputs, body(x) if body else x).save(path)
    return path


def hear(options: Any, samples: int) -> Backbone:
    return audio_front_end.with_audio_front_end(options, build.build(options, 0), RATE, samples)


@pytest.mark.parametrize("samples", [15600, 10880, 400])
def test_the_front_end_is_that_of_yamnet(tmp_path: Path, samples: int) -> None:
    backbone = hear(Saved(path=str(save_model(tmp_path / "net.keras")), input="yamnet"), samples)
    waveform = np.random.default_rng(0).normal(0, 0.1, (2, samples)).astype(np.float32)
    front = keras.Model(backbone.model.input, backbone.model.get_layer("sound_channel").output)
    found, expected = np.asarray(front(waveform))[..., 0], yamnet_spectrogram(waveform)
    assert found.shape == expected.shape == (2, 1 + (samples - 400) // 160, 64)
    np.testing.assert_allclose(found, expected, atol=2e-4)
    assert expected.std() > 0.3


def test_a_network_of_convolutions_sees_the_whole_sound(tmp_path: Path) -> None:
    path = save_model(tmp_path / "net.keras")
    backbone = hear(Saved(path=str(path), input="yamnet"), 32000)
    assert backbone.input == SoundInput(RATE, 32000)
    waveform = np.random.default_rng(0).normal(0, 0.1, (1, 32000)).astype(np.float32)
    inputs = keras.Input((198, 64, 1))
    net = keras.models.clone_model(keras.models.load_model(path), input_tensors=inputs)
    net.set_weights(keras.models.load_model(path).get_weights())
    expected = net(yamnet_spectrogram(waveform)[..., np.newaxis])
    np.testing.assert_allclose(backbone.model(waveform), expected, atol=1e-3)
    held = [variable.path for variable in backbone.variables]
    assert sorted(held) == sorted(variable.path for variable in backbone.model.variables)
    assert backbone.units[-1].output_shape == (None, 50, 16, 8)


def test_a_network_that_needs_its_own_length_says_so(tmp_path: Path) -> None:
    dense = lambda x: layers.Dense(8, name="dense")(layers.Flatten(name="flat")(x))  # noqa: E731
    options = Saved(path=str(save_model(tmp_path / "net.keras", dense)), input="yamnet", output="dense")
    assert hear(options, 15600).model.output.shape == (None, 8)
    with pytest.raises(ConfigError, match=r"data.seconds: 2 s of sound are 198 x 64 x 1 .* takes 96 x 64 x 1 and no"):
        hear(options, 32000)


def test_a_model_of_images_gets_a_picture_of_the_sound() -> None:
    options = Applications(name="MobileNetV2", weights="embedded", image_size=64)
    backbone = hear(options, 8000)
    picture = keras.Model(backbone.model.input, backbone.model.get_layer("sound_channels").output)
    time = np.arange(8000) / RATE
    waveform = np.sin(2 * np.pi * 1000 * time)[np.newaxis].astype(np.float32)
    seen = np.asarray(picture(waveform))
    assert seen.shape == (1, 64, 64, 3)
    assert seen.min() >= 0
    assert 150 < seen.max() <= 255
    assert seen.argmax() % (64 * 3) // 3 == pytest.approx(20, abs=3), "the bin of 1000 Hz of 64 from 125 to 7500 Hz"
    assert np.ptp(np.asarray(picture(np.zeros((1, 8000), np.float32)))) < 1e-3, "silence is one colour"
    assert [unit.id for unit in backbone.units] == [unit.id for unit in build.build(options, 0).units]


@pytest.mark.parametrize(
    ("given", "samples", "said"),
    [
        ({"log_mel": {"bins": 32}}, 8000, r'input.log_mel.bins: net.keras takes 64 mel bins.* write "bins": 64'),
        ({"log_mel": {"high": 9000.0}}, 8000, r"log_mel.high: 9000 Hz is more than .* write 8000 or less"),
        ({"log_mel": {"fft": 256}}, 8000, r"log_mel.fft: 256 is less than the window of 400"),
        ("yamnet", 100, r"data.seconds: 0.00625 s are 100 samples .* needs 400; write 0.025 or more"),
    ],
)
def test_what_cannot_be_is_said(tmp_path: Path, given: Any, samples: int, said: str) -> None:
    options = Saved(path=str(save_model(tmp_path / "net.keras")), input=given)
    with pytest.raises(ConfigError, match=said):
        hear(options, samples)


def test_the_rate_is_the_backbone_s_or_the_data_s_or_usual(tmp_path: Path) -> None:
    own = Saved(path=str(save_model(tmp_path / "net.keras")), input="yamnet")
    free = Saved(path=own.path, input={"log_mel": {}})
    assert audio_front_end.sample_rate(own, build.build(own, 0), None) == RATE
    assert audio_front_end.sample_rate(free, build.build(free, 0), 8000) == 8000
    assert audio_front_end.sample_rate(free, build.build(free, 0), None) == RATE
    with pytest.raises(ConfigError, match=r"data.sample_rate: net takes 16000 samples a second, not 8000"):
        audio_front_end.sample_rate(own, build.build(own, 0), 8000)


def encoder(**options: Any) -> Backbone:
    keras.utils.clear_session()
    return build.build(KerasHub(**options), 0)


@pytest.mark.parametrize("samples", [1600, 8000, 16001])
def test_whisper_gets_the_frames_its_own_converter_makes(samples: int) -> None:
    body = encoder(**{"class": "WhisperBackbone"})
    assert (body.input.sample_rate, body.input.samples) == (RATE, None)
    backbone = audio_front_end.with_audio_front_end(None, body, RATE, samples)
    own = keras_hub.layers.WhisperAudioConverter(num_mels=20)
    own.num_samples = samples
    waveform = np.random.default_rng(0).normal(0, 0.1, (2, samples)).astype(np.float32)
    waveform[1, samples // 2 :] = 0
    frames = keras.Model(backbone.model.input, backbone.model.get_layer("sound_frames").output)
    np.testing.assert_allclose(frames(waveform), own(waveform), atol=1e-5)
    assert backbone.units[-1].output_shape == backbone.model.output.shape == (None, samples // 320, 16)
    assert [unit.id for unit in backbone.units] == ["embeddings", "layer0", "layer1", "layer2"]


def test_whisper_and_moonshine_are_the_encoders_of_their_presets(tmp_path: Path) -> None:
    sizes = {"vocabulary_size": 8, "hidden_dim": 16, "intermediate_dim": 32}
    whisper = keras_hub.models.WhisperBackbone(
        num_layers=2, num_heads=2, num_mels=12, max_encoder_sequence_length=100, max_decoder_sequence_length=4, **sizes
    )
    moonshine = keras_hub.models.MoonshineBackbone(
        filter_dim=16, encoder_num_layers=2, decoder_num_layers=1, encoder_num_heads=2, decoder_num_heads=2, **sizes
    )
    waveform = np.random.default_rng(0).normal(0, 0.1, (2, 8000)).astype(np.float32)
    given = {
        "whisper": (whisper, keras_hub.layers.WhisperAudioConverter(num_mels=12, max_audio_length=1)),
        "moonshine": (moonshine, keras_hub.layers.MoonshineAudioConverter(do_normalize=True)),
    }
    for name, (body, converter) in given.items():
        body.save_to_preset(str(tmp_path / name))
        converter.save_to_preset(str(tmp_path / name))
        backbone = audio_front_end.with_audio_front_end(None, encoder(preset=str(tmp_path / name)), RATE, 8000)
        assert backbone.transfer.loaded == len(backbone.variables)
        assert not [variable.path for variable in backbone.variables if "decoder" in variable.path]
        decoder = {"decoder_token_ids": np.zeros((2, 1), "int32"), "decoder_padding_mask": np.ones((2, 1), "int32")}
        if name == "whisper":
            converter.num_samples = 8000
            inputs = {"encoder_features": np.asarray(converter(waveform))}
        else:
            mask = np.ones((2, 8000), bool)
            inputs = {"encoder_input_values": np.asarray(converter(waveform)), "encoder_padding_mask": mask}
        expected = body({**inputs, **decoder}, training=False)["encoder_sequence_output"]
        np.testing.assert_allclose(backbone.model(waveform, training=False), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "samples", "said"),
    [
        ("WhisperBackbone", 800, r"data.seconds: WhisperBackbone takes sounds of 0.1 to 2 s, and not of 0.05 s"),
        ("WhisperBackbone", 40_000, r"takes sounds of 0.1 to 2 s, and not of 2.5 s"),
        ("MoonshineBackbone", 1_040_000, r"takes sounds of 0.1 to 64 s, and not of 65 s"),
    ],
)
def test_an_encoder_says_which_lengths_it_takes(name: str, samples: int, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        audio_front_end.with_audio_front_end(None, encoder(**{"class": name}), RATE, samples)
