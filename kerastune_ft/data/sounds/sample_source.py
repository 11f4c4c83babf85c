"""Sounds whose samples lie in memory-mapped arrays: those of .npz files and of TensorFlow Datasets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft import storage
from kerastune_ft.config.options.spectrograms import SAMPLE_RATE
from kerastune_ft.data.files.check import explain_os_error
from kerastune_ft.data.files.file_source import FileSource
from kerastune_ft.data.sounds.check import CheckedSound
from kerastune_ft.data.sounds.wav import UnusableSoundError, mono, samples
from kerastune_ft.data.source import Catalogue, DataSource


class SoundSource(DataSource):
    """Sounds read by index from an array."""

    def __init__(
        self, catalogue: Catalogue, row: Callable[[int], np.ndarray], frames: np.ndarray, sample_rate: int
    ) -> None:
        """`row` returns the samples of an example, [frames(, channels)]; `frames` are how many it has, by example."""
        super().__init__(catalogue)
        self._row, self._rate = row, sample_rate
        self.sound_seconds = np.asarray(frames, np.float64) / sample_rate

    def read_input(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return `samples`, float32 of one channel, and their `rate`."""
        samples = tf.numpy_function(self._samples, [index], tf.float32, stateful=False)
        return {"samples": tf.ensure_shape(samples, [None]), "rate": tf.constant(self._rate, tf.int32)}

    def _samples(self, index: Any) -> np.ndarray:
        return mono(np.asarray(self._row(int(index))))


def sample_rate_of(
    said: int | None, asked: int | None, name: str, source: str = "data.sample_rate", remedy: str = ""
) -> tuple[int, tuple[str, ...]]:
    """Return the samples a second of sounds of which the data say `said`, and a note where they say nothing.

    `asked` is what is taken then, `source` where it comes from, and `remedy` how the data would say another.
    """
    if said is not None:
        return said, ()
    rate = asked or SAMPLE_RATE
    why = source if asked else "as usual"
    return rate, (f"{name} does not say how many samples make a second; they are taken to be {rate} ({why}){remedy}",)


class SoundFileSource(FileSource):
    """WAV files read by index."""

    def __init__(self, catalogue: Catalogue, files: Sequence[CheckedSound]) -> None:
        super().__init__(catalogue, files)
        self.sound_seconds = np.array([file.frames / file.rate for file in files], np.float64)

    def read_input(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return `samples`, float32 of one channel, and their `rate`."""
        return decode_wav(tf.io.read_file(tf.gather(self._paths, index)))

    def _unreadable(self, path: str) -> str | None:
        try:
            samples(storage.read(path))
        except FileNotFoundError:
            return "is not there any more"
        except OSError as problem:
            return explain_os_error(problem)
        except UnusableSoundError:
            return "changed and cannot be read any more"
        return None


def decode_wav(content: tf.Tensor) -> dict[str, tf.Tensor]:
    """Return `samples`, float32 [frames], and `rate`, int32, of a WAV file's bytes; a graph function."""
    values, rate = tf.numpy_function(_samples, [content], [tf.float32, tf.int32], stateful=False)
    return {"samples": tf.ensure_shape(values, [None]), "rate": tf.ensure_shape(rate, [])}


def _samples(content: Any) -> tuple[np.ndarray, np.ndarray]:
    # Of an eager tensor it is an array of no dimensions.
    values, rate = samples(content if isinstance(content, bytes) else content.item())
    return values, np.array(rate, np.int32)
