from __future__ import annotations

import numpy as np
import pytest
import scipy.signal

from kerastune_ft.exporting.graphs.spectrograms import FourierFrames
from tests.support.sound_files import make_batch


@pytest.mark.parametrize(("length", "fft", "stride"), [(64, 64, 16), (50, 64, 20), (51, 65, 7)])
def test_frames_are_those_of_scipy(length: int, fft: int, stride: int) -> None:
    sounds = make_batch()
    real, imaginary = map(np.asarray, FourierFrames(length, stride, fft, False)(sounds))
    window = np.zeros(fft)
    left = (fft - length) // 2
    window[left : left + length] = scipy.signal.get_window("hann", length)
    starts = range(0, sounds.shape[1] - fft + 1, stride)
    wanted = np.stack([np.fft.rfft(sounds[:, at : at + fft] * window) for at in starts], axis=1)
    assert np.abs(real + 1j * imaginary - wanted).max() < 1e-4 * np.abs(wanted).max()
