"""Puts what was found into findings: how many, what of it matters, and what to do."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from kerastune_ft.data.source import SkippedFile
from kerastune_ft.inspection.contents.base import CONSTANT as FLAT
from kerastune_ft.inspection.contents.base import ODD, SMALL, Copy, Fault
from kerastune_ft.inspection.contents.several import SharedPart
from kerastune_ft.inspection.findings import (
    CONFLICTS,
    CONSTANT,
    DAMAGED,
    EXACT,
    GROUP_COPIES,
    LABELS,
    NEAR,
    OUTLIERS,
    PARTS,
    SIZES,
    Example,
    Finding,
    Row,
)
from kerastune_ft.inspection.labels.base import Suspect
from kerastune_ft.wording import counted

_EXCLUDE = "leave out what exclude.csv names"
_LOOK = "look at them in the page"
_WHAT = re.compile(r"[:;]")
_SKIPPING = ("on_bad_file", "on_missing")


class Reporter:
    """Makes the findings about examples, which rows name by position."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self._examples = examples

    def exact(self, clusters: Sequence[Sequence[int]]) -> Finding | None:
        """Return what is said of exact copies, given the positions that are the same."""
        if not clusters:
            return None
        rows = [Row(tuple(held), f"{len(held)} alike") for held in self._crossing_first(clusters)]
        extra = sum(len(held) - 1 for held in clusters)
        return Finding(EXACT, extra, self._describe_crossing(clusters), _EXCLUDE, rows)

    def near(self, pairs: Sequence[Copy], least: float, measure: str) -> Finding | None:
        """Return what is said of near copies, which are alike by at least so much of `measure`."""
        if not pairs:
            return None
        ordered = sorted(pairs, key=lambda pair: (not self._crosses((pair.first, pair.second)), -pair.likeness))
        rows = [
            Row((pair.first, pair.second), f"{measure} {pair.likeness:.2f}", figure=pair.likeness) for pair in ordered
        ]
        detail = self._describe_crossing([(pair.first, pair.second) for pair in pairs], "pair")
        return Finding(NEAR, len(pairs), f"{detail}; from a {measure} of {least:g} on", f"{_LOOK}; {_EXCLUDE}", rows)

    def conflicts(self, clusters: Sequence[Sequence[int]], exact: Sequence[Sequence[int]]) -> Finding | None:
        """Return what is said of copies with different labels."""
        if not clusters:
            return None
        equal = {frozenset(held) for held in exact}
        rows = [Row(tuple(held), "exact copies" if frozenset(held) in equal else "near copies") for held in clusters]
        return Finding(
            CONFLICTS,
            len(clusters),
            f"{counted(len(clusters), 'case')} in which one of the labels is wrong",
            f"correct the labels, or {_EXCLUDE}",
            rows,
        )

    def suspects(self, suspects: Sequence[Suspect] | None) -> Finding | None:
        """Return what is said of doubtful labels."""
        if not suspects:
            return None
        rows = [Row((each.position,), each.words, each.suggested, each.doubt) for each in suspects]
        sure = sum(each.is_sure for each in suspects)
        total = len(self._examples)
        detail = (
            f"{100 * len(suspects) / total:.1f} % of {total:,}, nearly certain {sure}; "
            f"{self._count_splits([each.position for each in suspects])}"
        )
        return Finding(
            LABELS, len(suspects), detail, f"{_LOOK} and correct the labels" + (f"; {_EXCLUDE}" if sure else ""), rows
        )

    def between_groups(self, clusters: Sequence[Sequence[int]]) -> Finding | None:
        """Return what is said of copies whose groups differ."""
        if not clusters:
            return None
        rows = [Row(tuple(held), "copies that name different groups") for held in self._crossing_first(clusters)]
        return Finding(
            GROUP_COPIES,
            len(clusters),
            self._describe_crossing(clusters),
            "give copies one group: data.group does not keep them in one split as it is",
            rows,
        )

    def shared_parts(self, shared: Sequence[SharedPart]) -> Finding | None:
        """Return what is said of parts that examples of several splits have, which are no copies as a whole."""
        if not shared:
            return None
        by_part: dict[str, list[Sequence[int]]] = defaultdict(list)
        for each in shared:
            by_part[each.part].append(each.positions)
        said = [f"{part}: {self._describe_crossing(held)}" for part, held in by_part.items()]
        rows = [Row(tuple(each.positions), f"{each.part}: {each.words}", figure=each.likeness) for each in shared]
        advice = "name in data.group a column that examples with the same part share, which keeps them in one split"
        return Finding(PARTS, len(shared), "; ".join(said), advice, rows)

    def unreadable(self, skipped: Sequence[SkippedFile], options: Sequence[str] = _SKIPPING) -> Finding | None:
        """Return what is said of files that cannot be read; they are no examples, so rows name none.

        `options` are those of `data` by which a run leaves them out.
        """
        if not skipped:
            return None
        rows = [Row((), f"{file.path}: {file.reason}") for file in skipped]
        written = ", ".join(f'"{option}": "skip"' for option in options)
        advice = f"mend or remove them, or write  {written}  in data"
        return Finding(DAMAGED, len(skipped), _count_reasons(skipped), advice, rows)

    def flat(self, faults: Sequence[Fault], empty: Sequence[Fault] | None = None) -> Finding | None:
        """Return what is said of examples in which nothing is to be seen or heard.

        `empty` are those that a model can learn nothing of, by default all: of others another part may say something.
        """
        advice = _EXCLUDE if empty is None or empty else _LOOK
        return self._report_faults(CONSTANT, [each for each in faults if each.kind == FLAT], advice)

    def sizes(self, faults: Sequence[Fault]) -> Finding | None:
        """Return what is said of examples of other sizes than most."""
        odd = [each for each in faults if each.kind in (ODD, SMALL)]
        return self._report_faults(SIZES, odd, f"{_LOOK}: they may be cut, empty or of another kind")

    def outliers(self, found: Sequence[tuple[int, float]]) -> Finding | None:
        """Return what is said of outliers, each with how many times farther from its neighbours it is than they."""
        if not found:
            return None
        rows = [
            Row((position,), f"{times:.1f} times as far from its neighbours as they are", figure=times)
            for position, times in found
        ]
        detail = self._count_splits([position for position, _ in found])
        return Finding(OUTLIERS, len(found), detail, f"{_LOOK}: are they of this task?", rows)

    def _report_faults(self, kind: str, faults: Sequence[Fault], advice: str) -> Finding | None:
        if not faults:
            return None
        rows = [Row((each.position,), each.words) for each in faults]
        return Finding(kind, len(faults), self._count_splits([each.position for each in faults]), advice, rows)

    def _crosses(self, held: Sequence[int]) -> bool:
        return len({self._examples[position].split for position in held}) > 1

    def _crossing_first(self, clusters: Sequence[Sequence[int]]) -> list[Sequence[int]]:
        return sorted(clusters, key=lambda held: (not self._crosses(held), held[0]))

    def _describe_crossing(self, clusters: Sequence[Sequence[int]], noun: str = "set") -> str:
        crossing = Counter(
            " and ".join(sorted({self._examples[position].split for position in held}, key=_order))
            for held in clusters
            if self._crosses(held)
        )
        if not crossing:
            return f"none in two splits ({counted(len(clusters), noun)})"
        each = ", ".join(f"{count} in {splits}" for splits, count in sorted(crossing.items()))
        return f"{crossing.total()} of {counted(len(clusters), noun)} in several splits, where they flatter ({each})"

    def _count_splits(self, positions: Sequence[int]) -> str:
        counts = Counter(self._examples[position].split for position in positions)
        return ", ".join(f"{counts[split]} in {split}" for split in sorted(counts, key=_order))


def _order(split: str) -> int:
    return ("train", "validation", "test").index(split)


def _count_reasons(skipped: Sequence[SkippedFile]) -> str:
    # What follows is where, or what to write.
    reasons = Counter(_WHAT.split(file.reason, maxsplit=1)[0] for file in skipped)
    return "; ".join(f"{count} {reason}" for reason, count in reasons.most_common(3))
