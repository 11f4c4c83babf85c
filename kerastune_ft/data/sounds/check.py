"""Sounds as examples: WAV files checked before training, their samples read by index."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kerastune_ft.data.files.check import CheckedFile, FileCheck, read_content
from kerastune_ft.data.files.fingerprint import stamp
from kerastune_ft.data.sounds.wav import UnusableSoundError, samples
from kerastune_ft.data.source import Report
from kerastune_ft.wording import counted


@dataclass(frozen=True)
class CheckedSound(CheckedFile):
    """The result of checking one WAV file."""

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

    def _examine(self, content: bytes) -> dict[str, Any]:
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


def notes_on_silence(checked: Sequence[CheckedSound]) -> tuple[str, ...]:
    """Return a sentence about sounds in which nothing is to be heard."""
    silent = [file.path for file in checked if file.is_silent]
    if not silent:
        return ()
    verb = "is" if len(silent) == 1 else "are"
    return (
        f"{counted(len(silent), 'sound')} {verb} silent, every sample 0, as {'/'.join(Path(silent[0]).parts[-2:])}",
    )


def read_once(path: str) -> tuple[np.ndarray, int]:
    """Return samples and rate of a file that is looked at once; raise UnusableSoundError where there is a problem."""
    return samples(read_content(path, UnusableSoundError))
