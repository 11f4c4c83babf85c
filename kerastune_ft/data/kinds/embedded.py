"""The embedded data sets: generated once into the cache directory, then memory-mapped."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
from filelock import FileLock

from kerastune_ft.config.options.data import Named, TfdsData
from kerastune_ft.config.options.tasks import Task
from kerastune_ft.data.embedded import EmbeddedSet, embedded_set
from kerastune_ft.data.files.fingerprint import combined_fingerprint
from kerastune_ft.data.images.image_source import ArrayImageSource
from kerastune_ft.data.labels.labels import SingleLabels, number_labels
from kerastune_ft.data.records import describe
from kerastune_ft.data.source import DataSource, Report
from kerastune_ft.data.splits.choose import choose_splits
from kerastune_ft.data.splits.examples import SplitExamples
from kerastune_ft.errors import ConfigError, DataError


def open_source(options: TfdsData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open an embedded data set."""
    check_embedded(options)
    source = embedded_set(options.name)
    texts = [source.CLASSES[source.label(index)] for index in range(source.EXAMPLES)]
    keys = [f"{options.name}[{index}]" for index in range(source.EXAMPLES)]
    labels = number_labels(SingleLabels(texts), keys, task_options, options.name)
    images = _images(options.name, source, cache_directory / "embedded", report)
    natural = {split: np.arange(span.start, span.stop) for split, span in (source.SPLITS or {}).items()}
    if isinstance(options.splits, Named):
        natural = named_spans(options.splits, natural, options.name)
    chosen = choose_splits(options.splits, natural, SplitExamples.labelled(keys, labels))
    notes = chosen.notes
    if source.SYNTHETIC:
        notes = (f"{options.name} is synthetic: its images are computed, and metrics on it say nothing else", *notes)
    contents = [hashlib.sha256(image).hexdigest() for image in images]
    fingerprint = combined_fingerprint(zip(keys, texts, contents, strict=True))
    return ArrayImageSource(
        describe("tfds", options.name, labels, chosen, fingerprint, keys, contents, notes=notes), images
    )


def check_embedded(options: TfdsData) -> None:
    """Raise ConfigError for options that say something about files, which embedded data sets do not have."""
    for key in ("data_dir", "input", "label"):
        if getattr(options, key) is not None:
            raise ConfigError(
                f"data.{key}: has no effect on the embedded data set {options.name}, which comes with the package.\n"
                "Remove the key."
            )
    if options.group is not None:
        raise ConfigError(f"data.group: the examples of {options.name} have no groups; remove it")


def named_spans(requested: Named, natural: dict[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
    """Return the splits of an embedded data set by the names of data.splits; DataError for one that is not there."""
    wanted = {split: value for split, value in requested.to_json().items() if value is not None}
    for split, value in wanted.items():
        if value not in natural:
            there = f"it has {', '.join(natural)}" if natural else "it has none: give fractions instead of names"
            raise DataError(f'data.splits.{split}: the data set {name} has no split "{value}"; {there}.')
    if len(set(wanted.values())) < len(wanted):
        raise DataError(f"data.splits: two splits have the same name ({', '.join(wanted.values())}).")
    return {split: natural[value] for split, value in wanted.items()}


def _images(name: str, source: EmbeddedSet, directory: Path, report: Report) -> np.ndarray:
    """Return all images, generated on first use; processes that start together wait for the first."""
    # The version says what the images are; the samples guard a cache that an unreleased version filled.
    samples = b"".join(source.image(index).tobytes() for index in (0, source.EXAMPLES - 1))
    path = directory / f"{name}-{source.VERSION}-{hashlib.sha256(samples).hexdigest()[:16]}.npy"
    directory.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):
        if not path.exists():
            report(f"generating the {source.EXAMPLES} images of {name} into the cache, once")
            shape = (source.EXAMPLES, source.IMAGE_SIZE, source.IMAGE_SIZE, 3)
            partial = path.with_suffix(".partial")
            images = np.lib.format.open_memmap(partial, "w+", np.uint8, shape)
            for index in range(source.EXAMPLES):
                images[index] = source.image(index)
            images.flush()
            del images
            os.replace(partial, path)
    return np.load(path, mmap_mode="r")
