"""Divides texts that a model learns whole into blocks that its rows have room for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerastune_ft.backbones.read_input import read_input
from kerastune_ft.backbones.text_input import TextInput
from kerastune_ft.config.options.task_facts import facts
from kerastune_ft.data.blocks import Divide, Span, fill_blocks
from kerastune_ft.input.language.control_tokens import ControlTokens
from kerastune_ft.input.texts.token_loader import choose_limit

# The token that ends a text.
_END = 1


def make_divide(task: Any, backbone: Any, asked: int | None) -> Divide | None:
    """Return what divides texts for a backbone; None for a task whose examples are none.

    `task` and `backbone` are their options, `asked` is data.sequence_length. The tokenizer is opened when there are
    texts to divide.
    """
    if not facts(task).may_lack_labels:
        return None

    def divide(keys: Sequence[str], texts: Sequence[str]) -> list[list[Span]]:
        given = read_input(backbone)
        if given is None:
            return [[(0, len(text))] for text in texts]
        tokens = ControlTokens(given.tokenizer)
        room = choose_room(given, choose_limit(given, asked, 1)) - int(tokens.sets_space)
        return fill_blocks(texts, lambda pieces: [len(row) for row in tokens.encode_texts(pieces)], room)

    choose_room = _choose_masked_room if facts(task).hides_words else _choose_room
    return divide


def _choose_room(given: TextInput, limit: int) -> int:
    # The last token of a row is a label alone, so that there is one more than the row has positions.
    return limit + 1 - len(given.start) - _END


def _choose_masked_room(given: TextInput, limit: int) -> int:
    return limit - given.special(1)
