from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.data.sounds.channels import UnusableSoundError, check_level, mix
from kerastune_ft.rules import FIRST
from tests.support.sound_files import tone

SOUND = tone(440, 0.05).astype(np.float32)


def test_channels_are_mixed_by_their_mean() -> None:
    both = np.stack([SOUND, np.zeros_like(SOUND)], axis=1)
    np.testing.assert_allclose(mix(both).values, SOUND / 2, atol=1e-7)
    np.testing.assert_allclose(mix(np.array([[100, 200]], np.int16)).values, [150 / 32768])
    assert mix(np.array([-128, 0, 127], np.int8)).values.tolist() == [-1.0, 0.0, 127 / 128]
    assert mix(np.array([0, 128, 255], np.uint8)).values.tolist() == [-1.0, 0.0, 127 / 128]


@pytest.mark.parametrize("scale", [1.0, 0.99])
@pytest.mark.parametrize("dtype", ["float32", "int16"])
def test_of_channels_that_cancel_the_loudest_is_taken(scale: float, dtype: str) -> None:
    sound = (SOUND * 30000).astype(dtype) if dtype == "int16" else SOUND
    pair = np.stack([(sound * scale).astype(dtype), -sound], axis=1)
    found = mix(pair)
    assert found.cancels
    assert not found.is_silent
    expected = -sound / 32768 if dtype == "int16" else -sound
    np.testing.assert_array_equal(found.values, (expected if scale < 1 else -expected).astype(np.float32))


def test_runs_that_began_before_take_the_mean() -> None:
    pair = np.stack([SOUND, -SOUND], axis=1)
    found = mix(pair, FIRST)
    assert not found.values.any()
    assert not found.is_silent
    assert found.cancels


@pytest.mark.parametrize(
    "channels",
    [
        np.stack([SOUND, 0.5 * -SOUND], axis=1),
        np.stack([SOUND, tone(700, 0.05, seed=3).astype(np.float32)], axis=1),
        np.random.default_rng(0).normal(0, 0.1, (4000, 64)),
        np.zeros((50, 2), np.float32),
        SOUND[:, np.newaxis],
        SOUND,
    ],
)
def test_other_channels_are_mixed_as_ever(channels: np.ndarray) -> None:
    found = mix(channels)
    assert not found.cancels
    mean = channels if channels.ndim == 1 else channels.astype(np.float64).mean(axis=1)
    np.testing.assert_allclose(found.values, mean, atol=1e-7)
    assert found.is_silent == (not channels.any())


def test_what_is_no_number_or_far_beyond_one_is_refused() -> None:
    for values in (np.full(9, np.nan), np.array([[0.0, np.inf], [np.nan, 0]])):
        with pytest.raises(UnusableSoundError, match="NaN or infinite"):
            mix(values)
    with pytest.raises(UnusableSoundError, match=r"has samples up to 32000; float samples are -1 to 1, so divide them"):
        check_level(np.array([0.0, -32000.0]))
    check_level(np.array([0.0, -1.25, np.nan]))
    check_level(np.array([30000], np.int16))
