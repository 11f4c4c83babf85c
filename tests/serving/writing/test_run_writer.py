"""The model of a run as a served one: whole prompts, answers as the writer of the run gives them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from kerastune_ft.config.options.language.tasks import CausalLm, Generation
from kerastune_ft.data.dialogues.turns import Turn
from kerastune_ft.generation.writer import find_key
from kerastune_ft.serving.limits import Limits
from kerastune_ft.serving.writing import run_writer
from tests.support.tiny_writer import make_writer

ASKED = [Turn("user", "hello")]


@pytest.fixture(scope="module")
def served() -> run_writer.RunWriter:
    opened, patch = make_writer(), pytest.MonkeyPatch()
    patch.setattr(run_writer, "open_writer", lambda run, plan: opened)
    run: Any = SimpleNamespace(read_json=lambda name: {})
    config: Any = SimpleNamespace(task=CausalLm(kind="causal_lm", generate=Generation(max_new_tokens=50)))
    made = run_writer.RunWriter(run, config, "chats", Limits(max_new_tokens=6))
    patch.undo()
    return made


def test_answers_are_those_of_the_writer(served: run_writer.RunWriter) -> None:
    assert served.options == Generation(max_new_tokens=6)
    prompt = served.encode(ASKED)
    pieces = list(served.write(prompt, served.options, 3))
    whole = served._opened.writer.generate([prompt], [find_key(prompt)], served.options, 3)[0]
    assert "".join(piece.text for piece in pieces) == whole.text
    assert pieces[-1].ending == whole.ended and pieces[-1].tokens == len(whole.tokens)
    assert [piece.ending for piece in pieces[:-1]] == [None] * (len(pieces) - 1)


def test_prompts_are_whole_however_long_they_are(served: run_writer.RunWriter) -> None:
    assert len(served.encode([Turn("user", "a" * 5000)])) > 5000 > served.limit


def test_prompts_of_all_lengths_are_compiled_before(served: run_writer.RunWriter) -> None:
    served.warm()
    known = set(served._opened.writer._loop._advance)
    for length in served._opened.writer.lengths:
        list(served.write(served.encode(ASKED)[:1].repeat(min(length, served.limit - 1)), served.options, 1))
    assert set(served._opened.writer._loop._advance) == known
