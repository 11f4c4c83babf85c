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
from kerastune_ft.data.sounds.channels import UnusableSoundError, mix
from kerastune_ft.data.sounds.check import CheckedSound
from kerastune_ft.data.sounds.decode import decode_sound
from kerastune_ft.data.source import Catalogue, DataSource
from kerastune_ft.rules import NEWEST, Rules


class SoundSource(DataSource):
    """Sounds read by index from an array."""

    def __init__(
        self,
        catalogue: Catalogue,
        row: Callable[[int], np.ndarray],
        frames: np.ndarray,
        sample_rate: int,
        rules: Rules = NEWEST,
    ) -> None:
        """`row` returns the samples of an example, [frames(, channels)]; `frames` are how many it has, by example."""
        super().__init__(catalogue)
        self._row, self._rate, self._rules = row, sample_rate, rules
        self.sound_seconds = np.asarray(frames, np.float64) / sample_rate

    def read_input(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return `samples`, float32 of one channel, and their `rate`."""
        samples = tf.numpy_function(self._samples, [index], tf.float32, stateful=False)
        return {"samples": tf.ensure_shape(samples, [None]), "rate": tf.constant(self._rate, tf.int32)}

    def _samples(self, index: Any) -> np.ndarray:
        return mix(np.asarray(self._row(int(index))), self._rules).values


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
    """Sound files read by index."""

    def __init__(self, catalogue: Catalogue, files: Sequence[CheckedSound], rules: Rules = NEWEST) -> None:
        super().__init__(catalogue, files)
        self._rules = rules
        self.sound_seconds = np.array([file.frames / file.rate for file in files], np.float64)

    def read_input(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return `samples`, float32 of one channel, and their `rate`."""
        content = tf.io.read_file(tf.gather(self._paths, index))
        values, rate = tf.numpy_function(self._decode, [content], [tf.float32, tf.int32], stateful=False)
        return {"samples": tf.ensure_shape(values, [None]), "rate": tf.ensure_shape(rate, [])}

    def _decode(self, content: Any) -> tuple[np.ndarray, np.ndarray]:
        # Of an eager tensor it is an array of no dimensions.
        found = decode_sound(content if isinstance(content, bytes) else content.item(), self._rules)
        return found.values, np.array(found.rate, np.int32)

    def _unreadable(self, path: str) -> str | None:
        try:
            decode_sound(storage.read(path))
        except FileNotFoundError:
            return "is not there any more"
        except OSError as problem:
            return explain_os_error(problem)
        except UnusableSoundError:
            return "changed and cannot be read any more"
        return None
