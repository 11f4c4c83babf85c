"""Files as examples, whatever names them: the bad ones sorted out, the rest read by index."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import tensorflow as tf

from kerastune_ft import storage
from kerastune_ft.config.options.data import FolderData, TableData
from kerastune_ft.data.files.check import CheckedFile
from kerastune_ft.data.files.fingerprint import stamp
from kerastune_ft.data.images.check import CheckedImage, unreadable
from kerastune_ft.data.labels.labels import Labels
from kerastune_ft.data.remedies import skipping
from kerastune_ft.data.source import Catalogue, DataSource, SkippedFile, counted
from kerastune_ft.errors import DataError

_SHOWN = 20
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

    def changed(self, indices: Iterable[int]) -> list[str]:
        """Return the keys of those files, read in their place, whose size or time is not what it was."""
        own = [index for index in map(int, indices) if self._files[index].stamp is not None]
        if not own:
            return []
        # File systems of a network answer slowly, and many questions at once.
        with ThreadPoolExecutor(min(_ASKED_AT_ONCE, len(own))) as pool:
            found = list(pool.map(lambda index: _stamp(self._files[index].path), own))
        return [self.keys[index] for index, now in zip(own, found, strict=True) if now != self._files[index].stamp]

    def lost(self) -> list[tuple[str, str]]:
        """Return the files that went away or were damaged since they were checked, each with what became of it."""
        paths = [os.fsdecode(path) for path in self._paths.numpy()]
        gone = [(key, _GONE) for key, path in zip(self.keys, paths, strict=True) if not storage.exists(path)]
        if gone:
            return gone
        found = ((key, self._unreadable(path)) for key, path in zip(self.keys, paths, strict=True))
        return [(key, reason) for key, reason in found if reason is not None]

    @abstractmethod
    def _unreadable(self, path: str) -> str | None:
        """Return why a file that was checked cannot be decoded any more, or None where it can."""


class ImageFileSource(FileSource):
    """Image files read by index."""

    def __init__(self, catalogue: Catalogue, files: Sequence[CheckedImage]) -> None:
        super().__init__(catalogue, files)
        self.image_sizes = np.array([file.size for file in files], np.int32).reshape(-1, 2)

    def element(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return `image`: the file's bytes, in a format that `tf.io.decode_image` reads."""
        return {"image": tf.io.read_file(tf.gather(self._paths, index))}

    def _unreadable(self, path: str) -> str | None:
        return unreadable(path)


def _stamp(path: str) -> list[int | None] | None:
    """Return size and time of a file, or None where it is not there."""
    try:
        return stamp(storage.status(path))
    except (OSError, ValueError):
        return None


def usable(
    names: Sequence[str], checked: Sequence[CheckedFile], options: FolderData | TableData, noun: str
) -> tuple[list[int], tuple[SkippedFile, ...]]:
    """Return the indices of the files that can be used, and the others by the names the user knows them by.

    `noun` is what each holds. Raise DataError where the others are not to be skipped, and for images of more than 8
    bits without a range to map.
    """
    _refuse_deep(names, checked)
    bad = [index for index, file in enumerate(checked) if file.problem]
    rules = {"on_bad_file": options.on_bad_file, "on_missing": options.on_missing}
    rule_of = {index: "on_missing" if checked[index].is_missing else "on_bad_file" for index in bad}
    refused = [index for index in bad if rules[rule_of[index]] == "error"]
    place = f"{counted(len(names), f'{noun} file')} in {storage.path_of(options.path)}"
    if refused:
        remedy = skipping(sorted({rule_of[index] for index in refused}), "them")
        raise DataError(
            f"data.path: {len(refused)} of {place} cannot be used:\n"
            f"{listing([(names[index], checked[index].problem or '') for index in refused])}\n"
            f"Repair or remove them, or {remedy}."
        )
    if len(bad) == len(names):
        raise DataError(f"data.path: none of the {place} can be read.")
    left_out = set(bad)
    skipped = tuple(SkippedFile(names[index], checked[index].problem or "") for index in bad)
    return [index for index in range(len(names)) if index not in left_out], skipped


def _refuse_deep(names: Sequence[str], checked: Sequence[CheckedFile]) -> None:
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
            f"{low:g} to {high:g}:\n{listing([(name, '') for name, _ in deep])}\n"
            f'Say which range becomes 0 to 255, for instance  "intensity": [{low:g}, {high:g}]  in data, '
            "or convert the files to 8 bits."
        )


def rotated_notes(checked: Sequence[CheckedImage]) -> tuple[str, ...]:
    """Return a sentence about photos that viewers turn and this program does not."""
    count = sum(file.is_rotated for file in checked)
    verb = "is" if count == 1 else "are"
    return (f"{counted(count, 'photo')} {verb} stored rotated (EXIF) and used as stored",) if count else ()


def repeated_notes(
    checked: Sequence[CheckedFile], labels: Labels, splits: Mapping[str, np.ndarray], noun: str
) -> tuple[str, ...]:
    """Return a warning for each sort of identical files that spoil what is measured."""
    texts = labels.texts
    wrong = "in more than one class, so one of the labels" if labels.kind == "one" else "there with two labels, so one"
    split_of = {int(index): split for split, indices in splits.items() for index in indices}
    copies: dict[str, list[int]] = {}
    for index, file in enumerate(checked):
        copies.setdefault(file.sha256, []).append(index)
    found: Counter[str] = Counter()
    for same in copies.values():
        if len({split_of.get(index) for index in same}) > 1:
            found["in more than one split, so the metrics flatter the model"] += 1
        if len({texts[index] for index in same}) > 1:
            found[f"{wrong} is wrong"] += 1
    return tuple(
        f"identical files: {counted(count, noun)} {'is' if count == 1 else 'are'} {what}"
        for what, count in found.items()
    )


def listing(rows: Sequence[tuple[str, str]]) -> str:
    """Return lines of a name and what is said about it, not more than a person reads."""
    lines = [f"  {name}  {said}".rstrip() for name, said in rows[:_SHOWN]]
    if len(rows) > _SHOWN:
        lines.append(f"  and {len(rows) - _SHOWN} more")
    return "\n".join(lines)
