from __future__ import annotations

import numpy as np

from kerastune_ft.inspection.contents.sounds import Sounds
from kerastune_ft.inspection.contents.spectrograms import draw_spectrogram, make_wave
from kerastune_ft.inspection.neighbours import find_neighbours


def test_copies_are_decided_by_waves_and_silence_is_a_fault() -> None:
    random = np.random.default_rng(0)
    sounds = [np.convolve(random.normal(size=4000), random.normal(size=80), "same") for _ in range(20)]
    sounds.append(0.3 * sounds[2])
    sounds.append(np.zeros(4000))
    sounds.append(sounds[0][:200])
    drawn = [draw_spectrogram(each, 8000, 0.01) for each in sounds]
    found = Sounds(
        ["hash"] * 23,
        drawn,
        [float(np.abs(each).max()) for each in sounds],
        [len(each) / 8000 for each in sounds],
        lambda position: make_wave(sounds[position], 8000),
    )
    rows = random.normal(size=(23, 8))
    rows[20] = rows[2] + 0.01
    copies = found.find_copies(find_neighbours(rows, 8), np.zeros(23, np.int64), lambda done, total: None)
    assert [(pair.first, pair.second) for pair in copies.pairs] == [(2, 20)]
    assert [(fault.position, fault.kind) for fault in found.faults] == [(21, "constant"), (22, "small")]
    assert found.find_copies(None, np.zeros(23, np.int64), lambda done, total: None).pairs == ()
