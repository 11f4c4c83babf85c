"""What `init` proposes for speech: a Whisper that can be had, its last block first."""

from __future__ import annotations

from typing import Any

import keras_hub
import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.scaffolding.findings import DataFindings
from kerastune_ft.scaffolding.suggest import speech

_FOUND = DataFindings({"kind": "speech_recognition"}, {}, 100, 70, {})


def test_handles_are_those_of_keras_hub() -> None:
    known = keras_hub.models.Backbone.presets
    assert {name: known[name]["kaggle_handle"] for name in speech.HANDLES} == dict(speech.HANDLES)


def test_a_preset_that_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech.presets, "locate", lambda name, known: known[name]["kaggle_handle"])
    found = speech.suggest(_FOUND)
    assert found["backbone"]["preset"] in speech.HANDLES and "first run" in found["backbone"]["// preset"]
    last, decoder = found["phases"]
    assert last["unfreeze"] == {"last": 1} and decoder["unfreeze"] == {"from": "decoder_layer0"}
    assert decoder["learning_rate"]["peak"] < last["learning_rate"] and decoder["keep_if_better"]


def test_without_one_weights_are_random(monkeypatch: pytest.MonkeyPatch) -> None:
    def locate(*given: Any) -> str:
        raise ConfigError("not there")

    monkeypatch.setattr(speech.presets, "locate", locate)
    found = speech.suggest(_FOUND)
    assert found["backbone"]["class"] == "WhisperBackbone" and "learns little" in found["backbone"]["// class"]
    assert [phase["unfreeze"] for phase in found["phases"]] == ["all"]
