"""Which examples may be left out: of copies those that cost least, never one of test for one of train.

Leaving out examples of test because a model disagrees with them, or because they are odd, would only flatter figures.
So of test nothing goes but the second of two copies that are both there, with one label.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Mapping, Sequence

from kerastune_ft.inspection.contents.base import Fault
from kerastune_ft.inspection.findings import CONFLICTS, CONSTANT, EXACT, LABELS, NEAR, Example, Exclusions
from kerastune_ft.inspection.labels.base import Suspect

_OF_COPIES = (
    "of copies in several splits those in test stay, else those in validation; within one split the first stays"
)
_FROM_TRAIN = ((CONSTANT, "examples that show or say nothing"), (LABELS, "those whose label is nearly certainly wrong"))
_OF_LABELS = "from train and validation go copies whose labels differ"
_RANK = {"test": 0, "validation": 1, "train": 2}
_TRAINED = ("train",)
_LEARNED_FROM = ("train", "validation")


def describe_rule(unsought: Collection[str]) -> str:
    """Return in a sentence which examples go, without the kinds of findings that were not looked for."""
    going = [words for kind, words in _FROM_TRAIN if kind not in unsought]
    from_train = [f"from train go {' and '.join(going)}"] if going else []
    return "; ".join([_OF_COPIES, *from_train, *([] if CONFLICTS in unsought else [_OF_LABELS])])


def choose_left_out(
    examples: Sequence[Example],
    exact: Sequence[Sequence[int]],
    near: Sequence[tuple[int, int]],
    conflicts: Sequence[Sequence[int]],
    flat: Sequence[Fault],
    suspects: Sequence[Suspect],
) -> Exclusions:
    """Return what may be left out by the rule that `describe_rule` says.

    `exact` are the positions of exact copies, `near` the pairs of near copies, `conflicts` the copies whose labels
    differ. A copy of a copy is none itself, and goes for what it is a copy of alone. What goes for another reason makes
    no copy of it go.
    """
    equal = {position: held for held in exact for position in held}
    reasons: dict[int, str] = {}
    kinds: dict[int, str] = {}

    def leave_out(position: int, kind: str, reason: str) -> None:
        if position not in reasons:
            reasons[position], kinds[position] = reason, kind

    for fault in flat:
        if examples[fault.position].split in _TRAINED:
            leave_out(fault.position, CONSTANT, fault.words)
    for alike in conflicts:
        # An exact copy of one of them contradicts the other as well.
        held = list(dict.fromkeys(copy for position in alike for copy in equal.get(position, [position])))
        for position in held:
            if examples[position].split in _LEARNED_FROM and position not in reasons:
                other = next(other for other in held if not examples[other].agrees_with(examples[position]))
                leave_out(position, CONFLICTS, _contrast(examples[position], examples[other]))
    remaining = [[position for position in held if position not in reasons] for held in exact]
    for position, kept in [pair for held in remaining for pair in _choose_of_equal(examples, held)]:
        leave_out(position, EXACT, f"copy of {examples[kept].key} in {examples[kept].split}")
    for position, kept in _choose_of_near(examples, _list_copies(equal, near, reasons)):
        leave_out(position, NEAR, f"nearly a copy of {examples[kept].key} in {examples[kept].split}")
    for suspect in suspects:
        if suspect.is_sure and examples[suspect.position].split in _TRAINED:
            leave_out(suspect.position, LABELS, f"likely {suspect.suggested}, not {suspect.given}: {suspect.words}")
    return Exclusions(reasons, kinds)


def _choose_of_equal(examples: Sequence[Example], held: Sequence[int]) -> list[tuple[int, int]]:
    """Return which of exact copies go, each with one that stays."""
    best = min((_RANK[examples[position].split] for position in held), default=0)
    stay = [position for position in held if _RANK[examples[position].split] == best]
    if len(stay) == len(held):
        stay = sorted(stay, key=lambda position: examples[position].key)[:1]
    going = sorted(set(held) - set(stay))
    first = min(stay, key=lambda position: examples[position].key, default=-1)
    return [(position, first) for position in going if _may_go(examples[position], examples[first])]


def _may_go(copy: Example, stays: Example) -> bool:
    return copy.split != "test" or copy.agrees_with(stays)


def _contrast(one: Example, other: Example) -> str:
    """Return how the label of a copy differs."""
    if one.label == other.label:
        return f"its copy {other.key} has other boxes"
    return f"labelled {one.label}; its copy {other.key} {other.label}"


def _list_copies(
    equal: Mapping[int, Sequence[int]], near: Sequence[tuple[int, int]], gone: Container[int]
) -> dict[int, set[int]]:
    """Return by position the near copies of what is not gone: those of an exact copy are its own, too."""
    copies: dict[int, set[int]] = defaultdict(set)
    for pair in near:
        ones, others = ([copy for copy in equal.get(position, [position]) if copy not in gone] for position in pair)
        for one in ones:
            copies[one].update(others)
        for other in others:
            copies[other].update(ones)
    return copies


def _choose_of_near(examples: Sequence[Example], copies: Mapping[int, set[int]]) -> list[tuple[int, int]]:
    """Return which of near copies go, each with one that stays; `copies` are those of each."""

    def rank(position: int) -> tuple[int, str]:
        return _RANK[examples[position].split], examples[position].key

    kept: set[int] = set()
    found = []
    for position in sorted(copies, key=rank):
        own = rank(position)[0]
        before = sorted(
            (each for each in copies[position] & kept if _may_go(examples[position], examples[each])), key=rank
        )
        is_copied_elsewhere = any(rank(other)[0] > own for other in copies[position])
        stay = [other for other in before if rank(other)[0] < own] or ([] if is_copied_elsewhere else before)
        if stay:
            found.append((position, stay[0]))
        else:
            kept.add(position)
    return found
