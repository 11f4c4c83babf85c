"""The saved model of speech: it opens with Keras and keras-hub, and its losses are those of keras-hub's own model."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.backbones.speech.speech_input import SpeechInput
from kerastune_ft.backbones.speech.speech_tokens import byte_speech_tokens
from kerastune_ft.cards.loading import write_loading
from kerastune_ft.config.facts.hub_families import HUB_FAMILIES
from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.generation.speech_writer import SpeechWriter
from kerastune_ft.input.sounds.resample import Clip
from kerastune_ft.input.speech.transcripts import SpeechSettings
from kerastune_ft.saved_model.base import ServingSettings
from kerastune_ft.saved_model.speech import SpeechServing

_SAMPLES = 3200


class _Source:
    label_texts = ("up", "down on")

    def read_input(self, index: tf.Tensor) -> dict[str, Any]:
        sound = np.random.default_rng(int(index)).normal(0, 0.1, 2000).astype(np.float32)
        return {"samples": sound, "rate": 16_000}


_CLASSES = {"WhisperBackbone": {"num_layers": 1}, "MoonshineBackbone": {"encoder_num_layers": 1}}


@pytest.fixture(scope="module", params=_CLASSES)
def serving(request: pytest.FixtureRequest) -> SpeechServing:
    name = request.param
    body = getattr(keras_hub.models, name)(**{**HUB_FAMILIES[name].small, **_CLASSES[name]})
    tokenizer = keras_hub.tokenizers.ByteTokenizer(lowercase=False)
    given = SpeechInput(16_000, _SAMPLES, tokenizer=tokenizer, tokens=byte_speech_tokens(), maximum_length=64)
    settings = SpeechSettings(given, (2,), Clip(16_000, _SAMPLES), 64, (8, 64), (0, 2))
    task: Any = SimpleNamespace(output_name="scores")
    return SpeechServing(body, task, ServingSettings("run", "samples"), settings)


def _hear(body: Any, sound: np.ndarray) -> dict[str, np.ndarray]:
    """What a backbone takes of a sound, made by keras-hub's own converter."""
    if "encoder_features" in body.input:
        converter = keras_hub.layers.WhisperAudioConverter(num_mels=20)
        converter.num_samples = _SAMPLES
        return {"encoder_features": np.asarray(converter(sound))}
    values = keras_hub.layers.MoonshineAudioConverter()(sound, padding="max_length", max_length=_SAMPLES)
    return {
        "encoder_input_values": np.asarray(values),
        "encoder_padding_mask": np.arange(_SAMPLES)[None] < sound.shape[1],
    }


def test_it_gives_the_losses_of_the_backbone(serving: SpeechServing, tmp_path: Path) -> None:
    serving.model().save(tmp_path / "model.keras")
    opened = keras.models.load_model(tmp_path / "model.keras")
    samples = serving.samples(_Source(), [0, 1])
    assert [inputs["token_ids"].shape for inputs, _ in samples] == [(1, 8), (1, 8)]
    losses, tokens = serving.call(opened, samples).T
    assert tokens.tolist() == [len("up") + 1, len("down on") + 1]
    for (inputs, targets), loss in zip(samples, losses, strict=True):
        states = serving.trained(
            {
                **_hear(serving.trained, inputs["sound"]),
                "decoder_token_ids": inputs["token_ids"],
                "decoder_padding_mask": inputs["padding_mask"],
            }
        )["decoder_sequence_output"]
        scores = states @ keras.ops.transpose(serving.trained.token_embedding.embeddings)
        each = keras.losses.sparse_categorical_crossentropy(targets["labels"], scores, from_logits=True)
        assert loss == pytest.approx(float(np.sum(each * targets["weights"])), rel=1e-3)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_the_code_of_its_card_writes_what_a_run_writes(
    serving: SpeechServing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in serving.trained.trainable_variables:
        if len(variable.shape) > 1:
            # Near zero a model writes the same of every sound.
            variable.assign(keras.random.normal(variable.shape, stddev=0.4, seed=len(variable.path)))
    settings = replace(serving.speech, limit=12)
    given = SpeechServing(serving.trained, serving.task, serving.settings, settings)
    given.model().save(tmp_path / "model.keras")
    about = given.preprocessing()
    (tmp_path / "preprocessing.json").write_text(json.dumps(about))
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(write_loading("speech", "text", about).replace("print(", "str("), names)
    writer = SpeechWriter(serving.trained, settings)
    for index in range(3):
        sound = _Source().read_input(tf.constant(index))["samples"]
        (answer,) = writer.write([writer.fit(sound, 16_000)], Generation(max_new_tokens=11), 0)
        assert names["transcribe"](sound) == answer.text and answer.text


def test_what_users_are_told(serving: SpeechServing) -> None:
    about = serving.preprocessing()
    assert (about["prompt"], about["end"], about["unwritten"], about["samples"]) == ([2], 3, [0, 2], _SAMPLES)
    assert not serving.files() and about["tokenizer"]["folder"] is None
