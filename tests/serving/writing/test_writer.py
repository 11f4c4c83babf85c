"""The contract of models that write."""

from __future__ import annotations

import inspect

from kerastune_ft.data.dialogues.turns import Turn
from kerastune_ft.serving.writing.writer import ServedWriter
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
    pieces = list(writer.write(writer.encode([Turn("user", "a b")]), writer.options, 0))
    assert [(piece.tokens, piece.ending) for piece in pieces] == [(1, None), (2, "stop")]
