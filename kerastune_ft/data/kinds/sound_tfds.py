"""Sounds by their TensorFlow Datasets name: the embedded set, and any builder that has been prepared here.

Samples are written once, in order, into one file of the cache directory, and read from there by index.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from kerastune_ft.config.options.data import Named, TfdsData
from kerastune_ft.config.options.tasks import Task
from kerastune_ft.data import embedded
from kerastune_ft.data.files.fingerprint import combined_fingerprint, content_identity
from kerastune_ft.data.kinds.embedded import check_embedded, named_spans
from kerastune_ft.data.labels.labels import RawLabels, SingleLabels, number_labels
from kerastune_ft.data.record_store import Entry, RecordStore, open_record_store
from kerastune_ft.data.records import describe
from kerastune_ft.data.sounds.sample_source import SoundSource, sample_rate_of
from kerastune_ft.data.sounds.wav import UnusableSoundError, check_level
from kerastune_ft.data.source import DataSource, Report
from kerastune_ft.data.splits.choose import choose_splits
from kerastune_ft.data.splits.examples import SplitExamples
from kerastune_ft.errors import DataError

# Counted up when what is stored changes, so that an older store is not taken for one of today.
_STORE_VERSION = 2


@dataclass(frozen=True)
class _Read:
    """A data set in its own order."""

    name: str
    store: RecordStore
    dtype: np.dtype
    """Of the samples as they are stored."""
    raw: Callable[[Sequence[Any]], RawLabels]
    rate: int
    splits: Mapping[str, np.ndarray]
    """The splits it has, or those that data.splits names."""
    notes: tuple[str, ...]

    def samples(self, index: int) -> np.ndarray:
        return np.frombuffer(self.store.content(index), self.dtype)


def open_source(options: TfdsData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open the sounds of an embedded data set, or of a prepared builder."""
    directory = cache_directory / "tfds"
    is_embedded = options.name in embedded.SOUNDS
    read = _embedded(options, directory, report) if is_embedded else _prepared(options, directory, report)
    store = read.store
    labels = number_labels(read.raw(store.labels), store.keys, task_options, options.name)
    groups = store.groups or None
    examples = replace(SplitExamples.labelled(store.keys, labels, groups), noun="sound")
    chosen = choose_splits(options.splits, read.splits, examples)
    contents = [content_identity(digest, read.rate) for digest in store.hashes]
    catalogue = describe(
        "tfds",
        read.name,
        labels,
        chosen,
        combined_fingerprint(zip(store.keys, store.label_texts(), contents, strict=True)),
        store.keys,
        contents,
        groups,
        notes=(*read.notes, *chosen.notes),
    )
    return SoundSource(catalogue, read.samples, np.diff(store.offsets) // read.dtype.itemsize, read.rate)


def _embedded(options: TfdsData, directory: Path, report: Report) -> _Read:
    check_embedded(options)
    source, dtype = embedded.embedded_sounds(options.name), np.dtype(np.int16)

    def entries(name: str) -> Iterator[Entry]:
        for index in range(source.EXAMPLES):
            yield _entry(source.sound(index), source.CLASSES[source.label(index)], [], dtype, f"{name}[{index}]")

    sample = hashlib.sha256(source.sound(0).tobytes()).hexdigest()
    store = open_record_store(
        ["sounds", _STORE_VERSION, "embedded", options.name, source.VERSION, sample],
        [options.name],
        entries,
        directory,
        lambda: report(f"generating the {source.EXAMPLES} sounds of {options.name} into the cache, once"),
    )
    natural = {split: np.arange(span.start, span.stop) for split, span in source.SPLITS.items()}
    splits = named_spans(options.splits, natural, options.name) if isinstance(options.splits, Named) else natural
    note = f"{options.name} is synthetic: its sounds are computed, and metrics on it say nothing else"
    return _Read(options.name, store, dtype, SingleLabels, source.SAMPLE_RATE, splits, (note,))


def _prepared(options: TfdsData, directory: Path, report: Report) -> _Read:
    import tensorflow_datasets as tfds

    from kerastune_ft.data.kinds import tfds_builder

    builder = tfds_builder.opened_builder(options)
    features, info = tfds_builder.features_read(builder, options, tfds.features.Audio, "audio"), builder.info
    sound = info.features[features.inputs[0]]
    rate, rate_notes = sample_rate_of(getattr(sound, "sample_rate", None), options.sample_rate, info.full_name)
    bases, notes = tfds_builder.bases_read(builder, options.splits)
    dtype = np.dtype(np.int16 if np.issubdtype(sound.np_dtype, np.integer) else np.float32)

    def entries(split: str) -> Iterator[Entry]:
        for position, ((samples,), label, group) in enumerate(tfds_builder.examples(builder, features, split)):
            yield _entry(np.asarray(samples), label, group, dtype, f"{split}[{position}]")

    store = open_record_store(
        ["sounds", _STORE_VERSION, "prepared", *tfds_builder.address(builder, features, bases)],
        bases,
        entries,
        directory,
        lambda: report(f"reading {info.full_name} into the cache, once"),
    )
    return _Read(
        info.full_name,
        store,
        dtype,
        lambda labels: tfds_builder.raw_labels(builder, features, labels),
        rate,
        tfds_builder.natural_splits(builder, options.splits, bases, store.ranges),
        (*rate_notes, *notes),
    )


def _entry(samples: np.ndarray, label: str | list[str], group: list[str], dtype: np.dtype, key: str) -> Entry:
    """Return a sound as it is stored; raise DataError where that cannot hold it."""
    if samples.ndim != 1 or not len(samples):
        raise DataError(f"data.input: {key} has samples of shape {list(samples.shape)}; a sound is one channel.")
    written = samples.astype(dtype)
    if not np.array_equal(written, samples):
        raise DataError(f"data.input: {key} has samples of more than 16 bits, or none that are numbers.")
    try:
        check_level(written)
    except UnusableSoundError as problem:
        raise DataError(f"data.input: {key} {problem}.") from problem
    return Entry(written.tobytes(), label, group)
