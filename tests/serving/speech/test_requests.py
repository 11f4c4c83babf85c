"""What forms ask of a transcription, and what of it cannot be had."""

from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.serving.speech.multipart import Part
from kerastune_ft.serving.speech.requests import Asked, read_request
from kerastune_ft.serving.speech.transcriber import Recording
from kerastune_ft.serving.writing.faults import BadParameter
from tests.support.served_transcriber import StandInTranscriber

FILE = Part("file", b"RIFF", "a.wav")


def read(*parts: Part, **texts: str) -> Asked:
    model: Any = StandInTranscriber()
    given = [Part(name, text.encode()) for name, text in texts.items()]
    return read_request([*(parts or (FILE,)), *given], model)


def test_the_file_alone_is_enough() -> None:
    assert read() == Asked(Recording(b"RIFF"), "json")


def test_all_that_can_be_asked_for() -> None:
    found = read(
        FILE, Part("timestamp_granularities[]", b"segment"),
        model="ears", response_format="verbose_json", temperature="0.5", language="EN", prompt="", stream="false",
        chunking_strategy="auto",
    )  # fmt: skip
    assert found == Asked(Recording(b"RIFF", 0.5), "verbose_json")
    assert read(temperature="", response_format="text") == Asked(Recording(b"RIFF"), "text")


@pytest.mark.parametrize(
    ("parts", "texts", "parameter", "code"),
    [
        ([Part("model", b"ears")], {}, "file", None),
        ([Part("file", b"RIFF")], {}, "file", None),
        ([Part("file", b"", "a.wav")], {}, "file", None),
        ([FILE, FILE], {}, "file", None),
        ([FILE], {"model": "whisper-1"}, "model", "model_not_found"),
        ([FILE, Part("model", b"ears", "a.wav")], {}, "model", None),
        ([FILE, Part("model", b"\xff")], {}, "model", None),
        ([FILE], {"model": "e" * 1001}, "model", None),
        ([FILE], {"language": "de"}, "language", "unsupported_parameter"),
        ([FILE], {"response_format": "srt"}, "response_format", "unsupported_parameter"),
        ([FILE], {"response_format": "xml"}, "response_format", None),
        ([FILE], {"temperature": "1.1"}, "temperature", None),
        ([FILE], {"temperature": "nan"}, "temperature", None),
        ([FILE], {"temperature": "hot"}, "temperature", None),
        ([FILE], {"prompt": "Hello"}, "prompt", "unsupported_parameter"),
        ([FILE], {"stream": "true"}, "stream", "unsupported_parameter"),
        ([FILE], {"timestamp_granularities[]": "segment"}, "timestamp_granularities[]", None),
        ([FILE], {"timestamp_granularities[]": "word", "response_format": "verbose_json"}, "timestamp_granularities[]",
         "unsupported_parameter"),
        ([FILE], {"diarize": "true"}, "diarize", "unknown_parameter"),
    ],
)  # fmt: skip
def test_what_cannot_be_had_is_refused_by_its_name(
    parts: list[Part], texts: dict[str, str], parameter: str, code: str | None
) -> None:
    with pytest.raises(BadParameter) as found:
        read(*parts, **texts)
    assert (found.value.parameter, found.value.code) == (parameter, code)


def test_a_language_is_refused_where_the_model_does_not_know_its_own() -> None:
    model: Any = StandInTranscriber(None)
    with pytest.raises(BadParameter, match="its run does not say which"):
        read_request([FILE, Part("language", b"en")], model)
