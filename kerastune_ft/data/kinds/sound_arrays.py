"""Sounds and labels in an .npz file: samples [N, samples] or [N, samples, channels], and their `sample_rate`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kerastune_ft.config.options.data import ArraysData
from kerastune_ft.config.options.spectrograms import MOST_CHANNELS, RATE_ARRAY
from kerastune_ft.config.options.tasks import Task
from kerastune_ft.data.files.fingerprint import content_identity
from kerastune_ft.data.kinds.array_file import ArrayFile, Labelled, array_file, labelled
from kerastune_ft.data.sounds.sample_source import SampleSource, own_rate
from kerastune_ft.data.source import DataSource, Report
from kerastune_ft.data.splits.choose import Chosen
from kerastune_ft.errors import DataError

MODEL_RATE = "the model's rate"
"""Where the rate of sounds comes from that a finished run takes and that do not say their own."""
_ROWS = 1024


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

    def source(self, chosen: Chosen) -> SampleSource:
        x, sounds = self.labelled.options.x, self.sounds
        # The file's hash stands for its rows: hashing them one by one would mean to read all of it once more.
        contents = [content_identity(self.digest, x, row, self.rate) for row in range(len(sounds))]
        catalogue = self.labelled.catalogue(chosen, contents, (*self.notes, *chosen.notes))
        return SampleSource(catalogue, sounds.__getitem__, np.full(len(sounds), sounds.shape[1]), self.rate)


def _found(
    options: ArraysData, task: Task, cache_directory: Path, report: Report, rate_from: str = "data.sample_rate"
) -> _Found:
    file = array_file(options, cache_directory, report)
    sounds = file.array(options.x, "x")
    _check_sounds(sounds, f"data.x: {options.x!r} in {file.path}")
    rate, notes = rate_of(file, options.sample_rate, rate_from)
    return _Found(sounds, rate, file.digest, labelled(file, sounds, options, task, "sound"), notes)


def rate_of(file: ArrayFile, otherwise: int | None, source: str) -> tuple[int, tuple[str, ...]]:
    """Return the samples a second of the sounds in a file, and a note where it does not say; it is `otherwise` then.

    `source` says where that comes from.
    """
    said = _rate(file.array(RATE_ARRAY, "x"), file.path) if file.has(RATE_ARRAY) else None
    remedy = "; another rate is said by an array sample_rate in the file, as numpy.savez(..., sample_rate=8000)"
    return own_rate(said, otherwise, file.path.name, source, remedy)


def _rate(said: np.ndarray, path: Path) -> int:
    values = set(np.asarray(said).reshape(-1).tolist())
    value = values.pop() if len(values) == 1 else None
    if not isinstance(value, int | float) or isinstance(value, bool) or value != int(value) or value < 1:
        raise DataError(f"data.path: {RATE_ARRAY!r} in {path} is not one whole number; save it as sample_rate=16000")
    return int(value)


def _check_sounds(sounds: np.ndarray, place: str) -> None:
    """Raise DataError unless the array holds sounds of values -1 to 1, or of whole numbers."""
    shape = sounds.shape
    if sounds.ndim not in (2, 3) or 0 in shape or (sounds.ndim == 3 and shape[2] > MOST_CHANNELS):
        raise DataError(
            f"{place} has shape {list(shape)}; sounds are [N, samples], or [N, samples, channels] with up to "
            f"{MOST_CHANNELS} channels."
        )
    if sounds.dtype.kind == "i" and sounds.dtype.itemsize in (2, 4):
        return
    if sounds.dtype.kind != "f":
        raise DataError(f"{place} has dtype {sounds.dtype}; sounds are int16, or float32 from -1 to 1.")
    for start in range(0, len(sounds), _ROWS):
        part = np.asarray(sounds[start : start + _ROWS])
        bad = np.flatnonzero(~np.isfinite(part).reshape(len(part), -1).all(axis=1))
        if len(bad):
            raise DataError(f"{place} has NaN or infinity in row {start + bad[0]}. Take such examples out.")
        largest = float(np.abs(part).max())
        if largest > 1.5:
            raise DataError(
                f"{place} has values up to {largest:g}; sounds are -1 to 1. Divide them by the largest there can be, "
                "as 32768 for 16 bits, or save them as int16."
            )
