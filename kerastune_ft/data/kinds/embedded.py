"""The data sets that come with the package, named like TensorFlow Datasets and read without them."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerastune_ft.config.options.data import Named, TfdsData
from kerastune_ft.data.kinds.embedded_labels import read_labels
from kerastune_ft.data.labels.raw import RawLabels, SingleLabels
from kerastune_ft.data.modality import Modality, ReadContext
from kerastune_ft.data.records import Records
from kerastune_ft.errors import ConfigError, DataError


def read_embedded(options: TfdsData, modality: Modality, context: ReadContext) -> Records:
    """Return the examples of an embedded data set."""
    _check_options(options)
    source = modality.find_embedded(options.name)
    labels, texts = _read_labels(source, options, context)
    inputs = modality.read_embedded(options.name, context)
    keys = [f"{options.name}[{index}]" for index in range(source.EXAMPLES)]
    natural = {split: np.arange(span.start, span.stop) for split, span in (source.SPLITS or {}).items()}
    note = f"{options.name} is synthetic: its {modality.noun}s are computed, and metrics on it say nothing else"
    return Records(
        kind="tfds",
        name=options.name,
        place=options.name,
        keys=keys,
        names=keys,
        inputs={context.facts.modality: inputs},
        labels=labels,
        label_texts=texts,
        given_splits=_name_splits(options.splits, natural, options.name)
        if isinstance(options.splits, Named)
        else natural,
        notes=(note,) if source.SYNTHETIC else (),
    )


def _read_labels(source: Any, options: TfdsData, context: ReadContext) -> tuple[RawLabels, list[str]]:
    """Return the labels of all examples; empty ones where hidden words of the examples themselves are learnt."""
    if context.facts.hides_words:
        nothing = [""] * source.EXAMPLES
        return SingleLabels(nothing), nothing
    return read_labels(source, options.name, context.task, context.facts.labels)


def _check_options(options: TfdsData) -> None:
    """Raise ConfigError for options that say something about files, which embedded data sets do not have."""
    for key in ("data_dir", "input", "label"):
        if getattr(options, key) is not None:
            raise ConfigError(
                f"data.{key}: has no effect on the embedded data set {options.name}, which comes with the package.\n"
                "Remove the key."
            )
    if options.on_missing != "error":
        raise ConfigError(
            f"data.on_missing: it has no effect on {options.name}, in which nothing is missing; remove it"
        )
    if options.group is not None:
        raise ConfigError(f"data.group: the examples of {options.name} have no groups; remove it")


def _name_splits(requested: Named, natural: dict[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
    """Return the splits of an embedded data set by the names of data.splits; DataError for one that is not there."""
    wanted = {split: value for split, value in requested.to_json().items() if value is not None}
    for split, value in wanted.items():
        if value not in natural:
            there = f"it has {', '.join(natural)}" if natural else "it has none: give fractions instead of names"
            raise DataError(f'data.splits.{split}: the data set {name} has no split "{value}"; {there}.')
    if len(set(wanted.values())) < len(wanted):
        raise DataError(f"data.splits: two splits have the same name ({', '.join(wanted.values())}).")
    return {split: natural[value] for split, value in wanted.items()}
