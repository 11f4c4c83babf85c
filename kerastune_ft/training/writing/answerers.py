"""What writes answers with the model of a session, by the kind of its examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.data.dialogues.turns import write_turns
from kerastune_ft.generation.dialogue_writer import DialogueWriter
from kerastune_ft.generation.pair_writer import PairWriter
from kerastune_ft.generation.speech_decoding import SOUND
from kerastune_ft.generation.speech_writer import SpeechWriter
from kerastune_ft.training.session.session import Session


class Written(NamedTuple):
    """An example, and what a model wrote for it."""

    prompt: str
    expected: str
    answer: str
    tokens: int


Answerer = Callable[[Session, Any, Sequence[int], Generation], list[Written]]


def find_kind(session: Session) -> str | None:
    """Return how examples are answered, as `ANSWERERS` names it; None where the model of a session writes no answers.

    Texts without a question are learnt as a whole and have no answer.
    """
    if getattr(session.task, "generator", None) is None:
        return None
    entries = session.loader.plan_entry()
    kind = next((name for name in ANSWERERS if entries.get(name)), None)
    return kind if kind is not None and all(session.source.label_texts) else None


def make_writer(session: Session, kind: str) -> Any:
    """Return what writes with the model of a session, for `ANSWERERS`; it uses the values that variables have then."""
    task: Any = session.task
    loader: Any = session.loader
    body, make = task.generator.take(session.variables), _WRITERS[kind]
    known = _LAST.get(kind)
    if known is None or known[0] is not body or known[1] is not loader:
        _LAST[kind] = known = (body, loader, make(body, loader.settings))
    return known[2]


def _answer_dialogues(
    session: Session, writer: DialogueWriter | PairWriter, indices: Sequence[int], options: Generation
) -> list[Written]:
    source: Any = session.source
    dialogues = [source.read_dialogue(index) for index in indices]
    answers = writer.answer([turns[:-1] for turns in dialogues], options, session.config.seed)
    return [
        Written(write_turns(turns[:-1]), turns[-1].content, answer.text.strip(), len(answer.tokens))
        for turns, answer in zip(dialogues, answers, strict=True)
    ]


def _answer_sounds(
    session: Session, writer: SpeechWriter, indices: Sequence[int], options: Generation
) -> list[Written]:
    source: Any = session.source
    sounds: list[np.ndarray] = []
    for batch in session.loader.inputs(np.asarray(indices), len(indices)):
        sounds += list(np.asarray(batch[SOUND]))
    answers = writer.write(sounds, options, session.config.seed)
    return [
        Written(source.keys[index], source.label_texts[index], answer.text, len(answer.tokens))
        for index, answer in zip(indices, answers, strict=True)
    ]


_WRITERS: Mapping[str, Callable[[Any, Any], Any]] = {
    "language": DialogueWriter,
    "pair": PairWriter,
    "speech": SpeechWriter,
}
ANSWERERS: Mapping[str, Answerer] = {
    "language": _answer_dialogues,
    "pair": _answer_dialogues,
    "speech": _answer_sounds,
}
"""By the entry of plan.json that says how examples become tokens."""
# The last writer of each kind with its model and loader: what it compiled serves all splits and phases.
_LAST: dict[str, tuple[Any, Any, Any]] = {}
