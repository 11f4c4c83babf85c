"""Rows of tokens of dialogues: each token with a flag that says whether it is learnt, cut to a length, and padded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kerastune_ft.backbones.text_input import PADDING_MASK, TOKEN_IDS, TextInput
from kerastune_ft.input.language.control_tokens import ControlTokens
from kerastune_ft.input.language.template import END, START, Segment

# Tokens before an answer that are kept, however long it is.
_LEAST_PROMPT = 8


@dataclass(frozen=True)
class DialogueRows:
    """The tokens of all examples, one after the other, and which of them are learnt."""

    ids: np.ndarray
    """int32."""
    learnt: np.ndarray
    """uint8, 1 for tokens that are learnt."""
    offsets: np.ndarray
    """Where each example begins, and where the last ends, int64 [examples + 1]."""
    lost: np.ndarray
    """For each example, the tokens that were cut off, int64."""
    lost_answer: np.ndarray
    """For each example, how many of these were to be learnt, int64."""
    lost_end: np.ndarray
    """For each example, the tokens that the end of its last answer lost, int64."""

    @property
    def lengths(self) -> np.ndarray:
        """Return the positions of each row: a token fewer than there are, since the last one is only a label."""
        return np.diff(self.offsets) - 1

    def read(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the tokens of an example and which are learnt."""
        span = slice(self.offsets[number], self.offsets[number + 1])
        return self.ids[span], self.learnt[span]

    def pad(self, numbers: np.ndarray, length: int, pad: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Return inputs by name, int32, and targets of these examples, [examples, length] each.

        The target of a position is the token after it.
        """
        starts, sizes = self.offsets[numbers][:, np.newaxis], self.lengths[numbers][:, np.newaxis]
        places = np.arange(length)
        present = places < sizes
        at = np.minimum(starts + places, len(self.ids) - 1)
        after = np.minimum(at + 1, len(self.ids) - 1)
        inputs = {
            TOKEN_IDS: np.where(present, self.ids[at], pad).astype(np.int32),
            PADDING_MASK: present.astype(np.int32),
        }
        targets = {
            "labels": np.where(present, self.ids[after], 0).astype(np.int32),
            "weights": (present & (self.learnt[after] > 0)).astype(np.float32),
        }
        return inputs, targets


def encode_segments(
    segments: Sequence[Sequence[Segment]], given: TextInput, tokens: ControlTokens
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return for each dialogue its tokens, int32, and which of them are learnt, uint8."""
    found = []
    for own, parts in zip(segments, encode_parts(segments, given, tokens), strict=True):
        flags = [np.full(len(part), each.is_learnt, np.uint8) for part, each in zip(parts, own, strict=True)]
        found.append((np.concatenate([np.zeros(0, np.int32), *parts]), np.concatenate([np.zeros(0, np.uint8), *flags])))
    return found


def encode_parts(
    segments: Sequence[Sequence[Segment]], given: TextInput, tokens: ControlTokens
) -> list[list[np.ndarray]]:
    """Return for each dialogue the tokens of each of its segments, int32."""
    fixed = {START: np.array(given.start, np.int32), END: np.array(given.end, np.int32)}
    # Of a tokenizer that sets a space before texts the first text of a dialogue has other tokens than later ones.
    firsts = [next((place for place, each in enumerate(own) if each.text != START), 0) for own in segments]
    placed = [[(each, place <= first) for place, each in enumerate(own)]
              for own, first in zip(segments, firsts, strict=True)]  # fmt: skip
    known: dict[tuple[str, bool, bool], np.ndarray] = {}
    for begins in (False, True):
        own = [each for row in placed for each, is_first in row if is_first == begins]
        written = list(dict.fromkeys(each.text for each in own if not each.is_of_template))
        for text, ids in zip(written, tokens.encode_texts(written, begins), strict=True):
            known[text, False, begins] = ids
        for text in {each.text for each in own if each.is_of_template}:
            known[text, True, begins] = fixed[text] if text in fixed else tokens.encode_template(text, begins)
    return [[known[each.text, each.is_of_template, is_first] for each, is_first in row] for row in placed]


def pack_dialogues(
    encoded: Sequence[tuple[np.ndarray, np.ndarray]],
    limit: int,
    start: int,
    answers: Sequence[np.ndarray] | None = None,
) -> DialogueRows:
    """Return rows of at most `limit` positions; `start` tokens at the beginning of each are kept.

    `answers` are by dialogue 1 for the tokens of answers, where others are learnt too.
    What is too long loses the beginning of what stands before its last answer, and only then the end of this.
    """
    marked = [learnt for _, learnt in encoded] if answers is None else answers
    places = [choose_places(marks, limit + 1, start) for marks in marked]
    kept = [(ids[keep], learnt[keep]) for (ids, learnt), keep in zip(encoded, places, strict=True)]
    ends = [len(marks) - 1 - int(keep[-1]) if len(keep) else 0 for marks, keep in zip(marked, places, strict=True)]
    return join_rows(encoded, kept, ends)


def join_rows(
    encoded: Sequence[tuple[np.ndarray, np.ndarray]],
    kept: Sequence[tuple[np.ndarray, np.ndarray]],
    ends: Sequence[int] | None = None,
) -> DialogueRows:
    """Return rows of what is kept of tokens, and of which are learnt; `encoded` are all of them.

    `ends` are the tokens that last answers lost at their ends, by default what was to be learnt and is lost.
    """
    sizes = np.fromiter((len(ids) for ids, _ in kept), np.int64, len(kept))
    whole = np.fromiter((len(ids) for ids, _ in encoded), np.int64, len(encoded))
    answers = np.array([[int(flags.sum()) for _, flags in each] for each in (encoded, kept)], np.int64)
    return DialogueRows(
        np.concatenate([np.zeros(0, np.int32), *(ids for ids, _ in kept)]),
        np.concatenate([np.zeros(0, np.uint8), *(flags for _, flags in kept)]),
        np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)]),
        whole - sizes,
        answers[0] - answers[1],
        answers[0] - answers[1] if ends is None else np.array(ends, np.int64).reshape(-1),
    )


def choose_places(answers: np.ndarray, most: int, start: int) -> np.ndarray:
    """Return the places of the tokens of a dialogue that are kept, in order; `answers` is 1 for those of answers."""
    count = len(answers)
    excess = count - most
    if excess <= 0:
        return np.arange(count)
    # Where the last answer begins.
    ends = np.flatnonzero(np.diff(np.concatenate([[0], answers.astype(np.int8)])) == 1)
    begin = int(ends[-1]) if len(ends) else count
    front = min(excess, max(0, begin - start - _LEAST_PROMPT))
    return np.concatenate([np.arange(start), np.arange(start + front, count)])[:most]
