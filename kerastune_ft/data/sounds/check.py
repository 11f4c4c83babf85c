"""Sounds as examples: WAV files checked before training, their samples read by index."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft import storage
from kerastune_ft.data.files.check import CheckedFile, FileCheck, content_of, not_read
from kerastune_ft.data.files.file_source import FileSource
from kerastune_ft.data.files.fingerprint import stamp
from kerastune_ft.data.sounds.wav import UnusableSoundError, samples
from kerastune_ft.data.source import Catalogue, Report, counted


@dataclass(frozen=True)
class CheckedSound(CheckedFile):
    """What a check found out about one WAV file."""

    frames: int = 0
    rate: int = 0
    """Samples a second; 0 where the file is no sound."""
    is_silent: bool = False
    """Whether every sample is 0."""


class SoundCheck(FileCheck[CheckedSound]):
    """Checks the WAV files of one data folder, remembering results in the cache directory."""

    noun = "sound"

    def __init__(self, root: Path, cache_directory: Path, report: Report):
        super().__init__(f"{root.absolute()} sounds", cache_directory, report)

    def unusable(self, path: str, problem: str, is_missing: bool = False) -> CheckedSound:
        """Return the result of a file of which nothing else is known."""
        return CheckedSound(path, "", problem, is_missing)

    def _is_complete(self, facts: dict[str, Any]) -> bool:
        return "is_silent" in facts or "problem" in facts

    def _examined(self, content: bytes) -> dict[str, Any]:
        facts: dict[str, Any] = {"sha256": hashlib.sha256(content).hexdigest()}
        try:
            values, rate = samples(content)
        except UnusableSoundError as problem:
            return facts | {"problem": str(problem)}
        return facts | {"frames": len(values), "rate": rate, "is_silent": not values.any()}

    def _result(self, path: str, facts: dict[str, Any], status: os.stat_result) -> CheckedSound:
        return CheckedSound(
            path,
            facts["sha256"],
            facts.get("problem"),
            stamp=stamp(status),
            content=facts["sha256"],
            frames=facts.get("frames", 0),
            rate=facts.get("rate", 0),
            is_silent=facts.get("is_silent", False),
        )


def silent_notes(checked: Sequence[CheckedSound]) -> tuple[str, ...]:
    """Return a sentence about sounds in which nothing is to be heard."""
    silent = [file.path for file in checked if file.is_silent]
    if not silent:
        return ()
    verb = "is" if len(silent) == 1 else "are"
    return (
        f"{counted(len(silent), 'sound')} {verb} silent, every sample 0, as {'/'.join(Path(silent[0]).parts[-2:])}",
    )


class SoundFileSource(FileSource):
    """WAV files read by index."""

    def __init__(self, catalogue: Catalogue, files: Sequence[CheckedSound]) -> None:
        super().__init__(catalogue, files)
        self.sound_seconds = np.array([file.frames / file.rate for file in files], np.float64)

    def element(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return `samples`, float32 of one channel, and their `rate`."""
        return decoded(tf.io.read_file(tf.gather(self._paths, index)))

    def _unreadable(self, path: str) -> str | None:
        try:
            samples(storage.read(path))
        except FileNotFoundError:
            return "is not there any more"
        except OSError as problem:
            return not_read(problem)
        except UnusableSoundError:
            return "changed and cannot be read any more"
        return None


def decoded(content: tf.Tensor) -> dict[str, tf.Tensor]:
    """Return `samples`, float32 [frames], and `rate`, int32, of a WAV file's bytes; a graph function."""
    values, rate = tf.numpy_function(_samples, [content], [tf.float32, tf.int32], stateful=False)
    return {"samples": tf.ensure_shape(values, [None]), "rate": tf.ensure_shape(rate, [])}


def _samples(content: Any) -> tuple[np.ndarray, np.ndarray]:
    # Of an eager tensor it is an array of no dimensions.
    values, rate = samples(content if isinstance(content, bytes) else content.item())
    return values, np.array(rate, np.int32)


def read_once(path: str) -> tuple[np.ndarray, int]:
    """Return samples and rate of a file that is looked at once; raise UnusableSoundError where there is a problem."""
    return samples(content_of(path, UnusableSoundError))
