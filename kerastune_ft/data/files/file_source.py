"""Files as examples: bad ones are left out or refused, the rest is read by index."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import tensorflow as tf

from kerastune_ft import storage
from kerastune_ft.config.options.data import FolderData, TableData
from kerastune_ft.data.files.check import CheckedFile
from kerastune_ft.data.files.fingerprint import stamp
from kerastune_ft.data.remedies import how_to_skip
from kerastune_ft.data.source import Catalogue, DataSource, SkippedFile
from kerastune_ft.errors import DataError
from kerastune_ft.wording import counted, lines

_ASKED_AT_ONCE = 16
_GONE = "is not there any more"


class FileSource(DataSource):
    """Files read by index; what is in them is for a subclass to say."""

    encoded = True

    def __init__(self, catalogue: Catalogue, files: Sequence[CheckedFile]) -> None:
        super().__init__(catalogue)
        self._files = files
        # Made once and captured: a constant inside the graph would be copied into every graph that reads.
        with tf.device("CPU:0"):
            self._paths = tf.constant([os.fsencode(storage.absolute(file.path)) for file in files])

    def find_file(self, index: int) -> str | None:
        """Return the path of the file that an example's input is read from; None where a copy of it is read."""
        file = self._files[index]
        return None if file.stamp is None else file.path

    def find_changed(self, indices: Iterable[int]) -> list[str]:
        """Return the keys of those examples whose files, read in their place, have another size or time than before."""
        wanted = list(map(int, indices))
        own = [index for index in wanted if self._files[index].stamp is not None]
        # File systems of a network answer slowly, and many questions at once.
        with ThreadPoolExecutor(_ASKED_AT_ONCE) as pool:
            stamps = list(pool.map(lambda index: _stamp(self._files[index].path), own))
        found = {index for index, now in zip(own, stamps, strict=True) if now != self._files[index].stamp}
        found.update(self._labels.find_changed(wanted))
        return [self.keys[index] for index in wanted if index in found]

    def find_lost(self) -> list[tuple[str, str]]:
        """Return the files that went away or were damaged since they were checked, each with what became of it."""
        paths = [os.fsdecode(path) for path in self._paths.numpy()]
        gone = [(key, _GONE) for key, path in zip(self.keys, paths, strict=True) if not storage.exists(path)]
        if gone:
            return gone
        found = ((key, self._unreadable(path)) for key, path in zip(self.keys, paths, strict=True))
        lost = [(key, reason) for key, reason in found if reason is not None]
        return lost or [(self.keys[index], reason) for index, reason in self._labels.find_lost()]

    @abstractmethod
    def _unreadable(self, path: str) -> str | None:
        """Return why a file that was checked cannot be decoded any more, or None where it can."""


def _stamp(path: str) -> list[int | None] | None:
    """Return size and time of a file, or None where it is not there."""
    try:
        return stamp(storage.status(path))
    except (OSError, ValueError):
        return None


def find_usable(
    names: Sequence[str], checked: Sequence[CheckedFile], options: FolderData | TableData, noun: str
) -> tuple[list[int], tuple[SkippedFile, ...]]:
    """Return the indices of the files that can be used, and the others by the names the user knows them by.

    `noun` is what each holds. Raise DataError where the others are not to be skipped.
    """
    bad = [index for index, file in enumerate(checked) if file.problem]
    rules = {"on_bad_file": options.on_bad_file, "on_missing": options.on_missing}
    rule_of = {index: "on_missing" if checked[index].is_missing else "on_bad_file" for index in bad}
    refused = [index for index in bad if rules[rule_of[index]] == "error"]
    place = f"{counted(len(names), f'{noun} file')} in {options.place}"
    if refused:
        remedy = how_to_skip(sorted({rule_of[index] for index in refused}), "them")
        raise DataError(
            f"data.path: {len(refused)} of {place} cannot be used:\n"
            f"{lines([(names[index], checked[index].problem or '') for index in refused])}\n"
            f"Repair or remove them, or {remedy}."
        )
    if len(bad) == len(names):
        raise DataError(f"data.path: none of the {place} can be read.")
    left_out = set(bad)
    skipped = tuple(SkippedFile(names[index], checked[index].problem or "") for index in bad)
    return [index for index in range(len(names)) if index not in left_out], skipped
