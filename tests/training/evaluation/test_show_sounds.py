"""Sounds of the report: a picture with time to the right and high tones at the top, and the sound itself."""

from __future__ import annotations

import io
import wave
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image

from kerastune_ft.training.evaluation.show_sounds import draw_log_mel, encode_wav, show_sounds

RATE = 8000


def tone(frequency: float, seconds: float = 0.4) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * RATE)) / RATE).astype(np.float32)


def brightness(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), np.float64).sum(axis=-1)


def test_high_tones_are_at_the_top_and_silence_is_dark() -> None:
    low, high = (brightness(draw_log_mel(np.pad(tone(f), (0, 3200)), RATE)) for f in (300, 3000))
    assert low.shape[0] == 64
    half = low.shape[1] // 2
    assert high[:, : half - 4].mean(axis=1).argmax() < 20 < 40 < low[:, : half - 4].mean(axis=1).argmax()
    assert low[:, half + 4 :].max() < 50 < low[:, : half - 4].max()


def test_silence_and_very_short_sounds_have_pictures_and_long_ones_are_no_wider_than_a_page() -> None:
    assert brightness(draw_log_mel(np.zeros(800, np.float32), RATE)).max() < 50
    assert brightness(draw_log_mel(tone(440, 0.002), RATE)).shape[0] == 64
    assert brightness(draw_log_mel(tone(440, 8.0), RATE)).shape == (64, 400)


def test_a_short_sound_can_be_heard_and_a_long_one_is_a_picture_alone() -> None:
    def inputs(indices: np.ndarray, rows: int) -> list[np.ndarray]:
        return [tone(440, 10.0 if index else 0.1)[np.newaxis] for index in indices]

    loader = SimpleNamespace(inputs=inputs, describe_inputs=lambda indices: [{"sample_rate": RATE}])
    session: Any = SimpleNamespace(loader=loader)
    (_, short), (_, long) = show_sounds(session, [0, 1])
    assert [file.suffix for file in short] == ["png", "wav"] and [file.suffix for file in long] == ["png"]
    with wave.open(io.BytesIO(encode_wav(tone(440), RATE))) as file:
        assert (file.getframerate(), file.getnframes(), file.getnchannels()) == (RATE, len(tone(440)), 1)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32767
    np.testing.assert_allclose(samples, tone(440), atol=1 / 32767)
