"""Images and labels in an .npz file, unpacked once and memory-mapped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kerastune_ft.config.options.data import ArraysData
from kerastune_ft.config.options.tasks import Task
from kerastune_ft.data.files.fingerprint import combined_fingerprint, content_identity
from kerastune_ft.data.files.npz import array_file
from kerastune_ft.data.images.image_arrays import check_images
from kerastune_ft.data.images.image_source import ArrayImageSource
from kerastune_ft.data.images.intensity import Intensity
from kerastune_ft.data.kinds.array_file import Labelled, labelled
from kerastune_ft.data.source import DataSource, Report
from kerastune_ft.data.splits.choose import ChosenSplits


def open_source(options: ArraysData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open an .npz file of images and labels."""
    found = _found(options, task_options, cache_directory, report)
    return found.source(found.labelled.by_request())


def open_unsplit(options: ArraysData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open an .npz file whole, all of it as the test split: other data to evaluate on."""
    found = _found(options, task_options, cache_directory, report)
    return found.source(found.labelled.all_test())


@dataclass(frozen=True)
class _Found:
    """The images of a file, and what is said of them."""

    images: np.ndarray
    digest: str
    """SHA-256 of the file."""
    intensity: Intensity
    labelled: Labelled

    def source(self, chosen: ChosenSplits) -> ArrayImageSource:
        x, said = self.labelled.options.x, self.labelled
        # The file's hash stands for its rows: hashing them one by one would mean to read all of it once more.
        contents = [content_identity(self.digest, x, row, self.intensity) for row in range(len(self.images))]
        rows = [(key, text, "") for key, text in zip(said.examples.keys, said.label_texts, strict=True)]
        fingerprint = combined_fingerprint([*rows, ("", self.digest, x)])
        catalogue = said.catalogue(chosen, contents, chosen.notes, fingerprint)
        return ArrayImageSource(catalogue, self.images, self.intensity)


def _found(options: ArraysData, task_options: Task, cache_directory: Path, report: Report) -> _Found:
    file = array_file(options, cache_directory, report)
    images = file.array(options.x, "x")
    intensity = None if options.intensity == "auto" else options.intensity
    check_images(images, options.x, file, intensity)
    return _Found(images, file.digest, intensity, labelled(file, images, options, task_options, "image"))
