"""Sounds by their TensorFlow Datasets name: the embedded set, and any builder that has been prepared here.

Samples are written once, in order, into one file of the cache directory, and read from there by index.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from kerastune_ft.config.data import Named, TfdsData
from kerastune_ft.config.tasks import Task
from kerastune_ft.data import embedded
from kerastune_ft.data.fingerprint import combined_fingerprint, content_identity
from kerastune_ft.data.generated import check_embedded, named_spans
from kerastune_ft.data.labels import OneEach, RawLabels, number_labels
from kerastune_ft.data.samples import SampleSource, own_rate
from kerastune_ft.data.source import SPLITS, DataSource, Report, describe
from kerastune_ft.data.splits import Examples, choose_splits
from kerastune_ft.errors import DataError

# Counted up when what is stored changes, so that an older store is not taken for one of today.
_STORE_VERSION = 1
_Example = tuple[np.ndarray, Any, list[str]]
"""Samples, label as text or list of texts, and the group where there is one."""


@dataclass(frozen=True)
class _Store:
    """The examples of a data set: samples one after the other, where each begins, and what is said of each."""

    samples: np.ndarray
    offsets: np.ndarray
    labels: list[Any]
    groups: list[str]
    keys: list[str]
    hashes: list[str]
    ranges: dict[str, list[int]]

    def row(self, index: int) -> np.ndarray:
        return self.samples[self.offsets[index] : self.offsets[index + 1]]


@dataclass(frozen=True)
class _Read:
    """A data set in its own order."""

    name: str
    store: _Store
    raw: Callable[[Sequence[Any]], RawLabels]
    rate: int
    splits: Mapping[str, np.ndarray]
    """The splits it has, or those that data.splits names."""
    notes: tuple[str, ...]


def open_source(options: TfdsData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open the sounds of an embedded data set, or of a prepared builder."""
    directory = cache_directory / "tfds"
    is_embedded = options.name in embedded.SOUNDS
    read = _embedded(options, directory, report) if is_embedded else _prepared(options, directory, report)
    store = read.store
    labels = number_labels(read.raw(store.labels), store.keys, task_options, options.name)
    groups = store.groups or None
    examples = replace(Examples.labelled(store.keys, labels, groups), noun="sound")
    chosen = choose_splits(options.splits, read.splits, examples)
    said = [json.dumps(label) if isinstance(label, list) else label for label in store.labels]
    contents = [content_identity(digest, read.rate) for digest in store.hashes]
    catalogue = describe(
        "tfds",
        read.name,
        labels,
        chosen,
        combined_fingerprint(zip(store.keys, said, contents, strict=True)),
        store.keys,
        contents,
        groups,
        notes=(*read.notes, *chosen.notes),
    )
    return SampleSource(catalogue, store.row, np.diff(store.offsets), read.rate)


def _embedded(options: TfdsData, directory: Path, report: Report) -> _Read:
    check_embedded(options)
    source = embedded.embedded_sounds(options.name)

    def examples(name: str) -> Iterator[_Example]:
        for index in range(source.EXAMPLES):
            yield source.sound(index), source.CLASSES[source.label(index)], []

    address = ["embedded", options.name, source.VERSION, hashlib.sha256(source.sound(0).tobytes()).hexdigest()]
    store = _stored(address, [options.name], examples, np.int16, directory, report)
    natural = {split: np.arange(span.start, span.stop) for split, span in source.SPLITS.items()}
    splits = named_spans(options.splits, natural, options.name) if isinstance(options.splits, Named) else natural
    note = f"{options.name} is synthetic: its sounds are computed, and metrics on it say nothing else"
    return _Read(options.name, store, OneEach, source.SAMPLE_RATE, splits, (note,))


def _prepared(options: TfdsData, directory: Path, report: Report) -> _Read:
    from kerastune_ft.data import prepared

    builder = prepared.opened_builder(options)
    features, info = builder.info.features, builder.info
    supervised = info.supervised_keys or (None, None)
    sound = prepared.feature_name(builder, "input", options.input or supervised[0])
    label = prepared.feature_name(builder, "label", options.label or supervised[-1])
    group = None if options.group is None else prepared.feature_name(builder, "group", options.group)
    _check_sounds(builder, sound)
    rate, rate_notes = own_rate(getattr(features[sound], "sample_rate", None), options.sample_rate, info.full_name)
    bases, notes = prepared.bases_read(builder, options.splits)
    names = [sound, label, *([group] if group else [])]
    dtype = np.int16 if np.issubdtype(features[sound].np_dtype, np.integer) else np.float32
    address = ["prepared", info.full_name, *names, bases, prepared.file_facts(builder, bases)]
    store = _stored(address, bases, lambda base: _examples(builder, names, base), dtype, directory, report)
    if isinstance(options.splits, Named):
        natural = prepared.named_splits(builder, options.splits, store.ranges)
    else:
        natural = {name: np.arange(*store.ranges[name]) for name in bases if name in SPLITS}
    raw = lambda labels: prepared.raw_labels(labels, features[label], label)  # noqa: E731
    return _Read(info.full_name, store, raw, rate, natural, (*rate_notes, *notes))


def _check_sounds(builder: Any, name: str) -> None:
    import tensorflow_datasets as tfds

    features = builder.info.features
    if not isinstance(features[name], tfds.features.Audio):
        usable = [other for other, feature in features.items() if isinstance(feature, tfds.features.Audio)]
        raise DataError(
            f'data.input: the feature "{name}" of {builder.info.full_name} is {features[name]}, not audio.\n'
            f"Audio features are {', '.join(usable) or 'none'}."
        )


def _stored(
    address: Any,
    bases: Sequence[str],
    examples: Callable[[str], Iterable[_Example]],
    dtype: Any,
    directory: Path,
    report: Report,
) -> _Store:
    """Return the examples, written once into the cache directory; processes that start together wait for the first."""
    said = json.dumps(["sounds", _STORE_VERSION, address])
    target = directory / hashlib.sha256(said.encode()).hexdigest()[:32]
    directory.mkdir(parents=True, exist_ok=True)
    with FileLock(target.with_suffix(".lock")):
        if not target.exists():
            report(f"writing the sounds of {' and '.join(bases)} into the cache, once")
            partial = target.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            _write(bases, examples, dtype, partial)
            os.replace(partial, target)
    facts = json.loads((target / "facts.json").read_text(encoding="utf-8"))
    samples = np.memmap(target / "samples.bin", dtype, "r")
    return _Store(samples, np.load(target / "offsets.npy"), **facts)


def _write(bases: Sequence[str], examples: Callable[[str], Iterable[_Example]], dtype: Any, target: Path) -> None:
    offsets = [0]
    facts: dict[str, Any] = {"labels": [], "groups": [], "keys": [], "hashes": [], "ranges": {}}
    with (target / "samples.bin").open("wb") as file:
        for base in bases:
            start = len(facts["keys"])
            for position, (samples, label, group) in enumerate(examples(base)):
                key = f"{base}[{position}]"
                written = _checked(samples, dtype, key).tobytes()
                file.write(written)
                offsets.append(offsets[-1] + len(samples))
                facts["labels"].append(label)
                facts["groups"] += group
                facts["keys"].append(key)
                facts["hashes"].append(hashlib.sha256(written).hexdigest())
            facts["ranges"][base] = [start, len(facts["keys"])]
    np.save(target / "offsets.npy", np.array(offsets, np.int64))
    (target / "facts.json").write_text(json.dumps(facts), encoding="utf-8")


def _checked(samples: np.ndarray, dtype: Any, key: str) -> np.ndarray:
    """Return samples as they are stored; raise DataError where that cannot hold them."""
    if samples.ndim != 1 or not len(samples):
        raise DataError(f"data.input: {key} has samples of shape {list(samples.shape)}; a sound is one channel.")
    written = samples.astype(dtype)
    if not np.array_equal(written, samples):
        raise DataError(f"data.input: {key} has samples of more than 16 bits, or none that are numbers.")
    return written


def _examples(builder: Any, names: Sequence[str], split: str) -> Iterator[_Example]:
    """Give samples, label and group of every example, in the order that TFDS slices count."""
    import tensorflow_datasets as tfds

    from kerastune_ft.data.prepared import label_text

    order = tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False)
    wanted = tfds.decode.PartialDecoding(dict.fromkeys(names, True))
    kinds = [builder.info.features[name] for name in names[1:]]
    for example in builder.as_dataset(split=split, read_config=order, decoders=wanted).as_numpy_iterator():
        sound, *rest = (example[name] for name in names)
        label, *group = (_value(value, kind, label_text) for value, kind in zip(rest, kinds, strict=True))
        yield np.asarray(sound), label, group


def _value(value: Any, kind: Any, text: Callable[[Any, Any], str]) -> Any:
    inner = getattr(kind, "feature", kind)
    return [text(one, inner) for one in value] if np.ndim(value) else text(value, inner)
