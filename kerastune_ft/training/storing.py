"""What of the frozen parts of a schedule is worth storing: a deterministic rule on FLOPs, bytes, epochs and budget.

Estimates decide, not measurements, so that the same plan is made again; what was decided is in plan.json.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

PLAIN = ""
"""The variant of examples that are not augmented."""
INPUT, BASE, CUT = "input", "base", "cut"
# From the deepest to the one nearest the input: what a phase reads is the first of them that is stored.
_LEVELS = (CUT, BASE, INPUT)
# Sustained rates of a file in the page cache and of writing one with its hash.
READ_BYTES, WRITTEN_BYTES = 1e9, 4e8


@dataclass(frozen=True)
class Store:
    """Rows that may be stored: what they are of, not which examples."""

    stages: tuple[tuple[str, ...], ...]
    """The names of the tensors at the end of every stage below; none for decoded inputs."""
    state: int
    """The last phase that changes a weight below, or -1: before it the values are others."""
    variant: str
    """How examples are augmented, or PLAIN."""
    row_bytes: int

    @property
    def id(self) -> str:
        """Return what plan.json knows it by."""
        place = " > ".join("+".join(names) for names in self.stages) or "decoded input"
        after = f" after phase {self.state}" if self.state >= 0 else ""
        return f"{place}{after}{f' of {self.variant}' if self.variant else ''}"


@dataclass(frozen=True)
class Need:
    """The features that a phase looks at, again and again, and what they cost without a store, in seconds a row."""

    phase: int
    fresh: bool
    """Whether every look is at an example as it never was before."""
    views: int
    """How many rows an example has."""
    passes: Mapping[str, int]
    """By split, how often it is gone through."""
    stores: Mapping[str, Store] = field(default_factory=dict)
    """By level, what could be stored; nothing where it may not."""
    decoding: float = 0.0
    augmenting: float = 0.0
    base: float = 0.0
    """From the input to the cut that stays frozen for the rest of the schedule, where that is another."""
    rest: float = 0.0
    """From there to the phase's own cut."""

    def level(self, stored: Collection[Store]) -> str | None:
        """Return which of these stores serves it: that of the deepest level."""
        return next((level for level in _LEVELS if self.stores.get(level) in stored), None)

    def seconds(self, stored: Collection[Store], up_to: str = CUT) -> float:
        """Return what a row costs at a level, given what is stored."""
        below = {level: store for level, store in self.stores.items() if store in stored}
        cost = _read(below[INPUT]) if INPUT in below else self.decoding
        if up_to == INPUT:
            return cost
        cost += self.augmenting
        cost = _read(below[BASE]) if BASE in below else cost + self.base
        if up_to == BASE:
            return cost
        return _read(below[CUT]) if CUT in below else cost + self.rest


@dataclass(frozen=True)
class Decision:
    """What a run stores."""

    needs: tuple[Need, ...]
    sizes: Mapping[str, int]
    """Examples by split."""
    budget: int
    """Bytes that all stores may take."""
    stored: frozenset[Store] = frozenset()

    def rows(self, store: Store) -> int:
        """Return the rows a store would hold for this run: of every example of the splits that need it, every view."""
        views = max((need.views for need in self.needs if store in need.stores.values()), default=0)
        return sum(self.sizes[split] for split in self.splits(store)) * views

    def splits(self, store: Store) -> list[str]:
        """Return the splits whose examples any phase looks for in a store."""
        wanted = [need for need in self.needs if store in need.stores.values()]
        return list(dict.fromkeys(split for need in wanted for split in need.passes))

    def bytes(self, store: Store) -> int:
        """Return the bytes a store would hold for this run."""
        return store.row_bytes * self.rows(store)

    def of_phase(self, phase: int) -> list[Need]:
        """Return what a phase looks at: its training examples first."""
        return [need for need in self.needs if need.phase == phase]

    def seconds(self, stored: Collection[Store], phase: int | None = None) -> float:
        """Return the expected seconds of all looks at features, or of a phase's, with the stores filled for them."""
        needs = self.needs if phase is None else self.of_phase(phase)
        filled = {store: need for need in reversed(self.needs) for store in need.stores.values() if store in stored}
        looks = sum(
            passes * self.sizes[split] * need.seconds(stored) for need in needs for split, passes in need.passes.items()
        )
        return looks + sum(
            self.rows(store) * (need.seconds(set(stored) - {store}, _level(need, store)) + _written(store))
            for store, need in filled.items()
            if phase is None or need.phase == phase
        )


def _level(need: Need, store: Store) -> str:
    return next(level for level, each in need.stores.items() if each == store)


def _read(store: Store) -> float:
    return store.row_bytes / READ_BYTES


def _written(store: Store) -> float:
    return store.row_bytes / WRITTEN_BYTES


def decide(
    needs: Sequence[Need],
    sizes: Mapping[str, int],
    budget: int,
    required: Collection[Store] = (),
    kept: Collection[str] | None = None,
) -> Decision:
    """Choose what is stored.

    `required` is, whatever it costs; `kept` are the ids that an earlier plan of the run chose, which is then obeyed.
    Else the store that saves most is taken, again and again, while one saves anything and fits the budget; what later
    ones have made useless is given up in the end.
    """
    decision = Decision(tuple(needs), sizes, budget)
    candidates = sorted({store for need in needs for store in need.stores.values()}, key=lambda store: store.id)
    if kept is not None:
        chosen = {store for store in candidates if store.id in kept}
    else:
        chosen = _greedy(decision, candidates, set(required))
    return Decision(tuple(needs), sizes, budget, frozenset(chosen | set(required)))


def _greedy(decision: Decision, candidates: Sequence[Store], chosen: set[Store]) -> set[Store]:
    while True:
        used = sum(map(decision.bytes, chosen))
        before = decision.seconds(chosen)
        savings = [
            (before - decision.seconds(chosen | {store}), store)
            for store in candidates
            if store not in chosen and used + decision.bytes(store) <= decision.budget
        ]
        saving, best = max(savings, key=lambda pair: pair[0], default=(0.0, None))
        if best is None or saving <= 0:
            break
        chosen = chosen | {best}
    for store in sorted(chosen, key=lambda each: each.id):
        if decision.seconds(chosen - {store}) <= decision.seconds(chosen):
            chosen = chosen - {store}
    return chosen


def reason(decision: Decision, phase: int, is_off: bool) -> str:
    """Return in words why a phase reads or computes what it looks at."""
    train, *others = decision.of_phase(phase)
    level = train.level(decision.stored)
    if is_off:
        return "cache is off"
    if CUT not in train.stores and not train.fresh:
        return "nothing is frozen below the boundary" + _decoded(level)
    if train.fresh:
        said = "random augmentation below the cut, drawn anew every epoch"
        if any(need.level(decision.stored) in (CUT, BASE) for need in others):
            said += "; validation is stored"
        return said + _decoded(level)
    passes = train.passes["train"]
    if level == CUT:
        return f"saves {passes - train.views} of {passes} passes over the frozen part"
    if level == BASE:
        return "what stays frozen for the rest of the schedule is stored, and the layers above it are computed again"
    store = train.stores[CUT]
    size = decision.bytes(store)
    if size > decision.budget:
        return f"{in_bytes(size)} is over the budget of {in_bytes(decision.budget)}" + _decoded(level)
    if passes <= train.views:
        return "every example is looked at once" + _decoded(level)
    return f"storing {in_bytes(size)} saves nothing, or other stores fill the budget" + _decoded(level)


def _decoded(level: str | None) -> str:
    return "; decoded images are stored" if level == INPUT else ""


def in_bytes(size: int) -> str:
    """Return a size as text, as in 50 MB."""
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size = size / 1000  # type: ignore[assignment]
    return f"{size:.1f} GB"
