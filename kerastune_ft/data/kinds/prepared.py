"""Images of prepared TensorFlow Datasets builders: read once, in order, encoded, and then by index."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from kerastune_ft.config.options.data import TfdsData
from kerastune_ft.config.options.tasks import Task
from kerastune_ft.data.files.fingerprint import combined_fingerprint
from kerastune_ft.data.images.image_source import StoredImageSource
from kerastune_ft.data.images.intensity import Intensity, encoded_range, encoded_size, map_to_png
from kerastune_ft.data.kinds import tfds_builder
from kerastune_ft.data.kinds.tfds_builder import Features
from kerastune_ft.data.labels.labels import number_labels
from kerastune_ft.data.record_store import Entry, open_record_store
from kerastune_ft.data.records import describe
from kerastune_ft.data.source import DataSource, Report
from kerastune_ft.data.splits.choose import choose_splits
from kerastune_ft.data.splits.examples import SplitExamples
from kerastune_ft.errors import DataError
from kerastune_ft.wording import counted

_LOOKED_AT = 500
_WHAT = "an image of 8 or 16 bits"
# Counted up when what is stored changes, so that an older store is not taken for one of today.
_STORE_VERSION = 3


def open_source(options: TfdsData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open a prepared builder of images."""
    builder = tfds_builder.opened_builder(options)
    features = tfds_builder.features_read(builder, options, tfds.features.Image, _WHAT)
    bases, notes = tfds_builder.bases_read(builder, options.splits)
    dtype = builder.info.features[features.inputs[0]].dtype
    if dtype not in (np.uint8, np.uint16):
        raise DataError(tfds_builder.not_this(builder, features.inputs[0], tfds.features.Image, _WHAT))
    if dtype == np.uint16 and options.intensity == "auto":
        raise DataError(_deep(builder, features, bases))
    intensity = None if options.intensity == "auto" else options.intensity
    store = open_record_store(
        ["images", _STORE_VERSION, intensity, *tfds_builder.address(builder, features, bases)],
        bases,
        lambda split: _entries(builder, features, intensity, split),
        cache_directory / "tfds",
        lambda: report(f"reading {builder.info.full_name} into the cache, once"),
    )
    raw = tfds_builder.raw_labels(builder, features, store.labels)
    labels = number_labels(raw, store.keys, task_options, options.name)
    natural = tfds_builder.natural_splits(builder, options.splits, bases, store.ranges)
    groups = store.groups if features.group is not None else None
    chosen = choose_splits(options.splits, natural, SplitExamples.labelled(store.keys, labels, groups))
    fingerprint = combined_fingerprint(zip(store.keys, store.label_texts(), store.hashes, strict=True))
    said = (*notes, *chosen.notes)
    catalogue = describe(
        "tfds", builder.info.full_name, labels, chosen, fingerprint, store.keys, store.hashes, groups, notes=said
    )
    return StoredImageSource(catalogue, store)


def _deep(builder: Any, features: Features, bases: Sequence[str]) -> str:
    """Return the message about images of 16 bits whose range of values is not given, with what the first ones hold."""
    contents = itertools.chain.from_iterable(_contents(builder, features, name) for name in bases)
    ranges = [encoded_range(content) for content, *_ in itertools.islice(contents, _LOOKED_AT)]
    low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
    return (
        f"data.intensity: the images of {builder.info.full_name} have 16 bits per channel, with values from {low:g} to "
        f"{high:g} in the first {counted(len(ranges), 'image')}.\n"
        f'Say which range becomes 0 to 255, for instance  "intensity": [{low:g}, {high:g}]  in data.'
    )


def _contents(builder: Any, features: Features, split: str) -> Iterator[tuple[bytes, str | list[str], list[str]]]:
    skipped = {features.inputs[0]: tfds.decode.SkipDecoding()}
    for (content,), label, group in tfds_builder.examples(builder, features, split, skipped):
        yield content, label, group


def _entries(builder: Any, features: Features, intensity: Intensity, split: str) -> Iterator[Entry]:
    for content, label, group in _contents(builder, features, split):
        written = content if intensity is None else map_to_png(content, intensity)
        yield Entry(written, label, group, encoded_size(written))
