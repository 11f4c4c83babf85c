"""Renders dialogues by a chat template to segments of text, of which some are learnt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kerastune_ft.backbones.text_input import TextInput
from kerastune_ft.config.facts.chat_templates import AUTO, PLAIN, TEMPLATES, TemplateFacts
from kerastune_ft.config.options.language.templates import ChatTemplate
from kerastune_ft.data.dialogues.turns import Turn
from kerastune_ft.errors import ConfigError
from kerastune_ft.input.language.control_tokens import ControlTokens


@dataclass(frozen=True)
class Segment:
    """A piece of a rendered dialogue."""

    text: str
    is_learnt: bool
    is_of_template: bool
    """Whether names of control tokens in it become these tokens; in what users write they are text."""


START, END = "\x00start", "\x00end"
"""Segments that stand for the tokenizer's own start and end of a text."""


@dataclass(frozen=True)
class Template:
    """A chat template for one tokenizer."""

    name: str
    """Its name in the configuration; `own` for texts of the user's."""
    texts: ChatTemplate
    starts: bool
    """Whether a dialogue begins with the tokenizer's own start of a text."""
    stop: str
    """The control token that ends an answer; empty where the tokenizer's own end of a text does."""

    def render(self, turns: Sequence[Turn], learns_all: bool = False) -> list[Segment]:
        """Return the segments of a dialogue; the last answer ends with what ends an answer, and nothing after it."""
        found, turns = self._begin(learns_all), self._place_instructions(turns)
        for number, turn in enumerate(turns):
            if turn.is_plain:
                found += [Segment(turn.content, True, False), *([] if turn.goes_on else [Segment(END, True, True)])]
                continue
            is_learnt = turn.is_answer or learns_all
            before, gap = _split_gap(getattr(self.texts, turn.role))
            found.append(Segment(before, learns_all, True))
            found.append(Segment(gap + turn.content, is_learnt, False))
            ending, rest = self._ending(turn.is_answer)
            found.append(Segment(ending, is_learnt, True))
            if number < len(turns) - 1:
                found.append(Segment(rest, learns_all, True))
        return [segment for segment in found if segment.text]

    def ask(self, turns: Sequence[Turn]) -> list[Segment]:
        """Return the segments of a dialogue that is to be answered: its turns, and the beginning of an answer."""
        found, turns = self._begin(False), self._place_instructions(turns)
        for turn in turns:
            before, gap = _split_gap(getattr(self.texts, turn.role, ""))
            ending, rest = self._ending(turn.is_answer)
            found += [Segment(before, False, True), Segment(gap + turn.content, False, False)]
            if not turn.is_plain:
                found += [Segment(ending, False, True), Segment(rest, False, True)]
        if not turns or not turns[-1].is_plain:
            generation = self.texts.generation
            before, _ = _split_gap(self.texts.assistant if generation is None else generation)
            found.append(Segment(before, False, True))
        return [segment for segment in found if segment.text]

    def _place_instructions(self, turns: Sequence[Turn]) -> Sequence[Turn]:
        """Return the turns with instructions in the first one of the user, where they have no turn of their own."""
        if self.texts.system is not None or not turns or not turns[0].is_instruction:
            return turns
        first, *rest = turns
        if not rest or not rest[0].is_question:
            return (replace(first, role="user"), *rest)
        return (replace(rest[0], content=f"{first.content}\n\n{rest[0].content}"), *rest[1:])

    def _begin(self, is_learnt: bool) -> list[Segment]:
        return [Segment(START, is_learnt, True)] if self.starts else []

    def _ending(self, is_answer: bool) -> tuple[str, str]:
        """Return what ends a turn, which an answer learns to write, and what stands between it and the next."""
        end = self.texts.end
        if not is_answer:
            return end, ""
        if not self.stop:
            return END, end
        before, stop, rest = end.partition(self.stop)
        return before + stop, rest

    def to_json(self) -> dict[str, Any]:
        """Return the template as JSON values."""
        return {"name": self.name, "texts": self.texts.to_json(), "starts": self.starts, "stop": self.stop}

    @classmethod
    def from_json(cls, document: Any) -> Template:
        """Return what `to_json` returned."""
        return cls(document["name"], ChatTemplate(**document["texts"]), document["starts"], document["stop"])


def _split_gap(text: str) -> tuple[str, str]:
    """Return a text without the spaces at its end, and these: tokens of words begin with the space before them."""
    before = text.rstrip(" ")
    return before, text[len(before) :]


def _find_lacking(facts: TemplateFacts, tokens: ControlTokens) -> list[str]:
    """Return the control tokens of a template that a tokenizer does not have; none where it is made of texts."""
    return tokens.find_lacking("".join(filter(None, facts.texts.values()))) if facts.mark else []


def _open(texts: Mapping[str, str | None]) -> ChatTemplate:
    return ChatTemplate.model_validate(dict(texts))


def choose_template(
    asked: str | ChatTemplate, given: TextInput, tokens: ControlTokens, plain: TemplateFacts = TEMPLATES[PLAIN]
) -> Template:
    """Return the template that the configuration asks for; `auto` is the first whose tokens the tokenizer has.

    `plain` is the one of that name. Raises ConfigError where the tokenizer lacks a token that the template has.
    """
    if isinstance(asked, ChatTemplate):
        texts, name, starts = asked, "own", bool(given.start) and not tokens.begins_with_one(asked.user)
    else:
        name, known = asked, {**TEMPLATES, PLAIN: plain}
        if asked == AUTO:
            name = next((each for each, own in known.items() if not _find_lacking(own, tokens)), PLAIN)
        texts, starts = _open(known[name].texts), known[name].starts and bool(given.start)
        if lacking := _find_lacking(known[name], tokens):
            raise ConfigError(
                f"task.template: {name} is made of tokens as {lacking[0]}, which the tokenizer does not have; write "
                '"plain", or texts of your own'
            )
    return Template(name, texts, starts, tokens.find_first(texts.end))
