"""Sounds as examples: files checked before training, their samples read by index."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerastune_ft.data.files.check import CheckedFile, FileCheck
from kerastune_ft.data.files.fingerprint import content_identity, stamp
from kerastune_ft.data.sounds.channels import UnusableSoundError
from kerastune_ft.data.sounds.decode import decode_sound
from kerastune_ft.data.sounds.packed import MissingReaderError
from kerastune_ft.data.source import Report
from kerastune_ft.rules import NEWEST, Rules
from kerastune_ft.wording import counted


@dataclass(frozen=True)
class CheckedSound(CheckedFile):
    """The result of checking one sound file."""

    frames: int = 0
    rate: int = 0
    """Samples a second; 0 where the file is no sound."""
    is_silent: bool = False
    """Whether every sample is 0."""
    cancels: bool = False
    """Whether its channels cancel each other when they are mixed."""


class SoundCheck(FileCheck[CheckedSound]):
    """Checks the sound files of one data folder, remembering results in the cache directory."""

    noun = "sound"

    def __init__(self, root: Path, cache_directory: Path, report: Report, rules: Rules = NEWEST):
        # Earlier versions remembered FLAC, OGG and MP3 as files that cannot be read, under another scope.
        super().__init__(f"{root.absolute()} sounds of all forms", cache_directory, report)
        self._rules = rules

    def unusable(self, path: str, problem: str, is_missing: bool = False) -> CheckedSound:
        """Return the result of a file of which nothing else is known."""
        return CheckedSound(path, "", problem, is_missing)

    def _is_complete(self, facts: dict[str, Any]) -> bool:
        # A file whose reader was missing may be read today.
        return "cancels" in facts or ("problem" in facts and "lacks" not in facts)

    def _examine(self, content: bytes) -> dict[str, Any]:
        facts: dict[str, Any] = {"sha256": hashlib.sha256(content).hexdigest()}
        try:
            found = decode_sound(content)
        except MissingReaderError as problem:
            return facts | {"problem": str(problem), "lacks": "soundfile"}
        except UnusableSoundError as problem:
            return facts | {"problem": str(problem)}
        length = {"frames": len(found.values), "rate": found.rate}
        return facts | length | {"is_silent": found.is_silent, "cancels": found.cancels}

    def _result(self, path: str, facts: dict[str, Any], status: os.stat_result) -> CheckedSound:
        return CheckedSound(
            path,
            facts["sha256"],
            facts.get("problem"),
            stamp=stamp(status),
            content=self._identity(facts),
            frames=facts.get("frames", 0),
            rate=facts.get("rate", 0),
            is_silent=facts.get("is_silent", False),
            cancels=facts.get("cancels", False),
        )

    def _identity(self, facts: dict[str, Any]) -> str:
        """Return what the samples follow from: the file, and how its channels are mixed where that is a question."""
        digest: str = facts["sha256"]
        is_loudest = facts.get("cancels", False) and self._rules.loudest_of_cancelling_channels
        return content_identity(digest, "the loudest channel") if is_loudest else digest


def notes_on_silence(checked: Sequence[CheckedSound]) -> tuple[str, ...]:
    """Return a sentence about sounds in which nothing is to be heard."""
    silent = [file.path for file in checked if file.is_silent]
    if not silent:
        return ()
    verb = "is" if len(silent) == 1 else "are"
    return (
        f"{counted(len(silent), 'sound')} {verb} silent, every sample 0, as {'/'.join(Path(silent[0]).parts[-2:])}",
    )


def notes_on_cancelling(checked: Sequence[CheckedSound], rules: Rules) -> tuple[str, ...]:
    """Return a sentence about sounds whose channels cancel each other, and what is taken of them."""
    found = [file.path for file in checked if file.cancels]
    return explain_cancelling(len(found), "/".join(Path(found[0]).parts[-2:]), rules) if found else ()


def explain_cancelling(count: int, example: str, rules: Rules) -> tuple[str, ...]:
    """Return the sentence about sounds whose channels cancel each other, of which `example` is one."""
    taken = "the loudest channel is" if rules.loudest_of_cancelling_channels else "what little the mean leaves is"
    return (
        f"the channels of {counted(count, 'sound')} cancel each other when they are mixed, as where one is the other "
        f"turned over; {taken} taken, as of {example}",
    )
