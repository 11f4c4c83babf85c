from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.config.checks.kinds import kind_inconsistencies
from kerastune_ft.config.options.spectrograms import LogMel, SoundInput

AUDIO = {"kind": "audio_classification"}
IMAGE = {"kind": "image_classification"}
SAVED = {"kind": "saved", "path": "net.keras"}


def places(task: Any, data: Any = None, backbone: Any = None, phases: Any = ()) -> list[str]:
    document = {
        "task": task,
        "data": data or {},
        "backbone": backbone or {"kind": "applications"},
        "phases": list(phases),
    }
    found = kind_inconsistencies(document)
    return [".".join(map(str, path)) for path, _ in found]


@pytest.mark.parametrize(
    ("task", "data", "backbone", "phases", "expected"),
    [
        (AUDIO, {"seconds": 1.0, "sample_rate": 8000}, None, [], []),
        (AUDIO, {"resize": "pad", "intensity": [0, 9]}, None, [],
         ["data.resize", "data.intensity"]),
        (AUDIO, {}, SAVED, [], ["backbone.input"]),
        (AUDIO, {}, {**SAVED, "input": "yamnet"}, [], []),
        (AUDIO, {"sample_rate": 16000}, {**SAVED, "input": "yamnet"}, [], []),
        (AUDIO, {"sample_rate": 8000}, {**SAVED, "input": "yamnet"}, [], ["data.sample_rate"]),
        (AUDIO, {"sample_rate": 8000}, {**SAVED, "input": {"log_mel": {"sample_rate": 16000}}}, [],
         ["data.sample_rate"]),
        (AUDIO, {"sample_rate": 8000}, {**SAVED, "input": {"log_mel": {}}}, [], []),
        (AUDIO, {"input": ["a", "b"]}, None, [], ["data.input"]),
        (AUDIO, {}, None, [{"augment": "light"}, {"augment": {"gain": 3, "noise": "street"}}], []),
        (AUDIO, {}, None, [{}, {"augment": {"preset": "light", "flip": "none", "gain": 3}}], ["phases.1.augment.flip"]),
        (IMAGE, {}, None, [{"augment": {"time_mask": 0.1, "flip": "both"}}], ["phases.0.augment.time_mask"]),
        (IMAGE, {"seconds": 1.0, "sample_rate": 8000}, None, [], ["data.seconds", "data.sample_rate"]),
        (IMAGE, {}, {**SAVED, "input": "yamnet"}, [], ["backbone.input"]),
        (IMAGE, {}, {**SAVED, "input": {"log_mel": {}}}, [], ["backbone.input"]),
        (IMAGE, {}, {**SAVED, "input": {"scale": 1.0}}, [{"augment": "light"}], []),
        ({"kind": 3}, {"seconds": 1.0}, None, [], []),
    ],
)  # fmt: skip
def test_what_has_no_meaning_is_named(task: Any, data: Any, backbone: Any, phases: Any, expected: list[str]) -> None:
    assert places(task, data, backbone, phases) == expected


def test_a_name_stands_for_all_of_its_numbers() -> None:
    named = SoundInput.model_validate("yamnet").log_mel
    assert (named.sample_rate, named.window, named.hop, named.fft) == (16000, 400, 160, 512)
    assert (named.bins, named.low, named.high, named.power, named.floor) == (64, 125.0, 7500.0, 1, 0.001)
    assert SoundInput.model_validate(SoundInput.model_validate("yamnet").to_json()).log_mel == named


def test_what_is_left_open_follows_from_the_rate() -> None:
    filled = LogMel().resolve(16000, of_images=False)
    assert (filled.window, filled.hop, filled.fft, filled.high, filled.range) == (400, 160, 512, 7500.0, None)
    filled = LogMel().resolve(8000, of_images=True)
    assert (filled.window, filled.hop, filled.fft, filled.high) == (200, 80, 256, 4000.0)
    assert filled.range is not None
    with pytest.raises(ValueError, match="fft must be at least window"):
        LogMel(window=400, fft=256)
