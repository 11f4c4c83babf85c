from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import ValidationError

from kerastune_ft.config.options.spectrograms import LOG_MELS, LogMel, SoundInput


def test_what_is_left_open_follows_from_the_sample_rate() -> None:
    found = LogMel().resolve(8000, of_images=False)
    assert (found.sample_rate, found.window, found.hop, found.fft, found.high) == (8000, 200, 80, 256, 4000.0)
    assert found.range is None
    assert LogMel().resolve(44_100, of_images=False).high == 7500.0


def test_a_model_of_images_gets_a_range_of_logarithms() -> None:
    assert LogMel(floor=0.01).resolve(16_000, of_images=True).range == (math.log(0.01), 5.0)
    assert LogMel(range=(-7.0, 5.0)).resolve(16_000, of_images=True).range == (-7.0, 5.0)


def test_a_name_stands_for_a_known_models_numbers() -> None:
    named = SoundInput.model_validate("yamnet").log_mel
    assert named.model_dump(include=set(LOG_MELS["yamnet"])) == dict(LOG_MELS["yamnet"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"range": [5, -7]}, "range is \\[lowest, highest\\]"),
        ({"fft": 256, "window": 400}, "fft must be at least window"),
        ({"low": 4000, "high": 100}, "give low below high"),
    ],
)
def test_numbers_that_contradict_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        LogMel.model_validate(options)
