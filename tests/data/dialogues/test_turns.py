from __future__ import annotations

from kerastune_ft.data.dialogues.turns import Turn, list_contents, make_pair, write_turns


def test_a_lone_question_is_known_by_its_text_alone() -> None:
    question, answer = make_pair("Why?", "So.")
    assert list_contents([question]) == ("Why?",)
    assert write_turns([question]) == "Why?"
    assert list_contents([question, answer]) == ("user", "Why?", "assistant", "So.")
    assert write_turns([question, answer]) == "user: Why?\nassistant: So."


def test_who_speaks_tells_dialogues_apart() -> None:
    assert list_contents([Turn("system", "x")]) != list_contents([Turn("user", "x")])
    assert list_contents([Turn("text", "x")]) != list_contents([Turn("user", "x")])
