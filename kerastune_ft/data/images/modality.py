"""Reading images: from files, arrays, the embedded data sets and TensorFlow Datasets."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from kerastune_ft.config.options.data import ArraysData, FolderData, TableData, TfdsData
from kerastune_ft.data.duplicates import group_equal, group_equal_rows, hash_rows, note_equal
from kerastune_ft.data.embedded import NAMES, OBJECTS, EmbeddedObjects, EmbeddedSet, embedded_objects, embedded_set
from kerastune_ft.data.file_modality import FileModality
from kerastune_ft.data.files.file_source import FileSource
from kerastune_ft.data.files.find import IMAGES
from kerastune_ft.data.files.fingerprint import content_identity
from kerastune_ft.data.files.npz import ArrayFile
from kerastune_ft.data.images.check import CheckedImage, ImageCheck, explain_failure
from kerastune_ft.data.images.image_arrays import check_array
from kerastune_ft.data.images.image_source import (
    ArrayImageSource,
    ImageFileSource,
    StoredImageSource,
    describe_dicom,
    describe_rotation,
    refuse_deep_images,
)
from kerastune_ft.data.images.intensity import encoded_range
from kerastune_ft.data.images.patients import group_by_patient
from kerastune_ft.data.images.reading import ImageReading, decode_or_none, encode_upright
from kerastune_ft.data.images.set_range import check_images
from kerastune_ft.data.images.value_range import measure, without_alpha
from kerastune_ft.data.inputs import DefaultGroups, Inputs
from kerastune_ft.data.labels.base import Labels
from kerastune_ft.data.modality import PreparedExamples, ReadContext, StoredForm
from kerastune_ft.data.record_store import Entry, RecordStore
from kerastune_ft.data.source import Catalogue, Report
from kerastune_ft.errors import DataError
from kerastune_ft.stores.cached_folder import open_folder
from kerastune_ft.wording import counted

_SAMPLED = 500
_LOOKED_AT = 64
# Counted up when what is stored changes, so that an older store is not taken for one of today.
_STORE_VERSION = 3
_IMAGES_FILE = "images.bin"


class Images(FileModality):
    """Images of one height and width each, of 8 bits or mapped to them."""

    noun = "image"
    file_kind = IMAGES
    embedded_names = (*NAMES, *OBJECTS)
    feature = "Image"
    feature_words = "an image of 8 or 16 bits"

    def make_check(self, options: FolderData | TableData, folder: Path, context: ReadContext) -> ImageCheck:
        """Return what checks the image files of a folder."""
        return ImageCheck(folder, context.cache_directory, _choose_reading(options, context), context.report)

    def make_source(self, catalogue: Catalogue, files: Sequence[CheckedImage], context: ReadContext) -> FileSource:
        """Return the source that reads checked image files."""
        return ImageFileSource(catalogue, files)

    def find_notes(
        self, files: Sequence[CheckedImage], labels: Labels, options: FolderData | TableData, context: ReadContext
    ) -> tuple[str, ...]:
        """Return a sentence about photos that viewers turn."""
        count = sum(file.is_rotated for file in files)
        reading = _choose_reading(options, context)
        said = describe_rotation(count, reading)
        if reading.turns:
            said += labels.beside_turned
        turned = (f"{counted(count, 'photo')} {said}",) if count else ()
        return (*turned, *describe_dicom(files, options.window, options.intensity))

    def check_set(
        self, files: Sequence[CheckedImage], options: FolderData | TableData, context: ReadContext
    ) -> tuple[str, ...]:
        """Return what the user should read about the range of values; raise DataError where it is not the run's."""
        found = [file.values for file in files if file.values is not None]
        black = sum(values.low == values.high == 0 for values in found)
        notes = (f"{counted(black, 'image')} {'is' if black == 1 else 'are'} black all over",) if black else ()
        return (*notes, *check_images(found, _choose_reading(options, context).intensity, not context.unsplit))

    def refuse(self, names: Sequence[str], files: Sequence[CheckedImage]) -> None:
        """Raise DataError for images of more than 8 bits whose range is not given."""
        refuse_deep_images(names, files)

    def find_groups(self, paths: Sequence[str], files: Sequence[CheckedImage]) -> DefaultGroups | None:
        """Return the patients of DICOM files; None where there are no such files."""
        return group_by_patient(paths) if any(file.frames for file in files) else None

    def size_of(self, file: CheckedImage) -> tuple[int, int] | None:
        """Return height and width of a checked image."""
        return file.size

    def read_array(self, file: ArrayFile, options: ArraysData, context: ReadContext) -> Inputs:
        """Return the images of the array `options.x`."""
        images = file.array(options.x, "x")
        is_own = not context.unsplit
        intensity, notes = check_array(images, options.x, file, _choose_reading(options, context), is_own)
        # The file's hash stands for its rows in stores, as it did before rows had hashes.
        return Inputs(
            contents=[content_identity(file.digest, options.x, row, intensity) for row in range(len(images))],
            hashes=[""] * len(images),
            make_source=lambda catalogue: ArrayImageSource(catalogue, images, intensity),
            kept=range(len(images)),
            sizes=[images.shape[1:3]] * len(images),
            find_notes=note_equal(lambda: group_equal_rows(images, options.x, file), self.noun),
            shared=(("", file.digest, options.x),),
            hash_inputs=lambda: hash_rows(images, options.x, file),
            notes=notes,
        )

    def find_embedded(self, name: str) -> EmbeddedSet | EmbeddedObjects:
        """Return the module of an embedded data set of images."""
        return embedded_objects(name) if name in OBJECTS else embedded_set(name)

    def read_embedded(self, name: str, context: ReadContext) -> Inputs:
        """Return the images of an embedded data set, generated on first use."""
        images = _generate_images(name, context.cache_directory / "embedded", context.report)
        contents = [hashlib.sha256(image).hexdigest() for image in images]
        return Inputs(
            contents=contents,
            hashes=contents,
            make_source=lambda catalogue: ArrayImageSource(catalogue, images),
            kept=range(len(images)),
            find_notes=note_equal(lambda: group_equal(contents), self.noun),
            sizes=[images.shape[1:3]] * len(images),
        )

    def store_form(self, examples: PreparedExamples, options: TfdsData, context: ReadContext) -> StoredForm:
        """Return how the images of a prepared builder are stored: encoded, mapped to 8 bits where a range is given."""
        (name,) = examples.inputs
        dtype = examples.feature(name).dtype
        if dtype not in (np.uint8, np.uint16):
            raise DataError(examples.explain_feature(name))
        if dtype == np.uint16 and options.intensity == "auto":
            raise DataError(_explain_depth(examples))
        reading = _choose_reading(options, context)

        def write(split: str) -> Iterator[Entry]:
            for position, (content, label, group) in enumerate(_read_encoded(examples, split)):
                try:
                    written, size = encode_upright(content, reading)
                except Exception as problem:  # Decoders raise almost anything on a hostile file.
                    raise DataError(
                        f"data.input: {name} of {split}[{position}] {explain_failure(content, problem)}"
                    ) from problem
                yield Entry(written, label, group, size)

        def read(store: RecordStore) -> Inputs:
            notes = _check_stored(store, reading, not context.unsplit)
            return replace(_read_stored(store), notes=notes)

        return StoredForm(["images", _STORE_VERSION, reading.intensity, *reading.key], write, read)


def _choose_reading(options: FolderData | TableData | ArraysData | TfdsData, context: ReadContext) -> ImageReading:
    return ImageReading.of(options, context.rules, is_own=not context.unsplit)


def _check_stored(store: RecordStore, reading: ImageReading, is_own: bool) -> tuple[str, ...]:
    """Return what the user should read about the values of stored images; raise DataError where they do not fit.

    A sample is decoded, which is certain enough of a set that is dark all over. What was mapped was judged then.
    """
    if not reading.is_checked or reading.intensity is not None or not store.keys:
        return ()
    step = max(1, len(store.keys) // _LOOKED_AT)
    found = [decode_or_none(store.content(index)) for index in range(0, len(store.keys), step)]
    values = [measure(without_alpha(pixels), None) for pixels in found if pixels is not None]
    return check_images(values, None, is_own)


def _read_stored(store: RecordStore) -> Inputs:
    return Inputs(
        contents=store.hashes,
        hashes=store.hashes,
        make_source=lambda catalogue: StoredImageSource(catalogue, store),
        kept=range(len(store.keys)),
        find_notes=note_equal(lambda: group_equal(store.hashes), Images.noun),
        sizes=store.sizes,
    )


def _read_encoded(examples: PreparedExamples, split: str) -> Iterator[tuple[bytes, Any, list[str]]]:
    for (content,), label, group in examples.read(split, undecoded=examples.inputs):
        yield content, label, group


def _explain_depth(examples: PreparedExamples) -> str:
    """Return the message about images of 16 bits whose range of values is not given, with that of the first ones."""
    contents = itertools.chain.from_iterable(_read_encoded(examples, name) for name in examples.splits)
    ranges = [encoded_range(content) for content, *_ in itertools.islice(contents, _SAMPLED)]
    low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
    return (
        f"data.intensity: the images of {examples.name} have 16 bits per channel, with values from {low:g} to "
        f"{high:g} in the first {counted(len(ranges), 'image')}.\n"
        f'Say which range becomes 0 to 255, for instance  "intensity": [{low:g}, {high:g}]  in data.'
    )


def _generate_images(name: str, directory: Path, report: Report) -> np.ndarray:
    """Return all images of an embedded set, generated on first use."""
    source = Images().find_embedded(name)
    # The version says what the images are; the samples guard a cache that an unreleased version filled.
    samples = b"".join(source.image(index).tobytes() for index in (0, source.EXAMPLES - 1))

    def write(folder: Path) -> None:
        # Not through a memory map: a full disk would end the process at the first page that has no room.
        with (folder / _IMAGES_FILE).open("wb") as file:
            for index in range(source.EXAMPLES):
                file.write(np.ascontiguousarray(source.image(index)).data)

    folder = open_folder(
        directory / f"{name}-{source.VERSION}-{hashlib.sha256(samples).hexdigest()[:16]}".replace(".", "_"),
        write,
        report,
        f"generating the {source.EXAMPLES} images of {name}",
    )
    shape = (source.EXAMPLES, source.IMAGE_SIZE, source.IMAGE_SIZE, 3)
    return np.memmap(folder / _IMAGES_FILE, np.uint8, "r", shape=shape)
