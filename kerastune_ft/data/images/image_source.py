"""Data sources of images: files, arrays, and encoded images in one store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.data.files.check import CheckedFile
from kerastune_ft.data.files.file_source import FileSource
from kerastune_ft.data.images.check import CheckedImage, unreadable
from kerastune_ft.data.images.intensity import Intensity, map_intensity
from kerastune_ft.data.images.orientation import UPRIGHT
from kerastune_ft.data.images.reading import ImageReading
from kerastune_ft.data.record_store import RecordStore
from kerastune_ft.data.remedies import other_data
from kerastune_ft.data.source import Catalogue, DataSource
from kerastune_ft.errors import DataError
from kerastune_ft.wording import counted, lines


class ImageFileSource(FileSource):
    """Image files read by index."""

    def __init__(self, catalogue: Catalogue, files: Sequence[CheckedImage]) -> None:
        super().__init__(catalogue, files)
        self.image_sizes = np.array([file.size for file in files], np.int32).reshape(-1, 2)
        self._orientations = np.array([file.orientation for file in files], np.int32)

    def read_input(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return `image`: the file's bytes; and its EXIF `orientation`, where some files have yet to be turned."""
        read = {"image": tf.io.read_file(tf.gather(self._paths, index))}
        if (self._orientations != UPRIGHT).any():
            read["orientation"] = tf.gather(self._orientations, index)
        return read

    def _unreadable(self, path: str) -> str | None:
        return unreadable(path, self.rules.accurate_decoding)


def refuse_deep_images(names: Sequence[str], checked: Sequence[CheckedFile]) -> None:
    """Raise DataError for images of more than 8 bits: their range is a decision that is not ours."""
    deep = [
        (name, file.deep_range)
        for name, file in zip(names, checked, strict=True)
        if isinstance(file, CheckedImage) and file.deep_range
    ]
    if deep:
        low = min(values[0] for _, values in deep)
        high = max(values[1] for _, values in deep)
        raise DataError(
            f"data.intensity: {len(deep)} of {len(names)} images have more than 8 bits per channel, with values from "
            f"{low:g} to {high:g}:\n{lines([(name, '') for name, _ in deep])}\n"
            f'Say which range becomes 0 to 255, for instance  "intensity": [{low:g}, {high:g}]  in data, '
            "or convert the files to 8 bits."
        )


def describe_rotation(count: int, reading: ImageReading) -> str:
    """Return what is done with photos that EXIF asks viewers to turn, after `3 photos`."""
    are = f"{'is' if count == 1 else 'are'} stored rotated (EXIF) and"
    if not reading.rules.turns_photos:
        return f"{are} used as stored"
    done = "turned as viewers show them" if reading.exif == "apply" else "used as stored"
    return f"{are} {done} (data.exif {reading.exif})"


def describe_dicom(files: Sequence[CheckedImage], window: Any, intensity: Any) -> tuple[str, ...]:
    """Return sentences on DICOM files: what becomes 0 to 255, and which frame is taken; nothing without such files.

    Raise DataError for a window where there are none.
    """
    found = [file for file in files if file.frames]
    if not found:
        if window is not None:
            place = other_data()
            raise DataError(
                f"--data: the run's images are DICOM files seen through a window (data.window), and {place} has none; "
                "give DICOM files"
                if place
                else "data.window: none of the images is a DICOM file; remove it, or write intensity"
            )
        return ()
    own = sum(not file.has_window for file in found)
    asked = f"the window {list(window)}" if window is not None else f"the range {list(intensity)} of values"
    is_asked = window is not None or intensity != "auto"
    shown = asked if is_asked else "each file's own window, or what 8 bits hold,"
    notes = [f"DICOM: {counted(len(found), 'file')}; {shown} becomes 0 to 255, MONOCHROME1 is turned to white on black"]
    if own:
        notes.append(
            f"DICOM: {counted(own, 'file')} {'has' if own == 1 else 'have'} no window, so the smallest to the largest "
            "value of each becomes 0 to 255; data.window gives all the same"
        )
    if several := [file.frames for file in found if file.frames > 1]:
        notes.append(
            f"DICOM: {counted(len(several), 'file')} {'has' if len(several) == 1 else 'have'} several frames, up to "
            f"{max(several)}; the middle one of each is the example"
        )
    return tuple(notes)


class ArrayImageSource(DataSource):
    """Examples that lie in one array [examples, height, width(, channels)], read by index without copying it."""

    def __init__(self, catalogue: Catalogue, images: np.ndarray, intensity: Intensity = None) -> None:
        """`intensity` is the range of values that becomes 0 to 255."""
        super().__init__(catalogue)
        self._images, self._intensity = images, intensity
        self.image_sizes = np.broadcast_to(np.array(images.shape[1:3], np.int32), (len(images), 2))
        kept = images.dtype in (np.uint8, np.float32) and intensity is None
        is_whole = images.dtype.kind != "f" or intensity is not None
        self._dtype = images.dtype if kept else np.dtype(np.uint8 if is_whole else np.float32)

    def read_input(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return `image`: the array's row as uint8 or float32, 0 to 255."""
        row = tf.numpy_function(self._row, [index], tf.as_dtype(self._dtype), stateful=False)
        return {"image": tf.ensure_shape(row, self._images.shape[1:])}

    def _row(self, index: np.ndarray) -> np.ndarray:
        row = self._images[int(index)]
        if self._intensity is not None:
            row = map_intensity(row, self._intensity)
        return np.ascontiguousarray(row, self._dtype)


class StoredImageSource(DataSource):
    """Encoded images in one memory-mapped file, read by index."""

    encoded = True

    def __init__(self, catalogue: Catalogue, store: RecordStore) -> None:
        super().__init__(catalogue)
        self._store = store
        self.image_sizes = np.array(store.sizes, np.int32).reshape(-1, 2)

    def read_input(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return `image`: the encoded bytes as the builder wrote them."""
        image = tf.numpy_function(self._content, [index], tf.string, stateful=False)
        return {"image": tf.ensure_shape(image, [])}

    def _content(self, index: np.ndarray) -> bytes:
        return self._store.content(int(index))
