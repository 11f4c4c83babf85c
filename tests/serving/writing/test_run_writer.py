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
from kerastune_ft.serving.writing.writer import Question
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


def always(place: int) -> bool:
    return True


def write_texts(served: run_writer.RunWriter, questions: list[Question]) -> list[str]:
    """Return the answers to questions that are written together."""
    texts, ended = [""] * len(questions), [0] * len(questions)
    for pieces in served.write(questions, always):
        for place, piece in enumerate(pieces):
            if piece is not None:
                assert not ended[place]
                texts[place] += piece.text
                ended[place] += piece.ending is not None
    assert ended == [1] * len(questions)
    return texts


def test_answers_are_those_of_the_writer(served: run_writer.RunWriter) -> None:
    assert served.options == Generation(max_new_tokens=6)
    prompt = served.encode(ASKED)
    pieces = [piece for (piece,) in served.write([Question(prompt, served.options, 3)], always)]
    whole = served._opened.writer.generate([prompt], [find_key(prompt)], served.options, 3)[0]
    assert "".join(piece.text for piece in pieces if piece) == whole.text
    last = pieces[-1]
    assert last is not None and last.ending == whole.ended and last.tokens == len(whole.tokens)
    assert [piece.ending for piece in pieces[:-1] if piece] == [None] * (len(pieces) - 1)


def test_answers_do_not_depend_on_those_beside_them(served: run_writer.RunWriter) -> None:
    # With seeds, temperatures, lengths and ends of their own, after prompts of several lengths.
    hot = Generation(max_new_tokens=14, temperature=1.5)
    whole = write_texts(served, [Question(served.encode(ASKED), hot, 3)])[0]
    options = [
        hot,
        hot.model_copy(update={"stop": (whole[4:6],)}),
        hot.model_copy(update={"temperature": 0.7}),
        hot.model_copy(update={"max_new_tokens": 9, "top_k": 5}),
        hot.model_copy(update={"top_p": 0.8}),
        hot.model_copy(update={"temperature": 0.0}),
    ]
    prompts = [served.encode([Turn("user", "hello" + "o" * more)]) for more in (0, 0, 3, 9, 0, 1)]
    questions = [Question(*each) for each in zip(prompts, options, (3, 3, 4, 5, 6, 7), strict=True)]
    assert served.fits(questions)
    alone = [write_texts(served, [each])[0] for each in questions]
    assert write_texts(served, questions) == alone
    assert write_texts(served, questions[::-1]) == alone[::-1]
    assert alone[1] == whole[: whole.index(whole[4:6])] and len(set(alone)) == 6


def test_only_those_of_one_shape_fit(served: run_writer.RunWriter) -> None:
    own = served.options
    short = served.encode(ASKED)
    assert served.fits([Question(short, own, 1), Question(short, own.model_copy(update={"max_new_tokens": 8}), 2)])
    # Of another length, and of the same but so much longer that the other would be finished before it begins.
    for text in ("hello" * 12, "hello" + "o" * 33):
        assert not served.fits([Question(short, own, 1), Question(served.encode([Turn("user", text)]), own, 1)])
    longer = own.model_copy(update={"max_new_tokens": 65})
    assert not served.fits([Question(short, own, 1), Question(short, longer, 1)])


def test_prompts_are_whole_however_long_they_are(served: run_writer.RunWriter) -> None:
    assert len(served.encode([Turn("user", "a" * 5000)])) > 5000 > served.limit


def test_prompts_of_all_lengths_are_compiled_before(served: run_writer.RunWriter) -> None:
    served.warm()
    known = set(served._opened.writer._loop._advance)
    for length in served._opened.writer.lengths:
        prompt = served.encode(ASKED)[:1].repeat(min(length, served.limit - 1))
        for rows in (1, 2):
            list(served.write([Question(prompt, served.options, 1)] * rows, always))
    assert set(served._opened.writer._loop._advance) == known
