"""Prepared TensorFlow Datasets builders: read once, in order, into one file of encoded images that is read by index.

Nothing is ever downloaded here: a builder that is not prepared is an error at once, not after minutes of retries.
"""

from __future__ import annotations

import difflib
import hashlib
import itertools
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
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
from kerastune_ft.data.fingerprint import combined_fingerprint
from kerastune_ft.data.intensity import Intensity, mapped_png, stored_range, stored_size
from kerastune_ft.data.labels import Columns, OneEach, RawLabels, Several, number_labels
from kerastune_ft.data.source import SPLITS, Catalogue, DataSource, Report, counted, describe
from kerastune_ft.data.splits import Examples, choose_splits
from kerastune_ft.errors import DataError
from kerastune_ft.storage import path_of

_LOOKED_AT = 500
# Counted up when what is stored changes, so that an older store is not taken for one of today.
_STORE_VERSION = 2


class PreparedSource(DataSource):
    """Encoded images in one memory-mapped file, read by index."""

    encoded = True

    def __init__(self, catalogue: Catalogue, store: _Store) -> None:
        super().__init__(catalogue)
        self._store = store
        self.image_sizes = np.array(store.sizes, np.int32).reshape(-1, 2)

    def element(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return `image`: the encoded bytes as the builder wrote them."""
        image = tf.numpy_function(self._store.content, [index], tf.string, stateful=False)
        return {"image": tf.ensure_shape(image, [])}


@dataclass(frozen=True)
class _Store:
    """The examples of a builder: contents one after the other, where each begins, and label and origin of each."""

    blob: np.ndarray
    offsets: np.ndarray
    labels: list[str] | list[list[str]]
    groups: list[str]
    keys: list[str]
    hashes: list[str]
    sizes: list[tuple[int, int]]
    ranges: dict[str, list[int]]

    def content(self, index: np.ndarray) -> bytes:
        start, stop = self.offsets[int(index)], self.offsets[int(index) + 1]
        return self.blob[start:stop].tobytes()


def open_source(options: TfdsData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open a prepared builder."""
    builder = opened_builder(options)
    features = _features(options, builder)
    bases, notes = bases_read(builder, options.splits)
    if builder.info.features[features.image].dtype == np.uint16 and options.intensity == "auto":
        raise DataError(_deep(builder, features, bases))
    store = _stored(builder, features, options.intensity, bases, cache_directory / "tfds", report)
    labels = number_labels(
        raw_labels(store.labels, builder.info.features[features.label], features.label),
        store.keys,
        task_options,
        options.name,
    )
    if isinstance(options.splits, Named):
        natural = named_splits(builder, options.splits, store.ranges)
    else:
        natural = {name: np.arange(*store.ranges[name]) for name in bases if name in SPLITS}
    groups = store.groups if features.group is not None else None
    examples = Examples.labelled(store.keys, labels, groups)
    chosen = choose_splits(options.splits, natural, examples)
    texts = (json.dumps(label) if isinstance(label, list) else label for label in store.labels)
    fingerprint = combined_fingerprint(zip(store.keys, texts, store.hashes, strict=True))
    said = (*notes, *chosen.notes)
    catalogue = describe(
        "tfds", builder.info.full_name, labels, chosen, fingerprint, store.keys, store.hashes, groups, notes=said
    )
    return PreparedSource(catalogue, store)


def opened_builder(options: TfdsData) -> Any:
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


@dataclass(frozen=True)
class _Features:
    """The names of the features an example is made of."""

    image: str
    label: str
    group: str | None


def _features(options: TfdsData, builder: Any) -> _Features:
    """Return which features are read, or raise DataError where they are not there or of no use."""
    features = builder.info.features
    supervised = builder.info.supervised_keys or (None, None)
    image = feature_name(builder, "input", options.input or supervised[0])
    label = feature_name(builder, "label", options.label or supervised[-1])
    group = feature_name(builder, "group", options.group) if options.group is not None else None
    if not isinstance(features[image], tfds.features.Image) or features[image].dtype not in (np.uint8, np.uint16):
        usable = [name for name, feature in features.items() if isinstance(feature, tfds.features.Image)]
        raise DataError(
            f'data.input: the feature "{image}" of {builder.info.full_name} is {features[image]}, not an image of 8 or '
            f"16 bits.\nImage features are {', '.join(usable) or 'none'}."
        )
    if len(features[label].shape) > 1 or not hasattr(features[label], "dtype"):
        raise DataError(
            f'data.label: the feature "{label}" of {builder.info.full_name} is {features[label]}, not labels.'
        )
    if group is not None and features[group].shape != ():
        raise DataError(f'data.group: the feature "{group}" of {builder.info.full_name} is not one value each.')
    return _Features(image, label, group)


def _deep(builder: Any, features: _Features, bases: Sequence[str]) -> str:
    """Return the message about images of 16 bits whose range of values is not given, with what the first ones hold."""
    examples = itertools.chain.from_iterable(_examples(builder, features, name) for name in bases)
    ranges = [stored_range(content) for content, *_ in itertools.islice(examples, _LOOKED_AT)]
    low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
    return (
        f"data.intensity: the images of {builder.info.full_name} have 16 bits per channel, with values from {low:g} to "
        f"{high:g} in the first {counted(len(ranges), 'image')}.\n"
        f'Say which range becomes 0 to 255, for instance  "intensity": [{low:g}, {high:g}]  in data.'
    )


def feature_name(builder: Any, key: str, name: Any) -> str:
    """Return the feature that data.`key` names, or raise DataError where there is none of this name, or no name."""
    features = builder.info.features
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
    return name


def raw_labels(stored: Sequence[Any], feature: Any, name: str) -> RawLabels:
    """Return the stored labels in the form of the feature: one each, a sequence of classes, or a row of numbers."""
    if feature.shape == ():
        return OneEach(stored)
    if feature.shape[0] is None:
        return Several(stored)
    return Columns(tuple(f"{name}[{column}]" for column in range(feature.shape[0])), stored)


def bases_read(builder: Any, requested: Any) -> tuple[list[str], list[str]]:
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


def named_splits(builder: Any, requested: Named, ranges: Mapping[str, Sequence[int]]) -> dict[str, np.ndarray]:
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
        parts = [np.arange(*ranges[span.splitname])[span.from_ : span.to] for span in spans]
        found[split] = np.unique(np.concatenate(parts))
    total = sum(len(indices) for indices in found.values())
    shared = total - len(np.unique(np.concatenate(list(found.values()))))
    if shared:
        raise DataError(
            f"data.splits: the named splits share {counted(shared, 'example')}; an example may be in one split only."
        )
    return found


def _stored(
    builder: Any, features: _Features, intensity: Any, bases: list[str], directory: Path, report: Report
) -> _Store:
    """Return the examples of the builder's splits, read once into the cache directory."""
    names = [features.image, features.label, features.group]
    mapping = None if intensity == "auto" else intensity
    address = json.dumps([_STORE_VERSION, builder.info.full_name, *names, mapping, bases, file_facts(builder, bases)])
    target = directory / hashlib.sha256(address.encode()).hexdigest()[:32]
    directory.mkdir(parents=True, exist_ok=True)
    with FileLock(target.with_suffix(".lock")):
        if not target.exists():
            report(f"reading {builder.info.full_name} into the cache, once")
            partial = target.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            _write(builder, features, mapping, bases, partial)
            os.replace(partial, target)
    facts = json.loads((target / "facts.json").read_text(encoding="utf-8"))
    blob = np.memmap(target / "contents.bin", np.uint8, "r")
    return _Store(blob, np.load(target / "offsets.npy"), **facts)


def file_facts(builder: Any, bases: list[str]) -> list[tuple[str, int, int]]:
    """Return name, bytes and time of change of the files of a builder's splits."""
    paths = [path_of(path) for name in bases for path in builder.info.splits[name].filepaths]
    return [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in paths]


def _write(builder: Any, features: _Features, intensity: Intensity, bases: list[str], target: Path) -> None:
    offsets = [0]
    facts: dict[str, Any] = {"labels": [], "groups": [], "keys": [], "hashes": [], "sizes": [], "ranges": {}}
    with (target / "contents.bin").open("wb") as blob:
        for name in bases:
            start = len(facts["labels"])
            for position, (content, label, group) in enumerate(_examples(builder, features, name)):
                written = content if intensity is None else mapped_png(content, intensity)
                blob.write(written)
                offsets.append(offsets[-1] + len(written))
                facts["labels"].append(label)
                if group is not None:
                    facts["groups"].append(group)
                facts["keys"].append(f"{name}[{position}]")
                facts["sizes"].append(stored_size(written))
                facts["hashes"].append(hashlib.sha256(written).hexdigest())
            facts["ranges"][name] = [start, len(facts["labels"])]
    np.save(target / "offsets.npy", np.array(offsets, np.int64))
    (target / "facts.json").write_text(json.dumps(facts), encoding="utf-8")


def _examples(builder: Any, features: _Features, split: str) -> Iterator[tuple[bytes, str | list[str], str | None]]:
    """Give the encoded image, the label and the group of every example, in the order that TFDS slices count."""
    order = tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False)
    skip = {features.image: tfds.decode.SkipDecoding()}
    names = [name for name in (features.image, features.label, features.group) if name is not None]
    wanted = tfds.decode.PartialDecoding(dict.fromkeys(names, True), decoders=skip)
    kinds = builder.info.features
    for example in builder.as_dataset(split=split, read_config=order, decoders=wanted).as_numpy_iterator():
        value, group = example[features.label], features.group
        inner = getattr(kinds[features.label], "feature", kinds[features.label])
        label = [label_text(one, inner) for one in value] if np.ndim(value) else label_text(value, inner)
        yield example[features.image], label, None if group is None else label_text(example[group], kinds[group])


def label_text(value: Any, feature: Any) -> str:
    """Return a value of a feature as text: a class by its name."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(feature, tfds.features.ClassLabel) and value >= 0:
        return str(feature.int2str(int(value)))
    return str(value)
