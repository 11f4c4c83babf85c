"""Reading sounds: from files, arrays of samples, the embedded data set and TensorFlow Datasets."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from kerastune_ft.config.options.data import ArraysData, FolderData, TableData, TfdsData
from kerastune_ft.data.duplicates import group_equal, group_equal_rows, hash_rows, note_equal
from kerastune_ft.data.embedded import SOUNDS, embedded_sounds
from kerastune_ft.data.file_modality import FileModality
from kerastune_ft.data.files import find
from kerastune_ft.data.files.file_source import FileSource
from kerastune_ft.data.files.fingerprint import content_identity
from kerastune_ft.data.files.npz import ArrayFile
from kerastune_ft.data.inputs import FindNotes, Inputs
from kerastune_ft.data.labels.base import Labels
from kerastune_ft.data.modality import PreparedExamples, ReadContext, StoredForm
from kerastune_ft.data.record_store import Entry, RecordStore, open_record_store
from kerastune_ft.data.sounds.channels import UnusableSoundError, check_level
from kerastune_ft.data.sounds.check import CheckedSound, SoundCheck, notes_on_cancelling, notes_on_silence
from kerastune_ft.data.sounds.sample_source import SoundFileSource, SoundSource, sample_rate_of
from kerastune_ft.data.sounds.sound_arrays import MODEL_RATE, check_sounds, note_cancelling, rate_of
from kerastune_ft.data.source import Catalogue
from kerastune_ft.errors import DataError
from kerastune_ft.rules import NEWEST, Rules

# Counted up when what is stored changes, so that an older store is not taken for one of today.
_STORE_VERSION = 2


class Sounds(FileModality):
    """Sounds of one channel at a sample rate of their own."""

    noun = "sound"
    file_kind = find.SOUNDS
    embedded_names = SOUNDS
    feature = "Audio"
    feature_words = "audio"

    def make_check(self, options: FolderData | TableData, folder: Path, context: ReadContext) -> SoundCheck:
        """Return what checks the sound files of a folder."""
        return SoundCheck(folder, context.cache_directory, context.report, context.rules)

    def make_source(self, catalogue: Catalogue, files: Sequence[CheckedSound], context: ReadContext) -> FileSource:
        """Return the source that reads checked sound files."""
        return SoundFileSource(catalogue, files, context.rules)

    def find_notes(
        self, files: Sequence[CheckedSound], labels: Labels, options: FolderData | TableData, context: ReadContext
    ) -> tuple[str, ...]:
        """Return sentences about silent sounds, and about those whose channels cancel each other."""
        return (*notes_on_silence(files), *notes_on_cancelling(files, context.rules))

    def read_array(self, file: ArrayFile, options: ArraysData, context: ReadContext) -> Inputs:
        """Return the sounds of the array `options.x`; their rate is an array of the file, or `options.sample_rate`."""
        sounds = file.array(options.x, "x")
        check_sounds(sounds, f"data.x: {options.x!r} in {file.path}")
        rate, notes = rate_of(file, options.sample_rate, MODEL_RATE if context.unsplit else "data.sample_rate")
        # The file's hash stands for its rows in stores, as it did before rows had hashes.
        is_mixed = sounds.ndim == 3 and sounds.shape[2] > 1
        how = ["loudest of cancelling channels"] if is_mixed and context.rules.loudest_of_cancelling_channels else []
        contents = [content_identity(file.digest, options.x, row, rate, *how) for row in range(len(sounds))]
        frames = np.full(len(sounds), sounds.shape[1])
        if is_mixed:
            notes += note_cancelling(sounds, options.x, context.rules)
        find_notes = note_equal(lambda: group_equal_rows(sounds, options.x, file), self.noun)
        found = _describe(contents, sounds.__getitem__, frames, rate, find_notes, notes, context.rules)
        return replace(found, hash_inputs=lambda: hash_rows(sounds, options.x, file))

    def find_embedded(self, name: str) -> Any:
        """Return the module of an embedded data set of sounds."""
        return embedded_sounds(name)

    def name_label(self, name: str, index: int) -> str:
        """Return the label of an example of an embedded data set as text."""
        source = embedded_sounds(name)
        return source.CLASSES[source.label(index)]

    def read_embedded(self, name: str, context: ReadContext) -> Inputs:
        """Return the sounds of an embedded data set, generated on first use."""
        source, dtype = self.find_embedded(name), np.dtype(np.int16)

        def write(name: str) -> Iterator[Entry]:
            for index in range(source.EXAMPLES):
                yield _entry(source.sound(index), self.name_label(name, index), [], dtype, f"{name}[{index}]")

        sample = hashlib.sha256(source.sound(0).tobytes()).hexdigest()
        store = open_record_store(
            ["sounds", _STORE_VERSION, "embedded", name, source.VERSION, sample],
            [name],
            write,
            context.cache_directory / "tfds",
            context.report,
            f"generating the {source.EXAMPLES} sounds of {name}",
        )
        return _read_stored(dtype, source.SAMPLE_RATE, store)

    def store_form(self, examples: PreparedExamples, options: TfdsData, context: ReadContext) -> StoredForm:
        """Return how the sounds of a prepared builder are stored: samples of 16 bits, or float32."""
        (name,) = examples.inputs
        sound = examples.feature(name)
        rate, notes = sample_rate_of(getattr(sound, "sample_rate", None), options.sample_rate, examples.name)
        dtype = np.dtype(np.int16 if np.issubdtype(sound.np_dtype, np.integer) else np.float32)

        def write(split: str) -> Iterator[Entry]:
            for position, ((samples,), label, group) in enumerate(examples.read(split)):
                yield _entry(np.asarray(samples), label, group, dtype, f"{split}[{position}]")

        return StoredForm(["sounds", _STORE_VERSION, "prepared"], write, partial(_read_stored, dtype, rate), notes)


def _read_stored(dtype: np.dtype, rate: int, store: RecordStore) -> Inputs:
    def read_row(index: int) -> np.ndarray:
        return np.frombuffer(store.content(index), dtype)

    contents = [content_identity(digest, rate) for digest in store.hashes]
    find_notes = note_equal(lambda: group_equal(store.hashes), Sounds.noun)
    return _describe(contents, read_row, np.diff(store.offsets) // dtype.itemsize, rate, find_notes)


def _describe(
    contents: Sequence[str],
    read_row: Callable[[int], np.ndarray],
    frames: np.ndarray,
    rate: int,
    find_notes: FindNotes,
    notes: tuple[str, ...] = (),
    rules: Rules = NEWEST,
) -> Inputs:
    return Inputs(
        contents=contents,
        hashes=contents,
        make_source=lambda catalogue: SoundSource(catalogue, read_row, frames, rate, rules),
        kept=range(len(contents)),
        find_notes=find_notes,
        notes=notes,
    )


def _entry(samples: np.ndarray, label: str | list[str], group: list[str], dtype: Any, key: str) -> Entry:
    """Return a sound as it is stored; raise DataError where that cannot hold it."""
    if samples.ndim != 1 or not len(samples):
        raise DataError(f"data.input: {key} has samples of shape {list(samples.shape)}; a sound is one channel.")
    written = samples.astype(dtype)
    if not np.array_equal(written, samples):
        raise DataError(f"data.input: {key} has samples of more than 16 bits, or none that are numbers.")
    try:
        check_level(written)
    except UnusableSoundError as problem:
        raise DataError(f"data.input: {key} {problem}.") from problem
    return Entry(written.tobytes(), label, group)
