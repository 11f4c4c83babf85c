from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np

from kerastune_ft.data.sounds.wav import read_wav
from kerastune_ft.exporting.samples import sounds
from tests.support.sound_files import tone, wav


def test_files_are_given_themselves_and_rows_of_arrays_are_written(tmp_path: Path) -> None:
    (tmp_path / "there.wav").write_bytes(wav(tone(300.0, 0.02)))
    values = tone(500.0, 0.02).astype(np.float32)
    source = SimpleNamespace(
        keys=["there.wav", "data.npz[1]"],
        find_file=lambda index: None,
        element=lambda index: {"rate": np.int32(8000), "samples": values},
    )
    data = SimpleNamespace(path=str(tmp_path))
    own, written = sounds.give(source, [0, 1], data, tmp_path)  # type: ignore[arg-type]
    assert own == str(tmp_path / "there.wav")
    samples, rate = read_wav(Path(written).read_bytes())
    assert rate == 8000 and np.array_equal(samples[:, 0], values)


def test_hums_of_the_same_sizes_are_made_for_measuring(tmp_path: Path) -> None:
    (made,) = sounds.imitate([[4000]], tmp_path)
    assert abs(sounds.measure_sizes([made])[0][0] - 4000) < 100
