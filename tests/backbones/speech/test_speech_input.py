"""The length of the sounds that a backbone of speech is built for."""

from typing import Any

import pytest

from kerastune_ft.backbones.inputs import SoundLengths
from kerastune_ft.backbones.speech.speech_input import SpeechInput


def _build(samples: int) -> Any:
    raise AssertionError(samples)


@pytest.mark.parametrize(("own", "chosen"), [(480_000, 480_000), (None, 32_000)])
def test_weights_that_were_taught_keep_their_length(own: int | None, chosen: int) -> None:
    given = SpeechInput(16_000, lengths=SoundLengths(1_600, 480_000, _build), own_samples=own)
    assert given.choose_samples(32_000) == chosen


def test_length_that_is_settled() -> None:
    assert SpeechInput(16_000, 8_000, own_samples=480_000).choose_samples(32_000) == 8_000
