"""Sounds and labels in an .npz file: samples [N, samples] or [N, samples, channels], and their `sample_rate`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kerastune_ft.config.options.data import ArraysData
from kerastune_ft.config.options.tasks import Task
from kerastune_ft.data.files.fingerprint import content_identity
from kerastune_ft.data.files.npz import array_file
from kerastune_ft.data.kinds.array_file import Labelled, labelled
from kerastune_ft.data.sounds.sample_source import SoundSource
from kerastune_ft.data.sounds.sound_arrays import MODEL_RATE, check_sounds, rate_of
from kerastune_ft.data.source import DataSource, Report
from kerastune_ft.data.splits.choose import ChosenSplits


def open_source(options: ArraysData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open an .npz file of sounds and labels."""
    found = _found(options, task_options, cache_directory, report)
    return found.source(found.labelled.by_request())


def open_unsplit(options: ArraysData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open an .npz file whole, all of it as the test split: other data to evaluate on.

    `options.sample_rate` is the rate that the run's model takes.
    """
    found = _found(options, task_options, cache_directory, report, MODEL_RATE)
    return found.source(found.labelled.all_test())


@dataclass(frozen=True)
class _Found:
    sounds: np.ndarray
    rate: int
    digest: str
    """SHA-256 of the file."""
    labelled: Labelled
    notes: tuple[str, ...]

    def source(self, chosen: ChosenSplits) -> SoundSource:
        x, sounds = self.labelled.options.x, self.sounds
        # The file's hash stands for its rows: hashing them one by one would mean to read all of it once more.
        contents = [content_identity(self.digest, x, row, self.rate) for row in range(len(sounds))]
        catalogue = self.labelled.catalogue(chosen, contents, (*self.notes, *chosen.notes))
        return SoundSource(catalogue, sounds.__getitem__, np.full(len(sounds), sounds.shape[1]), self.rate)


def _found(
    options: ArraysData, task: Task, cache_directory: Path, report: Report, rate_from: str = "data.sample_rate"
) -> _Found:
    file = array_file(options, cache_directory, report)
    sounds = file.array(options.x, "x")
    check_sounds(sounds, f"data.x: {options.x!r} in {file.path}")
    rate, notes = rate_of(file, options.sample_rate, rate_from)
    return _Found(sounds, rate, file.digest, labelled(file, sounds, options, task, "sound"), notes)
