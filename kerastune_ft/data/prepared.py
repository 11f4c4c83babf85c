"""Prepared TensorFlow Datasets builders: read once, in order, into one file of encoded images that is read by index.

Nothing is ever downloaded here: a builder that is not prepared is an error at once, not after minutes of retries.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds
from filelock import FileLock

from kerastune_ft.config.data import Named, TfdsData
from kerastune_ft.config.tasks import Task
from kerastune_ft.data import embedded
from kerastune_ft.data.classes import number_classes
from kerastune_ft.data.fingerprint import combined_fingerprint
from kerastune_ft.data.source import SPLITS, DataInfo, DataSource, Report, counted, split_counts
from kerastune_ft.data.splits import choose_splits, dividable
from kerastune_ft.errors import DataError


class PreparedSource(DataSource):
    """Encoded images in one memory-mapped file, read by index."""

    def __init__(
        self,
        info: DataInfo,
        splits: dict[str, np.ndarray],
        labels: np.ndarray,
        keys: Sequence[str],
        store: _Store,
    ):
        self.info, self.splits, self.labels, self.keys = info, splits, labels, keys
        self._store = store

    def element(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return `image`: the encoded bytes as the builder wrote them."""
        image = tf.numpy_function(self._store.content, [index], tf.string, stateful=False)
        return {"image": tf.ensure_shape(image, [])}


@dataclass(frozen=True)
class _Store:
    """The examples of a builder: contents one after the other, where each begins, and label and origin of each."""

    blob: np.ndarray
    offsets: np.ndarray
    labels: list[str]
    keys: list[str]
    hashes: list[str]
    ranges: dict[str, list[int]]

    def content(self, index: np.ndarray) -> bytes:
        start, stop = self.offsets[int(index)], self.offsets[int(index) + 1]
        return self.blob[start:stop].tobytes()


def open_source(options: TfdsData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open a prepared builder."""
    builder = _builder(options)
    image, label = _features(options, builder)
    requested = dividable(options.splits, options.kind)
    bases, notes = _bases(builder, requested)
    store = _stored(builder, image, label, bases, cache_directory / "tfds", report)
    classes, labels = number_classes(store.labels, store.keys, task_options.classes, options.name)
    if isinstance(requested, Named):
        natural = _named(builder, requested, store)
    else:
        natural = {name: np.arange(*store.ranges[name]) for name in bases if name in SPLITS}
    splits, split_notes = choose_splits(requested, natural, labels, store.keys, classes)
    info = DataInfo(
        kind="tfds",
        name=builder.info.full_name,
        examples=len(labels),
        classes=classes,
        counts=split_counts(splits, labels, classes),
        fingerprint=combined_fingerprint(zip(store.keys, store.labels, store.hashes, strict=True)),
        notes=(*notes, *split_notes),
    )
    return PreparedSource(info, splits, labels, store.keys, store)


def _builder(options: TfdsData) -> Any:
    """Return the builder of the data set, or raise DataError where it is unknown or not prepared."""
    try:
        builder = tfds.builder(options.name, data_dir=options.data_dir)
    except tfds.core.DatasetNotFoundError as problem:
        # The library's message lists every data set there is.
        base = options.name.split("/")[0].split(":")[0]
        near = difflib.get_close_matches(base, sorted({*embedded.NAMES, *tfds.list_builders()}), n=3, cutoff=0.6)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        place = f" in {options.data_dir}" if options.data_dir else ""
        raise DataError(
            f'data.name: there is no TensorFlow Datasets builder "{options.name}"{place}{hint}\n'
            f"Embedded data sets, which need no download, are {', '.join(embedded.NAMES)}."
        ) from problem
    except (ValueError, AssertionError, OSError) as problem:
        raise DataError(f'data.name: "{options.name}" cannot be opened: {str(problem).splitlines()[0]}') from problem
    if not builder.is_prepared():
        given = repr(options.name) + (f", data_dir={str(options.data_dir)!r}" if options.data_dir else "")
        raise DataError(
            f"data.name: {options.name} is not prepared in {builder.data_dir}, and a run downloads nothing.\n"
            "On a machine with network run\n"
            f'  python -c "import tensorflow_datasets as t; t.builder({given}).download_and_prepare()"\n'
            "and, where that is another machine, copy the folder and name it in data.data_dir."
        )
    return builder


def _features(options: TfdsData, builder: Any) -> tuple[str, str]:
    """Return the names of the image feature and of the label feature."""
    features = builder.info.features
    supervised = builder.info.supervised_keys or (None, None)
    chosen = []
    for key, default in zip(("input", "label"), (supervised[0], supervised[-1]), strict=True):
        name = getattr(options, key) or default
        there = ", ".join(features)
        if not isinstance(name, str):
            raise DataError(
                f"data.{key}: {builder.info.full_name} does not say which feature is the {key}; it has {there}.\n"
                f'Write "{key}": "..." in data with one of them.'
            )
        if name not in features:
            near = difflib.get_close_matches(name, list(features), n=1, cutoff=0.5)
            hint = f'; did you mean "{near[0]}"?' if near else "."
            raise DataError(f'data.{key}: {builder.info.full_name} has no feature "{name}"{hint}\nIt has {there}.')
        chosen.append(name)
    image, label = chosen
    if not isinstance(features[image], tfds.features.Image) or features[image].dtype != np.uint8:
        usable = [name for name, feature in features.items() if isinstance(feature, tfds.features.Image)]
        raise DataError(
            f'data.input: the feature "{image}" of {builder.info.full_name} is {features[image]}, not an 8-bit image.\n'
            f"Image features are {', '.join(usable) or 'none'}."
        )
    if features[label].shape != ():
        raise DataError(
            f'data.label: the feature "{label}" of {builder.info.full_name} is {features[label]}, not one label each.'
        )
    return image, label


def _bases(builder: Any, requested: Any) -> tuple[list[str], list[str]]:
    """Return which splits of the builder are read, and sentences about those that are not."""
    there = list(builder.info.splits)
    if isinstance(requested, Named):
        named = [value for value in requested.to_json().values() if value is not None]
        return [
            name for name in there if any(_begins_with(part, name) for text in named for part in text.split("+"))
        ], []
    if "train" not in there:
        return there, []
    taken = [name for name in there if name in SPLITS]
    left = [name for name in there if name not in SPLITS]
    return taken, [f"ignored splits of the data set: {', '.join(left)}"] if left else []


def _begins_with(text: str, name: str) -> bool:
    return text.strip().split("[")[0] == name


def _named(builder: Any, requested: Named, store: _Store) -> dict[str, np.ndarray]:
    """Return the examples that TFDS split strings such as `train[:80%]` stand for."""
    found: dict[str, np.ndarray] = {}
    for split, text in requested.to_json().items():
        if text is None:
            continue
        try:
            spans = tfds.core.ReadInstruction.from_spec(text).to_absolute(builder.info.splits)
        except (ValueError, AssertionError, KeyError) as problem:
            raise DataError(
                f'data.splits.{split}: {builder.info.full_name} has no split "{text}"; it has '
                f"{', '.join(builder.info.splits)}.\nWrite one of them, or a part of one, as train[:80%]."
            ) from problem
        parts = [np.arange(*store.ranges[span.splitname])[span.from_ : span.to] for span in spans]
        found[split] = np.unique(np.concatenate(parts))
    total = sum(len(indices) for indices in found.values())
    shared = total - len(np.unique(np.concatenate(list(found.values()))))
    if shared:
        raise DataError(
            f"data.splits: the named splits share {counted(shared, 'example')}; an example may be in one split only."
        )
    return found


def _stored(builder: Any, image: str, label: str, bases: list[str], directory: Path, report: Report) -> _Store:
    """Return the examples of the builder's splits, read once into the cache directory."""
    address = json.dumps([builder.info.full_name, image, label, bases, _file_facts(builder, bases)])
    target = directory / hashlib.sha256(address.encode()).hexdigest()[:32]
    directory.mkdir(parents=True, exist_ok=True)
    with FileLock(target.with_suffix(".lock")):
        if not target.exists():
            report(f"reading {builder.info.full_name} into the cache, once")
            partial = target.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            _write(builder, image, label, bases, partial)
            os.replace(partial, target)
    facts = json.loads((target / "facts.json").read_text(encoding="utf-8"))
    blob = np.memmap(target / "contents.bin", np.uint8, "r")
    return _Store(blob, np.load(target / "offsets.npy"), **facts)


def _file_facts(builder: Any, bases: list[str]) -> list[tuple[str, int, int]]:
    paths = [Path(path) for name in bases for path in builder.info.splits[name].filepaths]
    return [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in paths]


def _write(builder: Any, image: str, label: str, bases: list[str], target: Path) -> None:
    offsets = [0]
    facts: dict[str, Any] = {"labels": [], "keys": [], "hashes": [], "ranges": {}}
    with (target / "contents.bin").open("wb") as blob:
        for name in bases:
            start = len(facts["labels"])
            for position, (content, text) in enumerate(_examples(builder, image, label, name)):
                blob.write(content)
                offsets.append(offsets[-1] + len(content))
                facts["labels"].append(text)
                facts["keys"].append(f"{name}[{position}]")
                facts["hashes"].append(hashlib.sha256(content).hexdigest())
            facts["ranges"][name] = [start, len(facts["labels"])]
    np.save(target / "offsets.npy", np.array(offsets, np.int64))
    (target / "facts.json").write_text(json.dumps(facts), encoding="utf-8")


def _examples(builder: Any, image: str, label: str, split: str) -> Iterator[tuple[bytes, str]]:
    """Give the encoded image and the label's text of every example, in the order that TFDS slices count."""
    order = tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False)
    skip = {image: tfds.decode.SkipDecoding()}
    wanted = tfds.decode.PartialDecoding({image: True, label: True}, decoders=skip)
    feature = builder.info.features[label]
    for example in builder.as_dataset(split=split, read_config=order, decoders=wanted).as_numpy_iterator():
        value = example[label]
        if isinstance(value, bytes):
            text = value.decode()
        elif isinstance(feature, tfds.features.ClassLabel) and value >= 0:
            text = feature.int2str(int(value))
        else:
            text = str(value)
        yield example[image], text
