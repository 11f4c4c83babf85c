"""The contract of a model that writes down speech."""

from __future__ import annotations

from kerastune_ft.serving.speech.transcriber import ServedTranscriber
from tests.support.served_transcriber import StandInTranscriber


def test_the_stand_in_of_the_tests_has_what_a_server_uses() -> None:
    made = StandInTranscriber()
    for name in (*ServedTranscriber.__annotations__, "read", "answer", "warm", "form", "classes", "name", "platform"):
        assert hasattr(made, name), name
