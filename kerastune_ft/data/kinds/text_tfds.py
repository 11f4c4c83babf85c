"""Texts by their TensorFlow Datasets name: the embedded sets, and any builder that has been prepared here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from kerastune_ft.config.options.data import Named, TfdsData
from kerastune_ft.config.options.tasks import Task
from kerastune_ft.data import embedded
from kerastune_ft.data.files.fingerprint import combined_fingerprint
from kerastune_ft.data.kinds.embedded import check_embedded, named_spans
from kerastune_ft.data.labels.labels import RawLabels, SingleLabels, number_labels
from kerastune_ft.data.record_store import Entry, open_record_store
from kerastune_ft.data.records import describe
from kerastune_ft.data.source import DataSource, Report
from kerastune_ft.data.splits.choose import choose_splits
from kerastune_ft.data.splits.examples import SplitExamples
from kerastune_ft.data.texts import Texts, TextSource, find_complete, notes_on, shorten, text_identity

# Counted up when what is stored changes, so that an older store is not taken for one of today.
_STORE_VERSION = 2


@dataclass(frozen=True)
class _Read:
    """The examples of a data set in its own order."""

    name: str
    texts: Sequence[Texts]
    labels: Sequence[Any]
    """One text each, or a list of texts each."""
    raw: Callable[[Sequence[Any]], RawLabels]
    keys: Sequence[str]
    groups: Sequence[str] | None
    splits: Mapping[str, np.ndarray]
    """The splits it has, or those that data.splits names."""
    notes: tuple[str, ...]

    def of(self, kept: Sequence[int]) -> _Read:
        """Return some of the examples."""
        places = np.full(len(self.keys), -1, np.int64)
        places[kept] = np.arange(len(kept))
        return replace(
            self,
            texts=[self.texts[index] for index in kept],
            labels=[self.labels[index] for index in kept],
            keys=[self.keys[index] for index in kept],
            groups=None if self.groups is None else [self.groups[index] for index in kept],
            splits={name: places[indices][places[indices] >= 0] for name, indices in self.splits.items()},
        )


def open_source(options: TfdsData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open the texts of an embedded data set, or of a prepared builder."""
    if options.name in embedded.TEXTS:
        every = _embedded(options)
    else:
        every = _prepared(options, cache_directory / "tfds", report)
    names = [f"{key}: {shorten(texts)}" for key, texts in zip(every.keys, every.texts, strict=True)]
    kept, skipped = find_complete(every.texts, names, options.on_missing, options.name)
    read = every.of(kept)
    labels = number_labels(read.raw(read.labels), read.keys, task_options, options.name)
    chosen = choose_splits(
        options.splits, read.splits, replace(SplitExamples.labelled(read.keys, labels, read.groups), noun="text")
    )
    contents = [text_identity(texts) for texts in read.texts]
    said = [json.dumps(label) if isinstance(label, list) else label for label in read.labels]
    return TextSource(
        describe(
            "tfds",
            read.name,
            labels,
            chosen,
            combined_fingerprint(zip(read.keys, said, contents, strict=True)),
            read.keys,
            contents,
            read.groups,
            skipped=skipped,
            notes=(*read.notes, *chosen.notes, *notes_on(read.texts, skipped, labels, chosen.splits)),
        ),
        read.texts,
    )


def _embedded(options: TfdsData) -> _Read:
    check_embedded(options)
    source = embedded.embedded_texts(options.name)
    every = range(source.EXAMPLES)
    is_number = len(source.CLASSES) == 1
    labels = [str(source.label(index)) if is_number else source.CLASSES[int(source.label(index))] for index in every]
    natural = {split: np.arange(span.start, span.stop) for split, span in source.SPLITS.items()}
    splits = named_spans(options.splits, natural, options.name) if isinstance(options.splits, Named) else natural
    return _Read(
        options.name,
        [source.text(index) for index in every],
        labels,
        SingleLabels,
        [f"{options.name}[{index}]" for index in every],
        None,
        splits,
        (f"{options.name} is synthetic: its texts are computed, and metrics on it say nothing else",),
    )


def _prepared(options: TfdsData, directory: Path, report: Report) -> _Read:
    import tensorflow_datasets as tfds

    from kerastune_ft.data.kinds import tfds_builder

    builder = tfds_builder.opened_builder(options)
    features = tfds_builder.features_read(builder, options, tfds.features.Text, "text", pairs=True)
    full_name = builder.info.full_name
    bases, notes = tfds_builder.bases_read(builder, options.splits)

    def entries(split: str) -> Iterator[Entry]:
        for texts, label, group in tfds_builder.examples(builder, features, split):
            yield Entry(json.dumps([text.decode() for text in texts]).encode(), label, group)

    store = open_record_store(
        ["texts", _STORE_VERSION, *tfds_builder.address(builder, features, bases)],
        bases,
        entries,
        directory,
        lambda: report(f"reading {full_name} into the cache, once"),
    )
    return _Read(
        full_name,
        [tuple(json.loads(store.content(index))) for index in range(len(store.keys))],
        store.labels,
        lambda labels: tfds_builder.raw_labels(builder, features, labels),
        store.keys,
        store.groups if features.group else None,
        tfds_builder.natural_splits(builder, options.splits, bases, store.ranges),
        tuple(notes),
    )
