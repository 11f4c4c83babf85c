"""What the plan says of dialogues: their template, why it was chosen, and one example as the model reads it.

Of an example that is too long the plan shows what is left of it: the rest is not learnt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from kerastune_ft.config.facts.chat_templates import AUTO, TEMPLATES
from kerastune_ft.data.dialogues.turns import Dialogue
from kerastune_ft.generation.texts import decode
from kerastune_ft.input.language.template import END, START, Segment
from kerastune_ft.training.session.session import Session

# The letters of an example, and of one of its pieces, that are shown.
_MOST, _MOST_OF_PIECE, _LEAST_OF_PIECE = 800, 240, 40
_GAP = "..."
_NAMES = {START: "<start>", END: "<end>"}


def describe_dialogues(session: Session) -> dict[str, Any]:
    """Return the entry `dialogues` of plan.json: template, why, and an example in pieces; nothing of other inputs.

    A piece is its text and whether it is learnt. There is no example with `output.examples: false`.
    """
    loader: Any = session.loader
    if not loader.plan_entry().get("language"):
        return {}
    template, asked = loader.template, getattr(session.config.task, "template", AUTO)
    plain = sum(_is_plain(loader.source, index) for index in session.source.splits.get("train", ()))
    about: dict[str, Any] = {"template": template.name, "why": _explain(template.name, asked), "plain_texts": plain}
    if session.config.output.examples:
        index = int(session.source.splits["train"][0]) if "train" in session.source.splits else 0
        segments, lost = _cut(loader.settings, loader.source.read_dialogue(index))
        about["example"] = {
            "key": session.source.keys[index],
            "pieces": list(_shorten(segments)),
            **({"lost": lost} if lost else {}),
        }
    return {"dialogues": about}


def _is_plain(source: Any, index: int) -> bool:
    return all(turn.is_plain for turn in source.read_dialogue(int(index)))


def _explain(name: str, asked: Any) -> str:
    """Return why a template is taken."""
    if asked != AUTO:
        return "as task.template says"
    facts = TEMPLATES.get(name)
    if facts is None or not facts.mark:
        return "the tokenizer has the tokens of no other template"
    return f"the tokenizer has the token {facts.mark}"


def _cut(settings: Any, dialogue: Dialogue) -> tuple[list[Segment], int]:
    """Return the segments of a dialogue as its row keeps them, and how many tokens it lost."""
    kept, lost = [], 0
    for segment, whole, own in settings.cut(dialogue):
        lost += len(whole) - len(own)
        if len(own) == len(whole):
            kept.append(segment)
        elif len(own):
            text, is_begun = decode(settings.given.tokenizer, own), np.array_equal(own, whole[: len(own)])
            kept.append(replace(segment, text=f"{text} {_GAP}" if is_begun else f"{_GAP} {text}"))
    return kept, lost


def _shorten(segments: Sequence[Segment]) -> Iterator[dict[str, Any]]:
    """Yield the pieces of an example, of which long ones lose their middle and many their end."""
    room = _MOST
    for piece in _join(segments):
        text, most = piece["text"], min(room, _MOST_OF_PIECE)
        if room < min(len(text), _LEAST_OF_PIECE):
            yield {"text": _GAP, "learnt": False}
            return
        if len(text) > most:
            text = f"{text[: most // 2]} {_GAP} {text[-(most // 2) :]}"
        room -= len(text)
        yield {**piece, "text": text}


def _join(segments: Sequence[Segment]) -> Iterator[dict[str, Any]]:
    """Yield runs of segments that are learnt alike."""
    text, is_learnt = "", False
    for segment in segments:
        if segment.is_learnt != is_learnt and text:
            yield {"text": text, "learnt": is_learnt}
            text = ""
        is_learnt = segment.is_learnt
        text += _NAMES.get(segment.text, segment.text)
    if text:
        yield {"text": text, "learnt": is_learnt}
