from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from kerastune_ft.data.sounds.decode import decode_sound
from kerastune_ft.input.sounds.resample import Clip, fit_samples
from tests.support.script_functions import list_functions
from tests.support.sound_files import tone, wav

pytest.importorskip("onnxruntime")
pytest.importorskip("soundfile")
import soundfile

from kerastune_ft.exporting.scripts import onnx_sound as script

_MODEL = SimpleNamespace(sample_rate=8000, samples=800)
_PAIR = np.stack([tone(300.0, 0.15, 11025), 0.5 * tone(900.0, 0.15, 11025)], axis=1)


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
@pytest.mark.parametrize("rate", [8000, 11025, 44100])
def test_samples_are_those_of_training(bits: int, rate: int) -> None:
    for values in (_PAIR, _PAIR[:, 0], np.stack([_PAIR[:, 0], -_PAIR[:, 0] * 0.999], axis=1)):
        content = wav(values, rate, bits)
        sound = decode_sound(content)
        assert (
            np.abs(script.read(_MODEL, content) - fit_samples(sound.values, sound.rate, Clip(8000, 800))).max() < 1e-6
        )


def test_other_files_are_read_too(tmp_path: Path) -> None:
    soundfile.write(path := tmp_path / "a.flac", _PAIR, 11025)
    sound = decode_sound(path.read_bytes())
    assert np.array_equal(script.read(_MODEL, str(path)), fit_samples(sound.values, 11025, Clip(8000, 800)))


@pytest.mark.parametrize("content", [b"", b"no sound", wav(_PAIR)[:30], wav(_PAIR * 3, bits=32, is_float=True)])
def test_what_is_no_sound_is_a_value_error(content: bytes) -> None:
    with pytest.raises(ValueError, match="it "):
        script.read(_MODEL, content)


def test_answers_are_computed_together() -> None:
    class Session:
        def run(self, names: list[str], inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
            return [np.stack([inputs["sound"].sum(1), inputs["sound"].max(1)], axis=1), np.float32([0.2, 0.7])]

    about = {"names": ["a", "b"], "are_numbers": False, "thresholds": None, "outputs": ["", ""], "unknown": 0.5}
    first, second = script.predict(SimpleNamespace(session=Session(), **about), [np.ones(4), np.zeros(4)])
    assert first["label"] == "a" and not first["unknown"]
    assert second["unknown"] and second["distance"] == pytest.approx(0.7)


@pytest.mark.parametrize("name", ["saved_model_sound", "litert_sound", "keras_sound"])
def test_scripts_of_other_formats_read_and_answer_in_the_same_way(name: str) -> None:
    own, others = list_functions("onnx_sound"), list_functions(name)
    assert {each for each in own if own[each] != others[each]} == {"load", "predict"}
