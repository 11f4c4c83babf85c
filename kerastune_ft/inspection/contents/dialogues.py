"""Dialogues and texts to write: copies by prompt and answer together, prompts with several answers, odd answers."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerastune_ft.data.dialogues.turns import Dialogue
from kerastune_ft.inspection.contents.base import ODD, SMALL, Contents, Copies, Copy, Fault, Progress
from kerastune_ft.inspection.contents.shingles import ALIKE, find_alike, measure_alike, normalise_text
from kerastune_ft.inspection.neighbours import Neighbours
from kerastune_ft.training.session.session import Session

_BETWEEN = "\x1f"
# From so many times the median length on, either way, and so many usual deviations of its logarithm.
_TIMES, _DEVIATIONS = 8.0, 5.0
_FEWEST = 16
# An answer that has so large a share of its prompt in common, and says so much, repeats it.
_ECHO, _LEAST_ECHO = 0.9, 8


class Dialogues(Contents):
    """Dialogues, prompts with answers, texts with others written for them, and plain texts.

    What is learnt is every character of an answer, so exact copies are those that differ in blanks alone.
    """

    measure = "share of runs of four letters in common"
    seconds_to_read, seconds_to_compare, bytes_kept = 1e-5, 4e-4, 12288

    def __init__(self, dialogues: Sequence[Dialogue], answers: Sequence[str]) -> None:
        """`answers` are by example the last answer, which ends its dialogue; empty of a plain text."""
        self._answers = [normalise_text(answer) if answer else "" for answer in answers]
        self._written = [_join_blanks(answer) for answer in answers]
        contexts = [turns[:-1] if answer else turns for turns, answer in zip(dialogues, answers, strict=True)]
        # Instructions that all dialogues begin with would make all of them alike.
        spoken = [[turn.content for turn in context if not turn.is_instruction] for context in contexts]
        self._prompts = [normalise_text(" ".join(texts)) for texts in spoken]
        self._asked = [normalise_text(texts[-1]) if texts else "" for texts in spoken]
        self._keys = [
            _BETWEEN.join(f"{turn.role}{_BETWEEN}{_join_blanks(turn.content)}" for turn in context)
            for context in contexts
        ]
        self.hashes = [
            hashlib.sha256(_BETWEEN.join(pair).encode(errors="surrogatepass")).hexdigest()
            for pair in zip(self._keys, self._written, strict=True)
        ]
        has_answers = any(answers)
        self.faults = find_odd_lengths(
            [len(text) for text in (self._written if has_answers else self._keys)],
            "its answer has" if has_answers else "it has",
        )

    @classmethod
    def read(cls, session: Session, indices: np.ndarray, progress: Progress) -> Dialogues:
        """Return the dialogues of a session, see `Contents`."""
        source: Any = session.source
        order = indices.tolist()
        return cls([source.read_dialogue(index) for index in order], [source.label_texts[index] for index in order])

    def find_copies(self, neighbours: Neighbours | None, strata: np.ndarray, progress: Progress) -> Copies:
        """Return the near copies: alike as a whole, and in their answers; candidates by MinHash."""
        pairs = find_alike([f"{prompt} {answer}" for prompt, answer in zip(self._prompts, self._answers, strict=True)])
        kept = tuple(Copy(*pair) for pair in pairs if self._have_like_answers(*pair[:2]))
        return Copies(kept, ALIKE, len(pairs))

    def _have_like_answers(self, first: int, second: int) -> bool:
        one, other = self._answers[first], self._answers[second]
        return one == other or measure_alike(one, other) >= ALIKE

    def may_replace(self, first: int, second: int) -> bool:
        """Return whether one of two near copies says nothing that the other does not: their prompts are alike too.

        Other words for one question are worth learning, though their long answer makes them alike.
        """
        return measure_alike(self._prompts[first], self._prompts[second]) >= ALIKE

    def find_several_answers(self) -> list[list[int]]:
        """Return the examples whose prompts are the same and whose answers are not, by prompt."""
        held: dict[str, list[int]] = defaultdict(list)
        for position, key in enumerate(self._keys):
            if self._written[position]:
                held[key].append(position)
        return [own for own in held.values() if len({self._written[position] for position in own}) > 1]

    def find_like_prompts(self) -> list[Copy]:
        """Return the pairs whose prompts are nearly the same, and whose answers are not."""
        if not any(self._answers):
            return []
        return [
            Copy(first, second, likeness)
            for first, second, likeness in find_alike(self._prompts)
            if self._keys[first] != self._keys[second] and not self._have_like_answers(first, second)
        ]

    def find_echoes(self) -> list[int]:
        """Return the examples whose answers are, nearly, what was asked last."""
        return [
            position
            for position, (asked, answer) in enumerate(zip(self._asked, self._answers, strict=True))
            if len(answer) >= _LEAST_ECHO and measure_alike(asked, answer) >= _ECHO
        ]


def find_odd_lengths(lengths: Sequence[float], what: str, unit: str = "characters") -> list[Fault]:
    """Return what is far shorter or longer than most: 8 times, and 5 usual deviations of the logarithm.

    `what` begins the words, as "its answer has".
    """
    if len(lengths) < _FEWEST:
        return []
    logarithms = np.log(np.maximum(np.asarray(lengths, np.float64), 0.1))
    middle = float(np.median(logarithms))
    spread = 1.4826 * float(np.median(np.abs(logarithms - middle)))
    far = np.abs(logarithms - middle) > max(np.log(_TIMES), _DEVIATIONS * spread)
    usual = float(np.median(np.asarray(lengths)))
    return [
        Fault(
            position,
            SMALL if logarithms[position] < middle else ODD,
            f"{what} {lengths[position]:,.4g} {unit}, where most have {usual:,.4g} or so",
        )
        for position in np.flatnonzero(far).tolist()
    ]


def _join_blanks(text: str) -> str:
    return " ".join(text.split())
