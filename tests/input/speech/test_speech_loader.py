"""Batches of sounds with the tokens of their transcripts: equal however they are asked for."""

from pathlib import Path
from typing import Any

import keras_hub
import numpy as np
import pytest

from kerastune_ft.backbones.speech.speech_input import SpeechInput
from kerastune_ft.backbones.speech.speech_tokens import byte_speech_tokens
from kerastune_ft.config.options.data import TfdsData
from kerastune_ft.config.options.language.tasks import SpeechRecognition
from kerastune_ft.data.open import open_source
from kerastune_ft.input.order import order_batches
from kerastune_ft.input.sounds.resample import Clip
from kerastune_ft.input.sounds.sound_loader import SoundLoader
from kerastune_ft.input.speech.speech_loader import SpeechLoader, build_speech_loader

_TASK = SpeechRecognition(kind="speech_recognition")


class _Task:
    kind, options = "speech_recognition", _TASK


@pytest.fixture(scope="module")
def loader(tmp_path_factory: pytest.TempPathFactory) -> SpeechLoader:
    cache: Path = tmp_path_factory.mktemp("cache")
    source = open_source(TfdsData(kind="tfds", name="spoken"), _TASK, cache, lambda _: None)
    return _build(source, 8000)


def _build(source: Any, samples: int, own: int | None = None, asked: int | None = None) -> SpeechLoader:
    tokenizer = keras_hub.tokenizers.ByteTokenizer(lowercase=False)
    given = SpeechInput(
        8000, samples, tokenizer=tokenizer, tokens=byte_speech_tokens(), maximum_length=64, own_samples=own
    )
    sounds = SoundLoader(source, _Task(), Clip(8000, samples), "asked")  # type: ignore[arg-type]
    return build_speech_loader(source, _Task(), given, sounds, asked, "it", (8, 12, 64) if asked is None else None)


def test_batches_inputs_and_targets_agree(loader: SpeechLoader) -> None:
    assert sorted(set(loader.buckets.tolist())) == [0, 1, 2]
    indices = np.arange(10)
    order = order_batches(indices, 4, buckets=loader.buckets)
    seen = []
    for inputs, targets, weights, own in loader.batches(order, 2):
        (bucket,) = set(loader.buckets[own.numpy()].tolist())
        assert inputs["token_ids"].shape == (2, loader.length(bucket))
        assert inputs["sound"].shape == (2, 8000)
        (again,) = loader.inputs(own.numpy(), 2)
        for name, values in inputs.items():
            np.testing.assert_array_equal(values, again[name])
        for name, values in loader.targets(own.numpy()).items():
            np.testing.assert_array_equal(values, targets[name])
        seen += own.numpy()[weights.numpy() > 0].tolist()
    assert sorted(seen) == indices.tolist()


def test_transcripts_are_those_of_the_sounds(loader: SpeechLoader) -> None:
    (inputs,) = loader.inputs(np.array([3]), 1)
    text = loader.source.label_texts[3]
    row = inputs["token_ids"].numpy()[0]
    assert bytes(row[1 : 1 + len(text)].tolist()).decode() == text
    assert {name: tuple(spec.shape) for name, spec in loader.input_spec(0).items()} == {
        "sound": (8000,), "token_ids": (8,), "padding_mask": (8,),
    }  # fmt: skip


def test_key_knows_the_row_and_the_sound(loader: SpeechLoader) -> None:
    key = loader.key_parts(0)
    assert key != loader.key_parts(1)
    assert key["samples"] == 8000 and key["length"] == 8
    assert _build(loader.source, 4000).key_parts(0) != key


def test_notes_say_what_is_lost(loader: SpeechLoader) -> None:
    assert not any("repeat itself" in note or "cut" in note for note in loader.notes(True))
    short = _build(loader.source, 1600, own=240_000, asked=8)
    notes = "\n".join(short.notes(True))
    assert "made for sounds of 30 s, silence included; until it is tuned at 0.2 s the model may repeat itself" in notes
    assert "the transcripts of 400 sounds that are cut say more than is heard" in notes
    assert "longer than 8 tokens and cut" in notes and "spoken[" in notes
    assert "spoken[" not in "\n".join(short.notes(False))
    plan = short.plan_entry()
    assert plan["sound"]["samples"] == 1600 and plan["speech"]["truncated"]["examples"] > 0
