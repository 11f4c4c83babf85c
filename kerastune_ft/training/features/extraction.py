"""Opens the feature stores of a phase and fills them with the rows that are missing."""

from __future__ import annotations

import contextlib
import functools
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

import numpy as np
import tensorflow as tf

from kerastune_ft.config.options.byte_sizes import size_text
from kerastune_ft.config.options.runtime import effective_cache
from kerastune_ft.errors import ConfigError, DataError, ResourceError
from kerastune_ft.input.augmentation import Augmentation
from kerastune_ft.input.loader import Loader, Lookup
from kerastune_ft.stores.block import Block
from kerastune_ft.stores.budget import make_room
from kerastune_ft.stores.store import FeatureStore
from kerastune_ft.training.features import store_key
from kerastune_ft.training.features.prefix import Prefix, as_float
from kerastune_ft.training.features.store_rows import StoredByLength, StoredFeatures, StoreProgress, StoreWriter
from kerastune_ft.training.plan.cache_plan import BASE, CUT, INPUT, NOT_AUGMENTED, SHARED, CachedFeatures, FeatureUse
from kerastune_ft.training.plan.phase_plan import PhasePlan, Plan, augmentation
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.watch import Watcher
from kerastune_ft.wording import counted, first_names

# Groups that may wait to be computed or written: writing the end of a block takes as long as computing a few groups.
_WAITING, _WAITING_BYTES = 6, 1 << 26
# The fewest groups in a block.
_GROUPS = 2
# Seconds between two checks for rows that other processes have computed.
_PAUSE = 0.05
# Seconds without a new row from other processes, after which their claims are ignored.
_PATIENCE = 120.0

Bucket = TypeVar("Bucket", int, None)
"""The number of a padded length; None where all examples have one shape."""


class FeatureExtractor:
    """Opens and fills the stores of one phase; a context manager that closes them."""

    def __init__(
        self, session: Session, plan: Plan, phase: PhasePlan, prefix: Prefix, watch: Watcher, in_use: list[str]
    ) -> None:
        """Take no store yet: each is opened when it is first looked up.

        `session` has the size of images that the prefix takes. `in_use` gets the key of every store that is opened;
        those of other extractors of the phase may be in it.
        """
        self._session, self._plan, self._phase, self._watch = session, plan, phase, watch
        self.prefix, self._in_use = prefix, in_use
        self._open: dict[tuple[CachedFeatures, int | None], FeatureStore] = {}
        self._stored: dict[tuple[CachedFeatures, int], Lookup] = {}
        self._given_up: set[CachedFeatures] = set()
        self._is_required = effective_cache(phase.phase, session.config.runtime) == "required"
        self._closing = contextlib.ExitStack()

    @property
    def loader(self) -> Loader:
        """Return the loader of the inputs that features are computed from."""
        return self._session.loader

    def __enter__(self) -> FeatureExtractor:
        return self

    def __exit__(self, *error: object) -> None:
        self._closing.close()

    def lookup(self, need: FeatureUse) -> tuple[Lookup | None, int]:
        """Return the stored features for `need`, filled, and the first stage left to compute; (None, 0) without any."""
        found = self._find_stored(need, (CUT, BASE))
        return found if found is not None else (None, 0)

    def lookup_inputs(self, need: FeatureUse) -> Lookup | None:
        """Return the stored decoded inputs for `need`, filled; None where they are not stored."""
        found = self._find_stored(need, (INPUT,))
        return None if found is None else found[0]

    def _find_stored(self, need: FeatureUse, levels: Sequence[str]) -> tuple[Lookup, int] | None:
        """Return the first of these levels that is stored, filled, and the stage that follows it; None without any.

        Where the disk has no room for a store its rows are computed again in every epoch, with the same result. Where
        the phase requires the store, ConfigError or ResourceError is raised instead.
        """
        for level in levels:
            store = need.stores.get(level)
            if store not in self._plan.decision.stored or store in self._given_up:
                continue
            # Without the tensors that it shares a store is none.
            if store.shared is not None and self._find_stored(need, (BASE,)) is None:
                continue
            try:
                return self._provide_rows(need, level), len(store.stages)
            except (ConfigError, ResourceError) as error:
                if self._is_required:
                    raise
                self._given_up.add(store)
                self._watch.note(f"not stored, but computed again in every epoch: {error}")
        return None

    def _provide_rows(self, need: FeatureUse, level: str) -> Lookup:
        """Return a store with all rows of `need`; missing rows are computed from the nearest store below.

        The rows that later phases read from the store are filled as well: one pass serves the whole schedule.
        """
        store = need.stores[level]
        known = self._stored.get((store, id(need)))
        if known is None:
            known = self._stored[store, id(need)] = self._fill(need, level, store)
        return known

    def _fill(self, need: FeatureUse, level: str, store: CachedFeatures) -> Lookup:
        source, buckets = self._session.examples, self._session.loader.buckets
        examples = np.concatenate([source.splits[split] for split in self._plan.decision.splits(store)])
        if buckets is None:
            (stored,) = self._fill_all(need, level, store, {None: examples}).values()
            return stored
        numbers = [int(number) for number in np.unique(buckets[examples])]
        by_bucket = {number: examples[buckets[examples] == number] for number in numbers}
        return StoredByLength(buckets, self._fill_all(need, level, store, by_bucket))

    def _fill_all(
        self, need: FeatureUse, level: str, store: CachedFeatures, examples: Mapping[Bucket, np.ndarray]
    ) -> dict[Bucket, StoredFeatures]:
        """Fill one store for each bucket of these examples and return the stored rows by bucket."""
        fillings = [self._open_writer(store, bucket, own) for bucket, own in examples.items()]
        views = 1 if level == INPUT else need.views
        was_there = [self._fill_view(need, level, store, fillings, view) for view in range(views)]
        if all(was_there):
            count = counted(sum(len(each.ids) for each in fillings), "example")
            self._watch.note(f"features of {count}{self._describe_level(need, level, 0)} were stored before")
        return {
            bucket: each.read_back(*self._find_shared(need, store, bucket))
            for bucket, each in zip(examples, fillings, strict=True)
        }

    def _find_shared(
        self, need: FeatureUse, store: CachedFeatures, bucket: int | None
    ) -> tuple[StoredFeatures | None, tuple[int | None, ...]]:
        """Return the rows that hold the other tensors of the cut of a store, and which of them are there."""
        if store.shared is None:
            return None, ()
        rows = self._provide_rows(need, BASE)
        if isinstance(rows, StoredByLength):
            assert bucket is not None
            rows = rows.stores[bucket]
        assert isinstance(rows, StoredFeatures)
        return rows, self.prefix.stages[len(store.stages) - 1].passed

    def _open_writer(self, store: CachedFeatures, bucket: int | None, examples: np.ndarray) -> StoreWriter:
        """Open the store of these examples, which are of one bucket, for writing."""
        tensors = store_key.row_tensors(self._session, self.prefix.stages, store, bucket)
        opened = self._open_store(store, bucket, store_key.row_bytes(tensors))
        return StoreWriter(opened, tensors, examples, len(self._session.examples.keys))

    def _fill_view(
        self, need: FeatureUse, level: str, store: CachedFeatures, fillings: Sequence[StoreWriter], view: int
    ) -> bool:
        """Fill stores with a view of their examples; return whether all rows were there before."""
        contents = self._session.examples.contents
        ids = [[store_key.row_id(contents[index], view, store) for index in each.examples] for each in fillings]
        missing = [_count_missing(each.store, own) for each, own in zip(fillings, ids, strict=True)]
        place = self._describe_level(need, level, view)
        work = StoreProgress(self._watch, f"storing features{place}", sum(missing))
        began, elsewhere = time.monotonic(), 0.0
        for filling, own, lacking in zip(fillings, ids, missing, strict=True):
            if lacking:
                self._make_room(filling.store, lacking)
                asked = time.monotonic()
                origin = self._choose_origin(need, level, filling.examples, view)
                # The store below is filled meanwhile, and has a note of its own.
                elsewhere += time.monotonic() - asked
                self._extract(origin, filling, own, lacking, work)
            filling.add(own)
        if work.total:
            work.show(work.total)
        seconds = time.monotonic() - began - elsewhere
        if work.total:
            self._watch.add_time("features", seconds)
        if work.own:
            self._watch.note(
                f"stored features of {counted(work.own, 'example')}{place} in {seconds:.1f} s "
                f"({work.own / max(seconds, 1e-9):.0f} examples/s), {size_text(work.own_bytes)}"
            )
        return not work.total

    def _open_store(self, store: CachedFeatures, bucket: int | None, row_bytes: int) -> FeatureStore:
        if (store, bucket) not in self._open:
            root = self._session.cache / "features"
            parts = store_key.key_parts(self._session, self._plan.chunk, self.prefix.stages, store, bucket)
            about = store_key.describe_store(self._session, self.prefix.stages, store, bucket)
            opened = FeatureStore(root, parts, row_bytes, about, self._watch.note)
            self._open[store, bucket] = self._closing.enter_context(opened)
            self._in_use.append(opened.key)
        return self._open[store, bucket]

    def _extract(
        self, source: _Source, filling: StoreWriter, ids: list[bytes], missing: int, work: StoreProgress
    ) -> None:
        """Compute the missing rows; the workers of a run share the work.

        Rows that other processes have claimed are waited for as long as new ones appear.
        """
        store, left, waited = filling.store, missing, False
        heard = time.monotonic()
        while left:
            held: list[Block] = []
            try:
                share = -(-left // self._session.devices.workers)
                # A process that was stopped or hangs still has its claims.
                alone = time.monotonic() - heard > _PATIENCE
                claims = store.claim(ids, _GROUPS * self._group, waits=False, alone=alone)
                while sum(len(block.positions) for block in held) < share and (block := next(claims, None)):
                    held.append(block)
                claims.close()
                for block, rows in self._compute_blocks(source, held):
                    block.write(rows)
                    left -= len(rows)
                    work.count_computed(len(rows), len(rows) * store.row_bytes)
                    if block.is_full:
                        if source.reads_files:
                            self._check_unchanged(filling.examples[block.positions])
                        block.commit()
            finally:
                for block in held:
                    block.abandon()
            if not held:
                if not waited:
                    self._watch.note(
                        "waiting for another process that computes the same features; if it makes no progress for "
                        f"{_PATIENCE:.0f} s they are computed here"
                    )
                waited = True
                time.sleep(_PAUSE)
            still = _count_missing(store, ids)
            if held or still < left:
                heard = time.monotonic()
            work.done += left - still
            left = still

    def _check_unchanged(self, examples: np.ndarray) -> None:
        """Raise DataError where files changed since the run began: their rows would be stored under the old content."""
        changed = self._session.examples.find_changed(examples)
        if changed:
            raise DataError(
                f"data.path: {counted(len(changed), 'file')} changed since the run began: {first_names(changed, 5)}. "
                "Give the same command again once nothing writes there."
            )

    def _make_room(self, store: FeatureStore, missing: int) -> None:
        needed, budget = missing * store.row_bytes, self._plan.decision.budget
        if (
            make_room(self._session.cache / "features", needed, budget, self._in_use, self._watch.note)
            or self._is_required
        ):
            return
        raise ResourceError(
            f"{size_text(needed)} of features are more than the budget of {size_text(budget)}, or the disk of "
            f"{self._session.cache}, leaves beside stores that are in use"
        )

    def _choose_origin(self, need: FeatureUse, level: str, examples: np.ndarray, view: int) -> _Source:
        """Return the inputs that the rows of a level are computed from: the nearest store below, or the data loader."""
        store = need.stores[level]
        last = len(store.stages)
        places = store_key.find_places(self.prefix.stages, store) if last else ()
        below = self._find_stored(need, {CUT: (BASE, INPUT), BASE: (INPUT,), INPUT: ()}[level])
        drawn = None if store.variant == NOT_AUGMENTED else augmentation(self._session, self._phase)
        if below is not None and (below[1] or drawn is None):
            stored, first = below
            rows = functools.partial(self._read_below, stored, examples, view)
            return _Source(rows, first, last, places, store.row_bytes, reads_files=False)
        loader = self._session.loader
        in_memory = loader.in_memory if drawn is None else loader.look_up(drawn)
        if in_memory is not None:
            rows = functools.partial(self._read_below, in_memory, examples, view)
            return _Source(rows, 0, last, places, store.row_bytes, reads_files=False)
        decoded = below[0] if below is not None else None
        pixels = functools.partial(self._load_inputs, decoded, examples, drawn, view)
        return _Source(pixels, 0, last, places, store.row_bytes, reads_files=decoded is None)

    def _read_below(self, stored: Lookup, examples: np.ndarray, view: int, positions: np.ndarray) -> Iterator[Any]:
        """Yield groups of features from a store below."""
        for start in range(0, len(positions), self._group):
            features = stored(examples[positions[start : start + self._group]], view)
            yield tf.nest.map_structure(tf.convert_to_tensor, features)

    def _load_inputs(
        self,
        decoded: Lookup | None,
        examples: np.ndarray,
        drawn: Augmentation | None,
        view: int,
        positions: np.ndarray,
    ) -> Iterable[Any]:
        """Return groups of inputs, decoded and augmented by the data loader."""
        return self._session.loader.inputs(examples[positions], self._group, drawn, view, decoded)

    def _describe_level(self, need: FeatureUse, level: str, view: int) -> str:
        return _describe_level(need, level, view, store_key.DECODED[self._session.backbone.input.modality])

    @property
    def _group(self) -> int:
        """Return the number of examples computed together: one chunk on every replica of this process."""
        return self._plan.chunk * self._session.devices.local_replicas

    def _compute_blocks(self, source: _Source, blocks: Sequence[Block]) -> Iterator[tuple[Block, np.ndarray]]:
        """Yield blocks with their rows of bytes, in order, computed by a thread some groups ahead."""
        if not blocks:
            return
        size = self._group
        # Each block is filled up to whole groups, so that a group belongs to one block.
        filled = [np.resize(block.positions, -(-len(block.positions) // size) * size) for block in blocks]
        of_groups = [
            (block, min(size, len(block.positions) - start))
            for block in blocks
            for start in range(0, len(block.positions), size)
        ]
        pending: deque[Future[np.ndarray]] = deque()
        groups = iter(of_groups)
        waiting = min(_WAITING, _WAITING_BYTES // (size * source.row_bytes))
        # One thread only: two concurrent calls of a function that is being compiled gave wrong rows now and then.
        with ThreadPoolExecutor(1) as thread:
            for inputs in source.groups(np.concatenate(filled)):
                pending.append(thread.submit(self._compute_group, inputs, source))
                if len(pending) > 1 + waiting:
                    block, rows = next(groups)
                    yield block, pending.popleft().result()[:rows]
            for block, rows in groups:
                yield block, pending.popleft().result()[:rows]

    def _compute_group(self, inputs: Any, source: _Source) -> np.ndarray:
        """Return one row of bytes for each example of a group."""
        devices = self._session.devices
        if source.last == source.first:
            return _to_bytes(tf.nest.flatten(inputs))
        values = devices.shared_out(tf.nest.map_structure(as_float, inputs))
        values = tf.nest.flatten(self.prefix.chunk(values, source.first, source.last))
        kept = [devices.strategy.experimental_local_results(values[place]) for place in source.places]
        return np.concatenate([_to_bytes(tensors) for tensors in zip(*kept, strict=True)])


class _Source(NamedTuple):
    """The inputs that rows are computed from, and the stages that compute them."""

    groups: Callable[[np.ndarray], Iterable[Any]]
    """Returns the inputs of examples at some positions, in groups."""
    first: int
    """The first stage they go through."""
    last: int
    """The stage before which they stop."""
    places: tuple[int, ...]
    """The tensors of the cut there that a row holds; none for decoded inputs."""
    row_bytes: int
    """The bytes of a computed row."""
    reads_files: bool
    """Whether the inputs are decoded from files, which may change meanwhile."""


def _to_bytes(tensors: Iterable[Any]) -> np.ndarray:
    """Return the values of tensors [rows, ...] as bytes, uint8 [rows, row_bytes]."""
    arrays = [np.asarray(tensor) for tensor in tensors]
    packed = [np.ascontiguousarray(array).reshape(len(array), -1).view(np.uint8) for array in arrays]
    return packed[0] if len(packed) == 1 else np.concatenate(packed, axis=1)


def _describe_level(need: FeatureUse, level: str, view: int, inputs: str) -> str:
    said = [need.part] if need.part else []
    is_shared = need.stores[level] in (each.shared for each in need.stores.values())
    base = SHARED if is_shared else "what stays frozen"
    said += {INPUT: [f"decoded {inputs}"], BASE: [base], CUT: []}[level]
    if need.image_size is not None:
        said.append(f"at {need.image_size[0]} x {need.image_size[1]}")
    if level != INPUT and need.views > 1:
        said.append(f"view {view + 1} of {need.views}")
    return f" ({', '.join(said)})" if said else ""


def _count_missing(store: FeatureStore, ids: Sequence[bytes]) -> int:
    """Return how many rows a store lacks; examples with the same content have one row."""
    return len({row for row, lacks in zip(ids, store.missing(ids), strict=True) if lacks})
