"""Puts what was found in prompts and answers into findings."""

from __future__ import annotations

from collections.abc import Sequence

from kerastune_ft.inspection.contents.base import Copy
from kerastune_ft.inspection.findings import ANSWERS, ECHOES, PROMPTS, Example, Finding, Row
from kerastune_ft.wording import counted

_GROUP = "to keep prompts in one split, name in data.group a column that equal ones share"


class WrittenReporter:
    """Makes the findings about prompts and answers, which rows name by position."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self._examples = examples

    def several_answers(self, held: Sequence[Sequence[int]]) -> Finding | None:
        """Return what is said of prompts with several answers, given the positions of each such prompt."""
        if not held:
            return None
        ordered = sorted(held, key=lambda own: (not self._crosses(own), own[0]))
        rows = [Row(tuple(own), f"{len(own)} examples of one prompt, with different answers") for own in ordered]
        return Finding(
            ANSWERS,
            len(held),
            f"{counted(sum(map(len, held)), 'example')}; {self._count_crossing(held)}",
            f"all may be right, and a model learns a mixture of them; {_GROUP}",
            rows,
        )

    def like_prompts(self, pairs: Sequence[Copy], measure: str) -> Finding | None:
        """Return what is said of prompts that are nearly the same and have different answers."""
        if not pairs:
            return None
        ordered = sorted(pairs, key=lambda pair: (not self._crosses((pair.first, pair.second)), -pair.likeness))
        rows = [
            Row((pair.first, pair.second), f"{measure} {pair.likeness:.2f}", figure=pair.likeness) for pair in ordered
        ]
        detail = f"pairs with different answers; {self._count_crossing([(pair.first, pair.second) for pair in pairs])}"
        return Finding(
            PROMPTS, len(pairs), detail, f"as it should be where prompts follow a pattern; else {_GROUP}", rows
        )

    def echoes(self, positions: Sequence[int]) -> Finding | None:
        """Return what is said of answers that repeat what was asked."""
        if not positions:
            return None
        rows = [Row((position,), "the answer is what was asked, or nearly") for position in positions]
        return Finding(
            ECHOES,
            len(positions),
            f"of {counted(len(self._examples), 'example')}",
            "look at them in the page: a model learns to repeat what it is asked",
            rows,
        )

    def _crosses(self, held: Sequence[int]) -> bool:
        return len({self._examples[position].split for position in held}) > 1

    def _count_crossing(self, held: Sequence[Sequence[int]]) -> str:
        crossing = sum(self._crosses(own) for own in held)
        return f"{crossing} in several splits, where they may flatter" if crossing else "none in several splits"
