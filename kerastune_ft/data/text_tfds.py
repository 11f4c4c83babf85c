"""Texts by their TensorFlow Datasets name: the embedded sets, and any builder that has been prepared here."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from kerastune_ft.config.data import Named, TfdsData
from kerastune_ft.config.tasks import Task
from kerastune_ft.data import embedded
from kerastune_ft.data.fingerprint import combined_fingerprint
from kerastune_ft.data.generated import check_embedded, named_spans
from kerastune_ft.data.labels import OneEach, RawLabels, number_labels
from kerastune_ft.data.source import SPLITS, DataSource, Report, describe
from kerastune_ft.data.splits import Examples, choose_splits
from kerastune_ft.data.texts import Texts, TextSource, identity, notes_on, present, shortened
from kerastune_ft.errors import DataError

# Counted up when what is stored changes, so that an older store is not taken for one of today.
_STORE_VERSION = 1


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
    names = [f"{key}: {shortened(texts)}" for key, texts in zip(every.keys, every.texts, strict=True)]
    kept, skipped = present(every.texts, names, options.on_missing, options.name)
    read = every.of(kept)
    labels = number_labels(read.raw(read.labels), read.keys, task_options, options.name)
    chosen = choose_splits(
        options.splits, read.splits, replace(Examples.labelled(read.keys, labels, read.groups), noun="text")
    )
    contents = [identity(texts) for texts in read.texts]
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
        OneEach,
        [f"{options.name}[{index}]" for index in every],
        None,
        splits,
        (f"{options.name} is synthetic: its texts are computed, and metrics on it say nothing else",),
    )


def _prepared(options: TfdsData, directory: Path, report: Report) -> _Read:
    from kerastune_ft.data import prepared

    builder = prepared.opened_builder(options)
    features, info = builder.info.features, builder.info
    supervised = info.supervised_keys or (None, None)
    given = options.input or supervised[0]
    inputs = [
        prepared.feature_name(builder, "input", name) for name in (given if isinstance(given, tuple) else [given])
    ]
    label = prepared.feature_name(builder, "label", options.label or supervised[-1])
    group = None if options.group is None else prepared.feature_name(builder, "group", options.group)
    _check_texts(builder, inputs)
    bases, notes = prepared.bases_read(builder, options.splits)
    facts = _stored(builder, [*inputs, label, *([group] if group else [])], len(inputs), bases, directory, report)
    if isinstance(options.splits, Named):
        natural = prepared.named_splits(builder, options.splits, facts["ranges"])
    else:
        natural = {name: np.arange(*facts["ranges"][name]) for name in bases if name in SPLITS}
    return _Read(
        info.full_name,
        [tuple(texts) for texts in facts["texts"]],
        facts["labels"],
        lambda labels: prepared.raw_labels(labels, features[label], label),
        facts["keys"],
        facts["groups"] if group else None,
        natural,
        tuple(notes),
    )


def _check_texts(builder: Any, inputs: Sequence[str]) -> None:
    import tensorflow_datasets as tfds

    features = builder.info.features
    for name in inputs:
        if not isinstance(features[name], tfds.features.Text):
            usable = [other for other, feature in features.items() if isinstance(feature, tfds.features.Text)]
            raise DataError(
                f'data.input: the feature "{name}" of {builder.info.full_name} is {features[name]}, not text.\n'
                f"Text features are {', '.join(usable) or 'none'}."
            )


def _stored(
    builder: Any, names: Sequence[str], inputs: int, bases: list[str], directory: Path, report: Report
) -> dict[str, Any]:
    """Return the examples of the builder's splits, read once into the cache directory."""
    from kerastune_ft.data import prepared

    facts = prepared.file_facts(builder, bases)
    address = json.dumps(["texts", _STORE_VERSION, builder.info.full_name, *names, inputs, bases, facts])
    target = directory / f"{hashlib.sha256(address.encode()).hexdigest()[:32]}.json"
    directory.mkdir(parents=True, exist_ok=True)
    with FileLock(target.with_suffix(".lock")):
        if not target.exists():
            report(f"reading {builder.info.full_name} into the cache, once")
            found: dict[str, Any] = {"texts": [], "labels": [], "groups": [], "keys": [], "ranges": {}}
            for name in bases:
                start = len(found["keys"])
                for position, values in enumerate(_examples(builder, names, name)):
                    found["texts"].append(values[:inputs])
                    found["labels"].append(values[inputs])
                    found["groups"] += values[inputs + 1 :]
                    found["keys"].append(f"{name}[{position}]")
                found["ranges"][name] = [start, len(found["keys"])]
            partial = target.with_suffix(".partial")
            partial.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
            os.replace(partial, target)
    read: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))
    return read


def _examples(builder: Any, names: Sequence[str], split: str) -> Iterator[list[Any]]:
    """Give the values of these features of every example, as text, in the order that TFDS slices count."""
    import tensorflow_datasets as tfds

    from kerastune_ft.data.prepared import label_text

    order = tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False)
    wanted = tfds.decode.PartialDecoding(dict.fromkeys(names, True))
    kinds = [builder.info.features[name] for name in names]
    for example in builder.as_dataset(split=split, read_config=order, decoders=wanted).as_numpy_iterator():
        yield [_value(example[name], kind, label_text) for name, kind in zip(names, kinds, strict=True)]


def _value(value: Any, kind: Any, text: Callable[[Any, Any], str]) -> Any:
    inner = getattr(kind, "feature", kind)
    return [text(one, inner) for one in value] if np.ndim(value) else text(value, inner)
