"""The EXIF orientation of JPEG files, read by operations of TensorFlow, for models that take files as they are."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from kerastune_ft.data.images.orientation import UPRIGHT

_READ = 1 << 17
"""The bytes from the beginning of a file that are looked at: EXIF has at most 64 KiB, and little stands before it."""
_MARK, _EXIF, _PIXELS = 0xFF, 0xE1, 0xDA
_NAME = b"Exif\x00\x00"
_ORIENTATION = 0x0112
_MOST_ENTRIES = 1024


def find_orientation(content: tf.Tensor) -> tf.Tensor:
    """Return the EXIF orientation, 1 to 8, int32, of the bytes of a JPEG file; 1 for other files and without EXIF.

    Segments are skipped until the one of EXIF (JPEG), whose first directory (TIFF) has an entry with the orientation.
    """
    head = tf.cast(tf.io.decode_raw(tf.strings.substr(content, 0, _READ), tf.uint8), tf.int32)
    count = tf.shape(head)[0]
    # Whatever a damaged file points to lies inside.
    data = tf.concat([head, tf.zeros([1], tf.int32)], axis=0)

    def byte(place: tf.Tensor) -> tf.Tensor:
        return tf.gather(data, tf.clip_by_value(place, 0, count))

    def is_exif(place: tf.Tensor) -> tf.Tensor:
        named = [byte(place + 4 + number) == letter for number, letter in enumerate(_NAME)]
        return tf.reduce_all([byte(place + 1) == _EXIF, *named])

    def goes_on(place: tf.Tensor) -> tf.Tensor:
        is_segment = (byte(place) == _MARK) & (byte(place + 1) != _PIXELS) & (place < count)
        return is_segment & ~is_exif(place)

    def skip(place: tf.Tensor) -> list[tf.Tensor]:
        return [place + 2 + tf.maximum(256 * byte(place + 2) + byte(place + 3), 2)]

    (place,) = tf.while_loop(goes_on, skip, [tf.constant(2)])
    is_there = (byte(tf.constant(0)) == _MARK) & (byte(place) == _MARK) & is_exif(place)
    return tf.where(is_there, _read_directory(byte, place + 4 + len(_NAME)), UPRIGHT)


def _read_directory(byte: Callable[[tf.Tensor], tf.Tensor], start: tf.Tensor) -> tf.Tensor:
    """Return the orientation in the first directory of the TIFF that begins at a place; 1 where it has none."""
    is_little = byte(start) == ord("I")

    def short(place: tf.Tensor) -> tf.Tensor:
        first, second = byte(place), byte(place + 1)
        return tf.where(is_little, first + 256 * second, 256 * first + second)

    # Of the four bytes of an offset the two large ones are 0 in a segment of 64 KiB.
    directory = start + short(start + 4 + tf.where(is_little, 0, 2))
    entries = directory + 2 + 12 * tf.range(tf.minimum(short(directory), _MOST_ENTRIES))
    found = tf.boolean_mask(entries, short(entries) == _ORIENTATION)
    value = short(tf.concat([found, [start]], axis=0)[0] + 8)
    is_one = (tf.size(found) > 0) & (value >= UPRIGHT) & (value <= 8)
    return tf.where(is_one, value, UPRIGHT)
