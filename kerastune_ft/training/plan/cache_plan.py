"""Decides which features are cached: a deterministic rule on FLOPs, bytes, epochs and budget.

Estimates decide, not measurements, so that the same plan is made again; what was decided is in plan.json.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from kerastune_ft.config.options.byte_sizes import size_text

NOT_AUGMENTED = ""
"""The variant of examples that are not augmented."""
INPUT, BASE, CUT = "input", "base", "cut"
SHARED = "what all cuts in the decoder share"
"""The features of a store that others share, in words."""
# From the deepest to the one nearest the input: what a phase reads is the first of them that is stored.
_LEVELS = (CUT, BASE, INPUT)
# Sustained rates of a file in the page cache and of writing one with its hash.
READ_BYTES, WRITTEN_BYTES = 1e9, 4e8


@dataclass(frozen=True)
class CachedFeatures:
    """Features, or decoded inputs, that may be cached: at which cut, after which phase, augmented how."""

    stages: tuple[tuple[str, ...], ...]
    """The names of the tensors at the end of every stage below; none for decoded inputs."""
    state: int
    """The last phase that changes a weight below, or -1: before it the values are others."""
    variant: str
    """How examples are augmented, or NOT_AUGMENTED."""
    row_bytes: int
    """The bytes of a row, those of tensors that are in `shared` left out."""
    image_size: tuple[int, int] | None = None
    """Height and width of the images, where they are not the model's."""
    part: str = ""
    """The part of examples with several inputs; empty for a single input."""
    shared: CachedFeatures | None = None
    """The store that holds the other tensors of the cut, which other cuts have too; None where rows hold all."""

    @property
    def id(self) -> str:
        """Return the id in plan.json."""
        place = " > ".join("+".join(names) for names in self.stages) or "decoded input"
        place = f"{self.part}: {place}" if self.part else place
        after = f" after phase {self.state}" if self.state >= 0 else ""
        size = f" at {self.image_size[0]} x {self.image_size[1]}" if self.image_size else ""
        return f"{place}{size}{after}{f' of {self.variant}' if self.variant else ''}"


@dataclass(frozen=True)
class FeatureUse:
    """One use of features by a phase: how often it reads them, and what a row costs without a cache, in seconds."""

    phase: int
    fresh: bool
    """Whether every pass augments the examples differently."""
    views: int
    """Rows of one example."""
    passes: Mapping[str, int]
    """By split, the number of passes over its examples."""
    stores: Mapping[str, CachedFeatures] = field(default_factory=dict)
    """By level, the features that could be cached; empty where caching would not be exact."""
    decoding: float = 0.0
    augmenting: float = 0.0
    base: float = 0.0
    """From the input to the cut that stays frozen for the rest of the schedule, where that is another."""
    rest: float = 0.0
    """From there to the phase's own cut."""
    drawn: str = "augmentation"
    """The random change of the examples, in a word."""
    image_size: tuple[int, int] | None = None
    """Height and width of the images, where they are not the model's."""
    part: str = ""
    """The part of examples with several inputs; empty for a single input."""

    def level(self, stored: Collection[CachedFeatures]) -> str | None:
        """Return the deepest level that is among these stores, or None."""
        return next((level for level in _LEVELS if self.stores.get(level) in stored), None)

    def seconds(self, stored: Collection[CachedFeatures], up_to: str = CUT) -> float:
        """Return the seconds that a row takes up to a level, given what is stored."""
        below = {level: store for level, store in self.stores.items() if store in stored}
        cost = read_seconds(below[INPUT]) if INPUT in below else self.decoding
        if up_to == INPUT:
            return cost
        cost += self.augmenting
        cost = read_seconds(below[BASE]) if BASE in below else cost + self.base
        if up_to == BASE:
            return cost
        return read_seconds(below[CUT]) if CUT in below else cost + self.rest


@dataclass(frozen=True)
class CachePlan:
    """The features that a run caches, and the sums they were chosen by."""

    needs: tuple[FeatureUse, ...]
    sizes: Mapping[str, int]
    """Examples by split."""
    budget: int
    """Bytes that all stores may take."""
    stored: frozenset[CachedFeatures] = frozenset()

    def rows(self, store: CachedFeatures) -> int:
        """Return the rows a store would hold for this run: of every example of the splits that need it, every view."""
        return sum(self.sizes[split] for split in self.splits(store)) * self.views(store)

    def views(self, store: CachedFeatures) -> int:
        """Return the rows that an example has in a store."""
        if store.variant == NOT_AUGMENTED:
            return 1
        return max((need.views for need in self.needs if store in need.stores.values()), default=0)

    def splits(self, store: CachedFeatures) -> list[str]:
        """Return the splits whose examples any phase reads from a store."""
        wanted = [need for need in self.needs if store in need.stores.values()]
        return list(dict.fromkeys(split for need in wanted for split in need.passes))

    def first_phase(self, store: CachedFeatures) -> int:
        """Return the phase that fills a store."""
        return min(need.phase for need in self.needs if store in need.stores.values())

    def bytes(self, store: CachedFeatures) -> int:
        """Return the bytes a store would hold for this run."""
        return store.row_bytes * self.rows(store)

    def missing_bytes(self, store: CachedFeatures, stored: Collection[CachedFeatures]) -> int:
        """Return the bytes that a store would add to these, with what it shares where that is not among them."""
        return sum(map(self.bytes, with_others([store]) - set(stored)))

    def of_phase(self, phase: int, part: str | None = None) -> list[FeatureUse]:
        """Return the uses of a phase, or of one part in it: of each part its training examples first."""
        return [need for need in self.needs if need.phase == phase and part in (None, need.part)]

    def parts(self, phase: int) -> list[str]:
        """Return the parts that a phase uses features of; an empty name for a single input."""
        return list(dict.fromkeys(need.part for need in self.of_phase(phase)))

    def seconds(self, stored: Collection[CachedFeatures], phase: int | None = None) -> float:
        """Return the expected seconds to read or compute all features, or a phase's, filling stores included."""
        needs = self.needs if phase is None else self.of_phase(phase)
        filled = {store: need for need in reversed(self.needs) for store in need.stores.values() if store in stored}
        looks = sum(
            passes * self.sizes[split] * need.seconds(stored) for need in needs for split, passes in need.passes.items()
        )
        return looks + sum(
            self.rows(store) * (need.seconds(set(stored) - {store}, _level(need, store)) + _writing_seconds(store))
            for store, need in filled.items()
            if phase is None or need.phase == phase
        )


def _level(need: FeatureUse, store: CachedFeatures) -> str:
    return next(level for level, each in need.stores.items() if each == store)


def with_others(stores: Collection[CachedFeatures]) -> set[CachedFeatures]:
    """Return stores and those that hold other tensors of their cuts."""
    return {*stores, *(store.shared for store in stores if store.shared is not None)}


def read_seconds(store: CachedFeatures) -> float:
    """Return the expected seconds to read all tensors of an example at the cut of a store."""
    return sum(each.row_bytes for each in with_others([store])) / READ_BYTES


def _writing_seconds(store: CachedFeatures) -> float:
    return store.row_bytes / WRITTEN_BYTES


def decide(
    needs: Sequence[FeatureUse],
    sizes: Mapping[str, int],
    budget: int,
    required: Collection[CachedFeatures] = (),
    kept: Collection[str] | None = None,
) -> CachePlan:
    """Choose what is stored.

    `required` is, whatever it costs; `kept` are the ids that an earlier plan of the run chose, which is then obeyed.
    Else the store that saves most, or most for a byte, is taken, again and again, while one saves anything and fits the
    budget: the better of the two ways. A store is taken with the one that it shares.
    """
    decision = CachePlan(tuple(needs), sizes, budget)
    candidates = sorted({store for need in needs for store in need.stores.values()}, key=lambda store: store.id)
    required = with_others(required)
    if kept is not None:
        chosen = {store for store in candidates if store.id in kept}
    else:
        chosen = _choose(decision, candidates, required)
    return CachePlan(tuple(needs), sizes, budget, frozenset(chosen | required))


def _choose(
    decision: CachePlan, candidates: Sequence[CachedFeatures], required: set[CachedFeatures]
) -> set[CachedFeatures]:
    """Return the better of what is chosen by seconds saved and by seconds saved for a byte."""
    tries = [_fill_greedily(decision, candidates, required, per_byte) for per_byte in (False, True)]
    return min(tries, key=decision.seconds)


def _fill_greedily(
    decision: CachePlan, candidates: Sequence[CachedFeatures], chosen: set[CachedFeatures], per_byte: bool
) -> set[CachedFeatures]:
    """Add stores one by one, the one that saves most first, while one saves anything and has room."""
    while True:
        used, seconds = sum(map(decision.bytes, chosen)), decision.seconds(chosen)
        savings = [
            ((seconds - decision.seconds(chosen | with_others([store]))) / (added if per_byte else 1), store)
            for store in candidates
            if store not in chosen and used + (added := decision.missing_bytes(store, chosen)) <= decision.budget
        ]
        saving, best = max(savings, key=lambda pair: pair[0], default=(0.0, None))
        if best is None or saving <= 0:
            return chosen
        chosen = chosen | with_others([best])


def reason(decision: CachePlan, phase: int, is_off: bool, part: str = "") -> str:
    """Return in words why a phase reads its features, or those of a part, from a store or computes them."""
    train, *others = decision.of_phase(phase, part)
    level = train.level(decision.stored)
    if is_off:
        return "cache is off"
    if train.fresh:
        said = f"random {train.drawn} below the cut, drawn anew every epoch"
        if any(need.level(decision.stored) in (CUT, BASE) for need in others):
            said += "; validation is stored"
        return said + _describe_inputs(level)
    if CUT not in train.stores:
        return "nothing is frozen below the boundary" + _describe_inputs(level)
    if level == CUT:
        return _explain_saving(decision, train)
    if level == BASE:
        what = "what stays frozen for the rest of the schedule" if train.stores[CUT].shared is None else SHARED
        said = f"{what} is stored, the layers above it are computed again"
        return f"{said}: {_explain_refusal(decision, train, train.stores[CUT])}"
    return _explain_refusal(decision, train, train.stores[CUT]) + _describe_inputs(level)


def _explain_saving(decision: CachePlan, need: FeatureUse) -> str:
    passes = need.passes["train"]
    if decision.first_phase(need.stores[CUT]) < need.phase:
        return f"an earlier phase stores it, which saves {_all(passes)} over the frozen part"
    if passes <= need.views:
        later = max(each.phase for each in decision.needs if need.stores[CUT] in each.stores.values()) > need.phase
        return "every example is looked at once here, and again by " + ("a later phase" if later else "evaluation")
    return f"saves {passes - need.views} of {passes} passes over the frozen part"


def _all(passes: int) -> str:
    return f"all {passes} passes" if passes > 1 else "its one pass"


def _explain_refusal(decision: CachePlan, need: FeatureUse, store: CachedFeatures) -> str:
    """Return why a store that could be is not."""
    missing = decision.missing_bytes(store, decision.stored)
    size, budget = size_text(missing), size_text(decision.budget)
    if missing > decision.budget:
        return f"{size} is over the budget of {budget}"
    if decision.seconds(decision.stored | with_others([store])) < decision.seconds(decision.stored):
        taken = size_text(sum(map(decision.bytes, decision.stored)))
        return f"{size} beside the other stores, {taken}, is over the budget of {budget}"
    if need.passes["train"] <= need.views:
        return "every example is looked at once"
    return f"storing {size} would save nothing: to compute it again is no slower"


def _describe_inputs(level: str | None) -> str:
    return "; decoded examples are stored" if level == INPUT else ""
