"""Sounds of a folder that are mixed into others as noise."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from pathlib import Path

import numpy as np

from kerastune_ft.data.sounds.channels import UnusableSoundError
from kerastune_ft.data.sounds.decode import decode_sound
from kerastune_ft.errors import DataError
from kerastune_ft.input.sounds.resample import resample
from kerastune_ft.rules import NEWEST, Rules
from kerastune_ft.wording import counted

_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
# Bytes of samples that are kept in memory; sounds beyond are read again.
_KEPT_BYTES = 1 << 28


class LostNoiseError(Exception):
    """A sound of noise is not what it was when the run began; the message says what became of it."""


class NoiseSounds:
    """The sounds of a folder and its sub-folders at one rate, in the order of their names."""

    def __init__(self, folder: str, rate: int, place: str, rules: Rules = NEWEST) -> None:
        """Read all sounds, and keep as many as memory may hold; `place` is the key of the configuration, for messages.

        Raises DataError for a folder that is not there or has no sounds, and for a sound that cannot be read or is
        silent.
        """
        self._rate, self._place, self._rules = rate, place, rules
        root = Path(folder)
        if not root.is_dir():
            where = "noise is read from a local folder; copy it" if "://" in folder else "write one with files of noise"
            raise DataError(f"{place}: {folder} is not a folder here; {where}")
        found = (path for path in root.rglob("*") if path.suffix.lower() in _SUFFIXES and path.is_file())
        self.paths = tuple(sorted(path for path in found if not path.name.startswith(".")))
        if not self.paths:
            raise DataError(f"{place}: {folder} has no sound files ({', '.join(_SUFFIXES)})")
        self._kept: OrderedDict[int, np.ndarray] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._digests: list[bytes] = []
        for number, path in enumerate(self.paths):
            content = self._read_file(path)
            self._keep(number, self._decode(path, content))
            self._digests.append(hashlib.sha256(content).digest())
        self.hash = hashlib.sha256(b"".join(self._digests)).hexdigest()
        """A SHA-256 over the contents of all sounds, in their order."""

    def __str__(self) -> str:
        """Return what is mixed in, for the titles of pictures."""
        return f"of {counted(len(self.paths), 'sound')}"

    @property
    def keys(self) -> list[str]:
        """Return the names of the sounds."""
        return [str(path) for path in self.paths]

    @property
    def place(self) -> str:
        """Return the key of the configuration that names the folder."""
        return self._place

    def find_lost(self) -> list[tuple[str, str]]:
        """Return the sounds that are no longer there as they were, each with what became of it."""
        lost = []
        for number, key in enumerate(self.keys):
            try:
                self._read_again(number)
            except LostNoiseError as error:
                lost.append((key, str(error)))
        return lost

    def take(self, choice: float, place: float, length: int) -> np.ndarray:
        """Return a span of a sound, float64 [length]: the sound and its first sample follow from draws from [0, 1).

        A shorter sound is repeated from its beginning.
        """
        samples = self._load(min(int(choice * len(self.paths)), len(self.paths) - 1))
        start = int(place * max(len(samples) - length + 1, 1))
        repeated = np.resize(samples, max(length, len(samples)))
        return repeated[start : start + length].astype(np.float64)

    def _load(self, number: int) -> np.ndarray:
        with self._lock:
            if number in self._kept:
                return self._kept[number]
        samples = self._decode(self.paths[number], self._read_again(number))
        self._keep(number, samples)
        return samples

    def _read_again(self, number: int) -> bytes:
        """Return the content of a sound; raise LostNoiseError where it is not what it was.

        Another sound in its place would be mixed in by a run that says it had this one.
        """
        try:
            content = self.paths[number].read_bytes()
        except OSError as error:
            gone = "is not there" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
            raise LostNoiseError(gone) from error
        if hashlib.sha256(content).digest() != self._digests[number]:
            raise LostNoiseError("is another one now")
        return content

    def _keep(self, number: int, samples: np.ndarray) -> None:
        with self._lock:
            if number in self._kept:
                return
            self._kept[number] = samples
            self._bytes += samples.nbytes
            while self._bytes > _KEPT_BYTES:
                _, dropped = self._kept.popitem(last=False)
                self._bytes -= dropped.nbytes

    def _read_file(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise DataError(
                f"{self._place}: {path} cannot be read: {error.strerror}; give this user the right to it, or take it "
                "out of the folder"
            ) from error

    def _decode(self, path: Path, content: bytes) -> np.ndarray:
        try:
            sound = decode_sound(content, self._rules)
        except UnusableSoundError as error:
            raise DataError(f"{self._place}: {path}: {error}; repair it, or take it out of the folder") from error
        if sound.is_silent:
            raise DataError(f"{self._place}: {path} is silent, and silence is no noise; take it out of the folder")
        return resample(sound.values, sound.rate, self._rate)
