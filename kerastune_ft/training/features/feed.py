"""Feeds the trained part of a phase with batches of features: read from a store, or computed from inputs."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import tensorflow as tf

from kerastune_ft.errors import explain_memory
from kerastune_ft.graph.partition import CutModel, Partition
from kerastune_ft.graph.parts import Part, join_parts
from kerastune_ft.graph.rebuild.image_size import Size
from kerastune_ft.input.augmentation import Augmentation
from kerastune_ft.input.loader import Loader, Lookup
from kerastune_ft.input.order import Order
from kerastune_ft.input.several.several_loader import ColumnRows
from kerastune_ft.training.devices.devices import Devices
from kerastune_ft.training.devices.memory import find_limit
from kerastune_ft.training.features.extraction import FeatureExtractor
from kerastune_ft.training.features.memory_rows import count_bytes, find_room, hold_rows
from kerastune_ft.training.features.prefix import Prefix
from kerastune_ft.training.features.store_rows import JointRows, StoredByLength, StoredFeatures
from kerastune_ft.training.plan import memory
from kerastune_ft.training.plan.cache_plan import FeatureUse
from kerastune_ft.training.plan.phase_plan import PhasePlan, Plan, augmentation
from kerastune_ft.training.profiling.clock import DECODING, FROZEN, OFF, READING, Clock
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.watch import Watcher

# Reads that are made ahead while a batch is computed; small batches are read together, up to this many bytes.
_AHEAD, _READ_BYTES = 2, 1 << 20
# Bytes of the batches that are stacked for compiled calls of many steps.
_STACK_BYTES = 1 << 24
_STORED = (StoredFeatures, StoredByLength)
_STORED_ROWS = (StoredFeatures, ColumnRows)

Value = TypeVar("Value")


@dataclass(frozen=True)
class Supply:
    """The source of features for training, or for validation and test; these may be of images of another size."""

    loader: Loader
    prefix: Prefix
    stored: Lookup | None = None
    """Stored features of the cut below stage `first`; None where they are computed from inputs."""
    first: int = 0
    """The first stage that is left to compute."""
    decoded: Lookup | None = None
    """Stored decoded inputs, where there are no stored features."""
    parts: tuple[Supply, ...] = ()
    """The sources of the parts of examples with several inputs, in the order of `cut`; none for a single input."""
    cut: tuple[Part, ...] = ()
    """Those parts, which say where the features of each are among those that the tail takes."""

    def without_stores(self) -> Supply:
        """Return the same features, computed from inputs."""
        parts = tuple(part.without_stores() if part.prefix.stages else part for part in self.parts)
        return Supply(self.loader, self.prefix, parts=parts, cut=self.cut)

    @property
    def is_stored(self) -> bool:
        """Whether features, or those of a part, are read from a store."""
        if self.parts:
            return any(isinstance(part.stored, _STORED) for part in self.parts)
        return self.stored is not None

    @property
    def rows(self) -> StoredFeatures | JointRows | None:
        """The features as rows of one shape that need nothing computed; None where they are something else."""
        if self.parts:
            rows = [part.rows for part in self.parts]
            return JointRows(self.cut, tuple(each for each in rows if each is not None)) if all(rows) else None
        needs_nothing = self.first == len(self.prefix.stages)
        is_row = isinstance(self.stored, _STORED_ROWS)
        return self.stored if needs_nothing and is_row else None  # type: ignore[return-value]


@dataclass(frozen=True)
class Feed:
    """Gives the batches of one phase, (features, targets, weights, indices) divided over the replicas."""

    devices: Devices
    training: Supply
    plain: Supply
    """Features for validation and test; never augmented."""
    augmentation: Augmentation | None = None
    clock: Clock = OFF
    """Who measures what is waited for."""

    @property
    def loader(self) -> Loader:
        """Return the loader of what is measured."""
        return self.plain.loader

    def training_batches(self, order: Order, epoch: int) -> Iterable[tuple]:
        """Return the batches of an epoch's order, augmented as the phase augments them."""
        return self._batches(self.training, order, self.augmentation, epoch)

    def evaluation_batches(self, order: Order) -> Iterable[tuple]:
        """Return the batches of an order without augmentation, for validation and test."""
        return self._batches(self.plain, order, None, 0)

    def can_stack(self, supply: Supply) -> bool:
        """Return whether batches are rows of one shape that are stored and need nothing computed, on one replica."""
        return supply.rows is not None and not self.devices.is_distributed

    def training_stacks(self, order: Order, epoch: int) -> Iterator[tuple]:
        """Return the batches of `training_batches` in stacks: arrays [batches, batch, ...] as tensors."""
        return self._stacks(self.training, order, self.augmentation, epoch)

    def evaluation_stacks(self, order: Order) -> Iterator[tuple]:
        """Return the batches of `evaluation_batches` in stacks: arrays [batches, batch, ...] as tensors."""
        return self._stacks(self.plain, order, None, 0)

    def _stacks(self, supply: Supply, order: Order, drawn: Augmentation | None, epoch: int) -> Iterator[tuple]:
        stored = supply.rows
        assert stored is not None
        batches = max(1, _STACK_BYTES // (order.batch * stored.row_bytes))

        def stack(array: np.ndarray) -> tf.Tensor:
            return tf.convert_to_tensor(array.reshape(-1, order.batch, *array.shape[1:]))

        def read(number: int) -> tuple:
            arrays = _read_arrays(supply, stored, order, drawn, epoch, number * batches, batches)
            return tf.nest.map_structure(stack, arrays)

        yield from self.clock.iterate(READING, _read_ahead(read, -(-order.batches // batches)))

    def _batches(self, supply: Supply, order: Order, drawn: Augmentation | None, epoch: int) -> Iterator[tuple]:
        if supply.parts:
            yield from self._join_batches(supply, order, drawn, epoch)
            return
        stored = supply.stored if supply.stored is not None else _look_up(supply.loader, drawn)
        if stored is not None:
            yield from self._read_batches(supply, stored, order, drawn, epoch)
            return
        for inputs, *others in self.clock.iterate(DECODING, self._load_batches(supply, order, drawn, epoch)):
            with self.clock.measure(FROZEN):
                features = self.clock.settle(supply.prefix(inputs))
            yield (features, *others)

    def _join_batches(self, supply: Supply, order: Order, drawn: Augmentation | None, epoch: int) -> Iterator[tuple]:
        """Yield batches with the features of all parts, of which each is read or computed by itself."""
        every = [self._batches(part, order, drawn, epoch) for part in supply.parts]
        for found in zip(*every, strict=True):
            yield (join_parts(supply.cut, [features for features, *_ in found]), *found[0][1:])

    def _load_batches(self, supply: Supply, order: Order, drawn: Augmentation | None, epoch: int) -> Iterable[tuple]:
        devices, loader, decoded = self.devices, supply.loader, supply.decoded
        if not devices.is_distributed:
            return loader.batches(order, 1, drawn, epoch, decoded)
        own = order.shard(devices.worker, devices.workers)
        return devices.strategy.distribute_datasets_from_function(
            lambda context: loader.batches(own, devices.local_replicas, drawn, epoch, decoded)
        )

    def _read_batches(
        self, supply: Supply, stored: Lookup, order: Order, drawn: Augmentation | None, epoch: int
    ) -> Iterator[tuple]:
        own = order.shard(self.devices.worker, self.devices.workers)
        # Only where all examples have one shape: batches of texts differ in length.
        batches = max(1, _READ_BYTES // (own.batch * stored.row_bytes)) if isinstance(stored, StoredFeatures) else 1

        def read(number: int) -> tuple:
            return _read_arrays(supply, stored, own, drawn, epoch, number * batches, batches)

        for arrays in self.clock.iterate(READING, _read_ahead(read, -(-own.batches // batches))):
            for at in range(0, len(arrays[-1]), own.batch):
                batch = tf.nest.map_structure(lambda array, at=at: array[at : at + own.batch], arrays)
                features, *others = self.devices.shared_out(batch)
                with self.clock.measure(FROZEN):
                    features = self.clock.settle(supply.prefix(features, supply.first))
                yield (features, *others)


class PhaseFeed:
    """Holds the feed of the current phase; it stays open for the evaluation after the last phase."""

    def __init__(self, clock: Clock = OFF) -> None:
        """`clock` measures what is waited for."""
        self._closing, self._clock = contextlib.ExitStack(), clock
        self._phase: int | None = None
        self._feed: Feed | None = None

    def __enter__(self) -> PhaseFeed:
        return self

    def __exit__(self, *error: object) -> None:
        self._closing.close()

    def for_phase(self, session: Session, plan: Plan, phase: PhasePlan, watch: Watcher) -> Feed:
        """Return the feed of a phase, with its stores filled by the frozen part as it is now.

        The stores of the phase before are closed.
        """
        if self._feed is None or self._phase != phase.index:
            self._closing.close()
            needs = plan.decision.of_phase(phase.index)
            with explain_memory(*memory.explain_features(plan.chunk, session.devices.replicas)):
                extractors = self._open_extractors(session, plan, phase, needs, watch)
                supplies = [_find_supply(extractors[need.part, need.image_size], need) for need in needs]
                supplies = _hold_in_memory(supplies, memory.step_bytes(session, phase, plan.chunk))
            by_part = [
                [own for own, need in zip(supplies, needs, strict=True) if need.part == part]
                for part in dict.fromkeys(need.part for need in needs)
            ]
            training = join_supplies(session, phase.partition, [own[0] for own in by_part])
            plain = join_supplies(session, phase.partition, [own[-1] for own in by_part])
            if all(len(own) == 1 for own in by_part):
                plain = training
            self._feed = Feed(session.devices, training, plain, augmentation(session, phase), self._clock)
            self._phase = phase.index
        return self._feed

    def _open_extractors(
        self, session: Session, plan: Plan, phase: PhasePlan, needs: Sequence[FeatureUse], watch: Watcher
    ) -> dict[tuple[str, Size | None], FeatureExtractor]:
        """Return what computes the frozen part, by part where there are several inputs, and by the size of images."""
        found: dict[tuple[str, Size | None], FeatureExtractor] = {}
        in_use: list[str] = []
        parts = session.parts
        for part, size in dict.fromkeys((need.part, need.image_size) for need in needs):
            prefix = Prefix(session.devices, phase.cut_at(size).stages_of(part), plan.chunk)
            features = FeatureExtractor(parts[part].at(size), plan, phase, prefix, watch, in_use)
            found[part, size] = self._closing.enter_context(features)
        return found


def join_supplies(session: Session, cut: Partition, supplies: Sequence[Supply]) -> Supply:
    """Return the source of features of examples with several inputs from those of its parts; of a single input that.

    Numbers and words, which are in memory, come with them.
    """
    if not cut.parts:
        (supply,) = supplies
        return supply
    nothing = Prefix(session.devices, (), 1)
    columns: Any = getattr(session.loader, "columns", None)
    own = [] if columns is None else [Supply(session.loader, nothing, columns)]
    return Supply(session.loader, nothing, parts=(*supplies, *own), cut=cut.parts)


def compute_supply(session: Session, cut: CutModel, chunk: int) -> Supply:
    """Return a source of features that computes all of them from inputs."""
    parts = [
        Supply(own.loader, Prefix(session.devices, cut.stages_of(part), chunk)) for part, own in session.parts.items()
    ]
    return join_supplies(session, cut.partition, parts)


def _find_supply(features: FeatureExtractor, need: FeatureUse) -> Supply:
    stored, first = features.lookup(need)
    decoded = None if stored is not None else features.lookup_inputs(need)
    return Supply(features.loader, features.prefix, stored, first, decoded)


def _look_up(loader: Loader, drawn: Augmentation | None) -> Lookup | None:
    """Return a lookup of inputs that are in memory, as an augmentation changes them; None where they are loaded."""
    return loader.in_memory if drawn is None else loader.look_up(drawn)


def _read_arrays(
    supply: Supply, stored: Lookup, order: Order, drawn: Augmentation | None, epoch: int, first: int, batches: int
) -> tuple:
    """Return so many batches of an order, from the number `first` on, as arrays one after the other."""
    span = slice(first * order.batch, (first + batches) * order.batch)
    indices = order.indices[span]
    return stored(indices, epoch), supply.loader.targets(indices, drawn, epoch), order.weights[span], indices


def _hold_in_memory(supplies: list[Supply], needed: int) -> list[Supply]:
    """Return the supplies with their stored features in memory, where all have room beside steps that take `needed`."""
    stores = {id(each.stored): each.stored for each in supplies if isinstance(each.stored, _STORED)}
    if not stores or sum(map(count_bytes, stores.values())) > find_room(find_limit(("CPU",)), needed):
        return supplies
    held = {key: hold_rows(store) for key, store in stores.items()}
    return [replace(each, stored=held.get(id(each.stored), each.stored)) for each in supplies]


def _read_ahead(make: Callable[[int], Value], count: int) -> Iterator[Value]:
    """Yield `make(0)` to `make(count - 1)`, computed by a thread a little ahead where there are several."""
    if count == 1:
        yield make(0)
        return
    with ThreadPoolExecutor(1, "read") as thread:
        pending = deque(thread.submit(make, number) for number in range(min(_AHEAD, count)))
        for number in range(count):
            made = pending.popleft().result()
            if number + _AHEAD < count:
                pending.append(thread.submit(make, number + _AHEAD))
            yield made
