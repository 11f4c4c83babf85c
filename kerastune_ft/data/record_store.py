"""Examples of a data set written once, in order, into one file of the cache directory, and read by index."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerastune_ft.data.source import Report
from kerastune_ft.stores.cached_folder import open_folder, write_array


class Entry(NamedTuple):
    """An example as it is written."""

    content: bytes
    label: str | list[str]
    group: list[str]
    """None or one."""
    size: tuple[int, int] | None = None
    """Height and width of an image."""


@dataclass(frozen=True)
class RecordStore:
    """Contents one after the other, where each begins, and what is said of each."""

    blob: np.ndarray
    offsets: np.ndarray
    labels: list[Any]
    groups: list[str]
    keys: list[str]
    hashes: list[str]
    """SHA-256 of the contents."""
    sizes: list[tuple[int, int]]
    ranges: dict[str, list[int]]
    """For each split, the first example and the one after the last."""

    def content(self, index: int) -> bytes:
        """Return the content of an example."""
        return self.blob[self.offsets[index] : self.offsets[index + 1]].tobytes()

    def label_texts(self) -> list[str]:
        """Return the label of each example, or its labels, as one text."""
        return [json.dumps(label) if isinstance(label, list) else label for label in self.labels]


def open_record_store(
    address: Sequence[Any],
    bases: Sequence[str],
    entries: Callable[[str], Iterable[Entry]],
    directory: Path,
    report: Report,
    work: str,
) -> RecordStore:
    """Return the examples of some splits, written once into a folder of the cache; see `open_folder`.

    `address` says what they are.
    """
    target = open_folder(
        directory / hashlib.sha256(json.dumps(address).encode()).hexdigest()[:32],
        lambda folder: _write(bases, entries, folder),
        report,
        work,
    )
    facts = json.loads((target / "facts.json").read_text(encoding="utf-8"))
    return RecordStore(np.memmap(target / "contents.bin", np.uint8, "r"), np.load(target / "offsets.npy"), **facts)


def _write(bases: Sequence[str], entries: Callable[[str], Iterable[Entry]], target: Path) -> None:
    offsets = [0]
    facts: dict[str, Any] = {"labels": [], "groups": [], "keys": [], "hashes": [], "sizes": [], "ranges": {}}
    with (target / "contents.bin").open("wb") as blob:
        for name in bases:
            start = len(facts["labels"])
            for position, entry in enumerate(entries(name)):
                blob.write(entry.content)
                offsets.append(offsets[-1] + len(entry.content))
                facts["labels"].append(entry.label)
                facts["groups"] += entry.group
                facts["keys"].append(f"{name}[{position}]")
                facts["sizes"] += [] if entry.size is None else [entry.size]
                facts["hashes"].append(hashlib.sha256(entry.content).hexdigest())
            facts["ranges"][name] = [start, len(facts["labels"])]
    write_array(target / "offsets.npy", np.array(offsets, np.int64))
    (target / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
