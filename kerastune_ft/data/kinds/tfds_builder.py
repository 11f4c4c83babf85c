"""Prepared TensorFlow Datasets builders of any modality: their features, splits and examples.

Nothing is ever downloaded here: a builder that is not prepared is an error at once, not after minutes of retries.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from kerastune_ft.config.options.data import SPLITS, Named, TfdsData
from kerastune_ft.data import embedded
from kerastune_ft.data.inputs import select
from kerastune_ft.data.kinds.tfds_labels import LabelFeature, label_feature, value_text
from kerastune_ft.data.modality import Modality, ReadContext
from kerastune_ft.data.record_store import open_record_store
from kerastune_ft.data.records import Records
from kerastune_ft.data.splits.names import split_names
from kerastune_ft.errors import DataError
from kerastune_ft.rules import Rules
from kerastune_ft.storage import path_of
from kerastune_ft.wording import counted


def read_prepared(options: TfdsData, modality: Modality, context: ReadContext) -> Records:
    """Return the examples of a prepared builder, written into the cache directory once and read from there."""
    builder = open_builder(options)
    labels = label_feature(context.facts)
    features = _choose_features(builder, options, modality, labels)
    bases, notes = _choose_bases(builder, options.splits, context.rules)
    examples = BuilderExamples(builder, features, bases, modality, labels)
    form = modality.store_form(examples, options, context)
    store = open_record_store(
        [*form.address, *_address(builder, features, bases)],
        bases,
        form.write,
        context.cache_directory / "tfds",
        context.report,
        f"reading {examples.name}",
    )
    inputs = form.read(store)
    keys = inputs.find_names(store.keys)
    natural = _find_splits(builder, options.splits, bases, store.ranges)
    return Records(
        kind="tfds",
        name=examples.name,
        place=options.name,
        keys=keys,
        names=keys,
        inputs={context.facts.modality: inputs},
        labels=labels.read(
            None if features.label is None else builder.info.features[features.label],
            features.label or "",
            [store.labels[index] for index in inputs.kept],
        ),
        label_texts=select(store.label_texts(), inputs.kept),
        groups=None if features.group is None else select(store.groups, inputs.kept),
        given_splits=_renumber(natural, inputs.kept, len(store.keys)),
        skipped=inputs.skipped,
        notes=(*form.notes, *inputs.notes, *notes),
    )


def _renumber(splits: Mapping[str, np.ndarray], kept: Sequence[int], total: int) -> dict[str, np.ndarray]:
    """Return splits of all examples as splits of the kept ones."""
    found = {}
    for name, indices in splits.items():
        is_in = np.zeros(total, bool)
        is_in[indices] = True
        found[name] = np.flatnonzero(is_in[np.asarray(kept, np.int64)])
    return found


def open_builder(options: TfdsData) -> Any:
    """Return the builder of the data set, or raise DataError where it is unknown or not prepared."""
    try:
        builder = tfds.builder(options.name, data_dir=options.data_dir)
    except tfds.core.DatasetNotFoundError as problem:
        # The library's message lists every data set there is.
        base = options.name.split("/")[0].split(":")[0]
        near = difflib.get_close_matches(base, sorted({*embedded.ALL, *tfds.list_builders()}), n=3, cutoff=0.6)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        place = f" in {options.data_dir}" if options.data_dir else ""
        raise DataError(
            f'data.name: there is no TensorFlow Datasets builder "{options.name}"{place}{hint}\n'
            f"Embedded data sets, which need no download, are {', '.join(embedded.ALL)}."
        ) from problem
    except Exception as problem:  # TensorFlow Datasets raises almost anything where its files are damaged.
        reason = (str(problem).strip() or type(problem).__name__).splitlines()[0]
        raise DataError(
            f'data.name: "{options.name}" cannot be opened: {reason}. Prepare the data set again, or correct the name.'
        ) from problem
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
class Features:
    """The names of the features an example is made of."""

    inputs: tuple[str, ...]
    label: str | None
    group: str | None

    @property
    def names(self) -> list[str]:
        """Return all of them."""
        return [*self.inputs, *(name for name in (self.label, self.group) if name is not None)]


def _choose_features(builder: Any, options: TfdsData, modality: Modality, labels: LabelFeature) -> Features:
    """Return which features are read; raise DataError where they are not there or of no use."""
    supervised = builder.info.supervised_keys or (None, None)
    given = options.input or supervised[0]
    several = given if modality.takes_pairs and isinstance(given, tuple) else [given]
    inputs = tuple(_feature_name(builder, "input", name) for name in several)
    chosen = labels.choose(builder, options.label, supervised[-1])
    label = _feature_name(builder, "label", chosen) if labels.is_needed or chosen is not None else None
    group = None if options.group is None else _feature_name(builder, "group", options.group)
    features, full_name = builder.info.features, builder.info.full_name
    for name in inputs:
        if not modality.takes_feature(features[name]):
            raise DataError(_explain_feature(builder, name, modality))
    if label is not None:
        labels.check(builder, label)
    if group is not None and features[group].shape != ():
        raise DataError(f'data.group: the feature "{group}" of {full_name} is not one value each.')
    return Features(inputs, label, group)


def _explain_feature(builder: Any, name: str, modality: Modality) -> str:
    """Return the message about a feature that is no input of the modality."""
    features = builder.info.features
    usable = sorted(other for other, feature in features.items() if modality.takes_feature(feature))
    return (
        f'data.input: the feature "{name}" of {builder.info.full_name} is {features[name]}, not '
        f"{modality.feature_words}.\n"
        f"{modality.feature} features are {', '.join(usable) or 'none'}."
    )


def _feature_name(builder: Any, key: str, name: Any) -> str:
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


def _choose_bases(builder: Any, requested: Any, rules: Rules) -> tuple[list[str], list[str]]:
    """Return which splits of the builder are read, and sentences about them; raise DataError where the user must say.

    By the first rules splits that are called otherwise than here are pooled without a question.
    """
    there = list(builder.info.splits)
    if isinstance(requested, Named):
        named = [value for value in requested.to_json().values() if value is not None]
        return [
            name for name in there if any(_begins_with(part, name) for text in named for part in text.split("+"))
        ], []
    if "train" not in there:
        likely = {split: name for name, split in reversed(split_names(there).items())}
        if requested is None and len(likely) > 1 and "train" in likely and rules.asks_about_splits:
            line = json.dumps({split: likely[split] for split in SPLITS if split in likely}, ensure_ascii=False)
            raise DataError(
                f"data.name: {builder.info.full_name} has the splits {', '.join(there)}, and none called train.\n"
                f'Write in data which is which, as  "splits": {line}  or shares, to divide all examples anew.'
            )
        pooled = f"splits: the splits {', '.join(there)} of the data set are pooled and divided anew"
        return there, [pooled] if len(there) > 1 else []
    taken = [name for name in there if name in SPLITS]
    left = [name for name in there if name not in SPLITS]
    return taken, [f"ignored splits of the data set: {', '.join(left)}"] if left else []


def _begins_with(text: str, name: str) -> bool:
    return text.strip().split("[")[0] == name


def _find_splits(
    builder: Any, requested: Any, bases: Sequence[str], ranges: Mapping[str, Sequence[int]]
) -> dict[str, np.ndarray]:
    """Return the splits that data.splits names, or else those of the builder; `ranges` are the examples of each."""
    if isinstance(requested, Named):
        return _named_splits(builder, requested, ranges)
    return {name: np.arange(*ranges[name]) for name in bases if name in SPLITS and "train" in bases}


def _named_splits(builder: Any, requested: Named, ranges: Mapping[str, Sequence[int]]) -> dict[str, np.ndarray]:
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


def _address(builder: Any, features: Features, bases: Sequence[str]) -> list[Any]:
    """Return what the examples of these splits are known by: features, and name, bytes and time of change of files."""
    paths = [path_of(path) for name in bases for path in builder.info.splits[name].filepaths]
    files = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    return [builder.info.full_name, features.inputs, features.label, features.group, bases, files]


@dataclass(frozen=True)
class BuilderExamples:
    """The examples of a prepared builder, as a modality reads them."""

    builder: Any
    features: Features
    splits: Sequence[str]
    modality: Modality
    labels: LabelFeature

    @property
    def name(self) -> str:
        """Return the name of the data set with config and version."""
        return str(self.builder.info.full_name)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Return the features that are the input."""
        return self.features.inputs

    def feature(self, name: str) -> Any:
        """Return a feature of the builder."""
        return self.builder.info.features[name]

    def explain_feature(self, name: str) -> str:
        """Return the message about a feature that is no input of the modality."""
        return _explain_feature(self.builder, name, self.modality)

    def read(
        self, split: str, undecoded: Iterable[str] = ()
    ) -> Iterator[tuple[tuple[Any, ...], str | list[str], list[str]]]:
        """Give inputs, label and group (none or one) of every example, in the order that TFDS slices count.

        `undecoded` are features that are given as they are stored.
        """
        features, kinds = self.features, self.builder.info.features
        order = tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False)
        skipped = {name: tfds.decode.SkipDecoding() for name in undecoded}
        wanted = tfds.decode.PartialDecoding(dict.fromkeys(features.names, True), decoders=skipped or None)
        for position, example in enumerate(self._read_stored(split, order, wanted)):
            group, place = features.group, f"data.label: {features.label} of {split}[{position}]"
            label = (
                ""
                if features.label is None
                else self.labels.write(example[features.label], kinds[features.label], place)
            )
            yield (
                tuple(example[name] for name in features.inputs),
                label,
                []
                if group is None
                else [value_text(example[group], kinds[group], f"data.group: {group} of {split}[{position}]")],
            )

    def _read_stored(self, split: str, order: Any, wanted: Any) -> Iterator[Mapping[str, Any]]:
        """Give the examples; raise DataError with the place of the first that cannot be read."""
        position = 0
        try:
            stored = self.builder.as_dataset(split=split, read_config=order, decoders=wanted)
            for example in stored.as_numpy_iterator():
                yield example
                position += 1
        except tf.errors.ResourceExhaustedError:
            raise
        except (tf.errors.OpError, ValueError, OSError) as problem:
            raise DataError(
                f"data.name: {self.name} cannot be read: {split}[{position}] is damaged "
                f"({str(problem).splitlines()[0][:200]}).\nPrepare the data set again."
            ) from problem
