"""The contract of models that write."""

from __future__ import annotations

import inspect

from kerastune_ft.data.dialogues.turns import Turn
from kerastune_ft.serving.writing.writer import Question, ServedWriter
from tests.support.served_writer import StandInWriter


def test_the_stand_in_of_these_tests_keeps_the_contract() -> None:
    writer = StandInWriter()
    for name in ServedWriter.__annotations__:
        assert hasattr(writer, name), name
    for name, method in inspect.getmembers(ServedWriter, inspect.isfunction):
        if not name.startswith("_"):
            assert list(inspect.signature(method).parameters)[1:] == list(
                inspect.signature(getattr(writer, name)).parameters
            )
    question = Question(writer.encode([Turn("user", "a b")]), writer.options, 0)
    pieces = [piece for (piece,) in writer.write([question], lambda place: True) if piece is not None]
    assert [(piece.tokens, piece.ending) for piece in pieces] == [(1, None), (2, "stop")]
