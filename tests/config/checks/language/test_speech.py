"""What contradicts sounds that are written down."""

from typing import Any

import pytest

from kerastune_ft.config.checks.kinds import kind_inconsistencies

_RUN: dict[str, Any] = {
    "task": {"kind": "speech_recognition"},
    "data": {"kind": "table", "path": "a.csv", "input": "file", "label": "text"},
    "backbone": {"kind": "keras_hub", "class": "WhisperBackbone"},
    "phases": [{"name": "last", "unfreeze": {"last": 1}}],
}


def _find(**changed: Any) -> dict[str, str]:
    document = {**_RUN, **{key: {**_RUN[key], **value} for key, value in changed.items() if key != "phases"}}
    document["phases"] = [{**_RUN["phases"][0], **changed.get("phases", {})}]
    return {".".join(map(str, place)): message for place, message in kind_inconsistencies(document)}


def test_a_plain_run_is_fine() -> None:
    assert not _find(data={"seconds": 6.0, "target_length": 64}, phases={"augment": {"gain": 3}})


@pytest.mark.parametrize(
    ("changed", "place", "message"),
    [
        ({"data": {"resize": "pad"}}, "data.resize", "no effect"),
        ({"data": {"input": ["a", "b"]}}, "data.input", "pair of texts"),
        ({"data": {"sequence_length": 64}}, "data.sequence_length", "no effect"),
        ({"backbone": {"input": "yamnet"}}, "backbone.input", "brings its own spectrogram"),
        ({"backbone": {"class": "BertBackbone"}}, "backbone.class", 'as "WhisperBackbone"'),
        ({"phases": {"mixup": 0.2}}, "phases.0.mixup", "no effect"),
        ({"phases": {"augment": {"flip": "horizontal"}}}, "phases.0.augment.flip", "changes images"),
    ],
)
def test_what_has_no_effect(changed: dict[str, Any], place: str, message: str) -> None:
    found = _find(**changed)
    assert message in found[place]


def test_length_of_targets_is_of_texts_that_are_written() -> None:
    document = {**_RUN, "task": {"kind": "audio_classification"}, "data": {**_RUN["data"], "target_length": 64}}
    assert any(place == ("data", "target_length") for place, _ in kind_inconsistencies(document))
