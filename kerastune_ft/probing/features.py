"""Pooled features of training and validation examples at one or several cuts, read through the feature stores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.config.options.phases import Phase
from kerastune_ft.config.options.runtime import effective_cache
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph import costs
from kerastune_ft.graph.partition import Stage
from kerastune_ft.probing.cuts import pool_cuts
from kerastune_ft.stores.budget import budget_bytes
from kerastune_ft.training.devices.devices import Devices
from kerastune_ft.training.features.feed import PhaseFeed
from kerastune_ft.training.features.store_key import row_bytes as bytes_of
from kerastune_ft.training.phase.evaluate import evaluate_split
from kerastune_ft.training.plan import build as planning
from kerastune_ft.training.plan.cache_plan import CUT, NOT_AUGMENTED, CachedFeatures, CachePlan, FeatureUse
from kerastune_ft.training.plan.feature_usage import flops_rate, mean_length
from kerastune_ft.training.plan.phase_plan import PhasePlan, Plan
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.watch import Watcher

SPLITS = ("train", "validation")
"""The splits that probes read."""
# By the place of a tensor among the features.
_KEY = "features{:03d}"
_HEAD_ONLY = {"name": "probe", "unfreeze": "none", "epochs": 1, "learning_rate": 0.001}


@dataclass(frozen=True)
class PooledFeatures:
    """Features of the examples of both splits, one row for each, and their targets as the task makes them."""

    features: Mapping[str, Mapping[str, np.ndarray]]
    """By the name of the cut and by split, float32 [examples, features]."""
    targets: Mapping[str, np.ndarray]
    """By split."""
    bytes: int
    """Bytes that the rows take in the feature store; 0 where none is kept."""
    computing_seconds: float
    """Seconds that rows took that were not stored before; 0 where all were."""


def estimate_seconds(session: Session, splits: Sequence[str] = SPLITS) -> float:
    """Return the seconds of a pass over the examples of these splits, by the sums that plans estimate by."""
    examples = sum(len(session.examples.splits[split]) for split in splits)
    flops = examples * costs.forward_flops(session.backbone.model, mean_length(session))
    return flops / flops_rate(session.devices)[0]


def head_only(session: Session) -> Session:
    """Return the session with a schedule of one phase that trains the head, in the batches of the first phase."""
    first = session.config.phases[0]
    phase = Phase.model_validate({**_HEAD_ONLY, "batch_size": first.batch_size, "cache": first.cache})
    return session.with_phases([phase])


def read_final(session: Session, watch: Watcher) -> PooledFeatures:
    """Return what the head gets from the frozen backbone: the features at the cut of a phase that trains it alone.

    Where the first phase of the session's schedule is such a phase, its runs read the same rows. The cut is named
    `features`.
    """
    plan = _plan_first_phase(session)
    return _read_first_phase(session, plan, ("features",), watch)


def read_pooled(session: Session, watch: Watcher, splits: Sequence[str]) -> dict[str, np.ndarray]:
    """Return by part one row for each example, split after split, of what the head gets of it, float32.

    A single input is a part without a name. Maps are averaged over their positions, so that tasks whose heads read maps
    have rows too. The rows are those that `read_final` reads, and that runs read which begin with the head alone.
    """
    plan = _plan_first_phase(session)
    found = _measure_splits(session, plan, _Collect(session.devices, _to_means), watch, splits)
    first = found[splits[0]]
    keys = {part.name: [_KEY.format(place) for place in part.places] for part in plan.phases[0].partition.parts}
    return {
        name: np.concatenate([_join_rows(found[split], own) for split in splits])
        for name, own in (keys or {"": sorted(first)}).items()
    }


def _join_rows(rows: Mapping[str, np.ndarray], keys: Sequence[str]) -> np.ndarray:
    """Return the rows of several tensors beside each other; those of masks are not among them."""
    joined: np.ndarray = np.concatenate([rows[key] for key in keys if key in rows], axis=1)
    return joined


def read_cuts(session: Session, units: Sequence[str], watch: Watcher) -> PooledFeatures:
    """Return pooled features at the cuts below these units, and what the head gets, all from one pass.

    A cut has the name of the first unit above it; the last one is named `features`. Maps and sequences are averaged
    over their positions, of texts without the padding.
    """
    plan = planning.make(head_only(session))
    phase = plan.phases[0]
    prefix = phase.partition.prefix
    if prefix is None or not phase.stages:
        return _read_first_phase(session, plan, ("features",), watch)
    names = (*units, "features")
    tensors = [*pool_cuts(session, units), *_flatten(prefix.outputs)]
    model = keras.Model(prefix.input, tensors if len(tensors) > 1 else tensors[0])
    stage = Stage(model, tuple(tensors), tuple(f"probe_{name}" for name in names))
    probe = replace(phase, stages=(stage,))
    return _read_first_phase(session, replace(plan, phases=(probe,)), names, watch)


def _flatten(tensors: Sequence[Any]) -> list[Any]:
    """Return symbolic tensors as a list of one, with a row of features for each example."""
    flat = [keras.layers.Flatten(name=f"probe_flat{number}")(each) for number, each in enumerate(tensors)]
    return [keras.layers.Concatenate(name="probe_features")(flat)] if len(flat) > 1 else flat


def _plan_first_phase(session: Session) -> Plan:
    """Return the plan of the session's own schedule if it begins with the head alone, else that of such a phase."""
    try:
        plan = planning.make(session)
    except ConfigError:
        # Units that this backbone does not have.
        return planning.make(head_only(session))
    first = plan.phases[0]
    is_alike = not first.selection.units and first.stages and first.image_size is None
    return plan if is_alike else planning.make(head_only(session))


def _read_first_phase(session: Session, plan: Plan, names: Sequence[str], watch: Watcher) -> PooledFeatures:
    """Return the features that the first phase of a plan reads, divided over the cuts of these names."""
    watch = _Timing(watch)
    collect = _Collect(session.devices, _to_rows)
    features: dict[str, dict[str, np.ndarray]] = {name: {} for name in names}
    targets: dict[str, np.ndarray] = {}
    for split, found in _measure_splits(session, plan, collect, watch, SPLITS).items():
        targets[split] = found["targets"]
        parts = [found[key] for key in sorted(found) if key != "targets"]
        if len(names) == 1:
            parts = [np.concatenate(parts, axis=1)]
        for name, part in zip(names, parts, strict=True):
            features[name][split] = part
    decision = _decide(session, plan.phases[0], SPLITS)
    return PooledFeatures(features, targets, sum(map(decision.bytes, decision.stored)), watch.seconds)


def _measure_splits(
    session: Session, plan: Plan, collect: _Collect, watch: Watcher, splits: Sequence[str]
) -> dict[str, Mapping[str, np.ndarray]]:
    """Return what is collected of the features that the first phase of a plan reads, by split."""
    phase = plan.phases[0]
    plan = replace(plan, phases=(phase,), decision=_decide(session, phase, splits))
    with PhaseFeed() as feeds:
        feed = feeds.for_phase(session, plan, phase, watch)
        return {
            split: evaluate_split(
                collect, session.devices, feed, session.source.splits[split], phase.batch_size
            ).measured
            for split in splits
        }


class _Timing(Watcher):
    """Passes on notes and progress, and adds up the seconds in which features were computed."""

    def __init__(self, watch: Watcher) -> None:
        self._watch, self.seconds = watch, 0.0

    def note(self, text: str) -> None:
        self._watch.note(text)

    def work(self, what: str, done: int, total: int) -> None:
        self._watch.work(what, done, total)

    def add_time(self, part: str, seconds: float) -> None:
        self.seconds += seconds


def _decide(session: Session, phase: PhasePlan, splits: Sequence[str]) -> CachePlan:
    """Return the decision to store the features at the cut of a phase, where they may be stored and have room."""
    sizes = {split: len(session.source.splits[split]) for split in splits}
    budget = budget_bytes(session.config.runtime.cache_budget, session.cache / "features")
    uses = []
    for part in session.parts:
        stages = phase.cut_at(None).stages_of(part)
        stores: dict[str, CachedFeatures] = {}
        if stages and effective_cache(phase.phase, session.config.runtime) != "off":
            names = tuple(stage.cut_names for stage in stages)
            tensors = [tf.TensorSpec(tensor.shape[1:], tensor.dtype) for tensor in stages[-1].cut]
            stores[CUT] = CachedFeatures(names, -1, NOT_AUGMENTED, bytes_of(tensors), part=part)
        passes = dict.fromkeys(splits, 1)
        uses.append(FeatureUse(phase.index, fresh=False, views=1, passes=passes, stores=stores, part=part))
    decision = CachePlan(tuple(uses), sizes, budget)
    stored: list[CachedFeatures] = []
    for store in (store for use in uses for store in use.stores.values()):
        if sum(map(decision.bytes, [*stored, store])) <= budget:
            stored.append(store)
    return replace(decision, stored=frozenset(stored))


class _Collect:
    """Measures nothing: gives features, one row for each example, and what else `to_rows` makes of a batch."""

    def __init__(self, devices: Devices, to_rows: Callable[[Any, Any], dict[str, tf.Tensor]]) -> None:
        self._devices, self._to_rows = devices, to_rows
        self._call = tf.function(self._run, autograph=False)

    def measure(self, features: Any, targets: Any) -> Any:
        """Return rows of each example by name."""
        return self._call(features, targets)

    def find_many(self, rows: int) -> None:
        """Return nothing: every batch is a call of its own."""

    def _run(self, features: Any, targets: Any) -> Any:
        return self._devices.strategy.run(self._to_rows, args=(features, targets))


def _to_rows(features: Any, targets: Any) -> dict[str, tf.Tensor]:
    """Return the tensors of the features by number, [batch, features], and the targets."""
    flat = [
        tf.reshape(tf.cast(tensor, tf.float32), [tensor.shape[0], -1])
        for tensor in tf.nest.flatten(features)
        if tensor.dtype.is_floating
    ]
    return {"targets": targets, **{_KEY.format(number): tensor for number, tensor in enumerate(flat)}}


def _to_means(features: Any, targets: Any) -> dict[str, tf.Tensor]:
    """Return the tensors of the features by number, their means over positions, [batch, features]."""
    return {
        _KEY.format(number): tf.reduce_mean(tf.cast(tensor, tf.float32), axis=list(range(1, tensor.shape.rank - 1)))
        for number, tensor in enumerate(tf.nest.flatten(features))
        if tensor.dtype.is_floating
    }
