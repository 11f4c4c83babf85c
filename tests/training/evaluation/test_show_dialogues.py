from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from kerastune_ft.data.dialogues.turns import Turn, make_pair
from kerastune_ft.training.evaluation.show_dialogues import show_dialogues


def test_turns_are_shown_with_who_says_them_and_cut_where_they_are_long() -> None:
    dialogues = [make_pair("Hi?", "x" * 9000), (Turn("system", "Be short."), *make_pair("Who?", "I."))]
    session: Any = SimpleNamespace(source=SimpleNamespace(read_dialogue=dialogues.__getitem__))
    assert show_dialogues(session, [1, 0]) == [
        ({"texts": ["system: Be short.", "user: Who?", "assistant: I."]}, []),
        ({"texts": ["user: Hi?", f"assistant: {'x' * 4000}"]}, []),
    ]
