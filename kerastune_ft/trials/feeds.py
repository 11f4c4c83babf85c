"""Feeds of features that several trials read: opened once where the weights below them are the pretrained ones."""

from __future__ import annotations

import hashlib
import weakref
from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np

from kerastune_ft.training.features.feed import Feed, PhaseFeed
from kerastune_ft.training.plan.phase_plan import PhasePlan, Plan
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.watch import Watcher

# Each may hold its features in memory.
_MOST_FEEDS = 2
# What of a phase its feed does not depend on; `sampling` is none of it, as it draws the partners of mixing.
_NOT_OF_FEEDS = {
    "learning_rate", "weight_decay", "dropout", "epochs", "steps", "optimizer", "clip_norm", "monitor", "start_from",
    "early_stopping", "label_smoothing", "class_weights", "ema", "l2_sp", "keep_if_better", "on_divergence",
}  # fmt: skip


class _Held(NamedTuple):
    model: weakref.ReferenceType[keras.Model]
    """The model that the feed reads for: its id, which stands in the key, may be that of a later one."""
    feed: PhaseFeed


class SharedFeeds(PhaseFeed):
    """The feeds of the trials of a search; a context manager that closes them."""

    def __init__(self) -> None:
        super().__init__()
        self._held: dict[tuple, _Held] = {}
        self._own = PhaseFeed()

    def __exit__(self, *error: object) -> None:
        for each in (self._own, *(held.feed for held in self._held.values())):
            each.__exit__(*error)
        self._held.clear()

    def for_phase(self, session: Session, plan: Plan, phase: PhasePlan, watch: Watcher) -> Feed:
        """Return the feed of a phase; that of an earlier trial where it reads the same features."""
        key = _describe(session, plan, phase)
        # What a phase of this trial alone reads is let go with the next phase.
        self._own.__exit__()
        if key is None:
            self._own = PhaseFeed()
            return self._own.for_phase(session, plan, phase, watch)
        held = self._held.pop(key, None)
        if held is None or held.model() is not session.model:
            if held is not None:
                held.feed.__exit__()
            held = _Held(weakref.ref(session.model), PhaseFeed())
        while len(self._held) >= _MOST_FEEDS:
            self._held.pop(next(iter(self._held))).feed.__exit__()
        self._held[key] = held
        return held.feed.for_phase(session, plan, phase, watch)


def _describe(session: Session, plan: Plan, phase: PhasePlan) -> tuple | None:
    """Return what decides the features of a phase; None where they follow from what this trial has trained."""
    needs = plan.decision.of_phase(phase.index)
    stored = {store for need in needs for store in need.stores.values() if store in plan.decision.stored}
    if any(store.state >= 0 for store in stored):
        return None
    names = tuple(
        tuple(stage.cut_names for stage in part.stages) for part in (phase.cut_at(phase.image_size), phase.cut_at(None))
    )
    # Folds divide the same examples, of which stores have the rows in any division.
    rows = tuple(
        (store.id, _hash_examples(session, plan.decision.splits(store)))
        for store in sorted(stored, key=lambda each: each.id)
    )
    views = tuple(need.views for need in needs)
    # Those of another fold are among the examples that this one is measured on.
    partners = None if phase.mixing is None else phase.mixing.partners.hash(session.examples.contents)
    options = phase.phase.model_dump_json(exclude=_NOT_OF_FEEDS)
    return (id(session.model), phase.index, plan.chunk, names, rows, views, partners, options)


def _hash_examples(session: Session, splits: Sequence[str]) -> str:
    examples = np.unique(np.concatenate([session.examples.splits[split] for split in splits]))
    return hashlib.sha256(examples.astype(np.int64).tobytes()).hexdigest()
