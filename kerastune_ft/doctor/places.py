"""Folders that runs read and write: caches and their sizes, network mounts, and rights."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kerastune_ft.backbones.hub import presets
from kerastune_ft.config.options.byte_sizes import size_text
from kerastune_ft.config.options.runtime import Runtime, cache_directory
from kerastune_ft.doctor.finding import BROKEN, NOTE, WARNING, Finding, Section
from kerastune_ft.errors import ConfigError
from kerastune_ft.mounts import file_system, is_network
from kerastune_ft.storage import expand_home

# A folder of more files is not counted to its end, which may take minutes on a network disk.
_MOST_FILES = 50_000


@dataclass(frozen=True)
class Place:
    """A folder that programs read or write here."""

    what: str
    path: Path
    chosen_by: str
    """The environment variable that moves it; empty for none."""
    is_needed: bool = False
    """Whether no run can do without writing to it."""


def list_places() -> Iterator[Place]:
    """Yield the folders that runs and downloads use, as the environment says. Raises ConfigError for no home."""
    yield Place("runs", Path.cwd(), "")
    yield Place("temporary files", Path(tempfile.gettempdir()), "TMPDIR", True)
    yield Place("stored features and prepared data", cache_directory(Runtime()), "KERASTUNE_CACHE", True)
    yield Place("ImageNet weights of Keras", find_keras_home() / "models", "KERAS_HOME")
    yield Place("presets from Kaggle", presets.cache_directory("kaggle"), "KAGGLEHUB_CACHE")
    yield Place("presets from Hugging Face", presets.cache_directory("hf"), "HF_HUB_CACHE")
    yield Place("TensorFlow Datasets", find_tfds_directory(), "TFDS_DATA_DIR")


def find_keras_home() -> Path:
    """Return the folder where Keras keeps its settings and downloads."""
    return Path(os.environ.get("KERAS_HOME") or Path(expand_home("~")) / ".keras")


def find_tfds_directory() -> Path:
    """Return the folder where TensorFlow Datasets keeps data sets."""
    return Path(expand_home(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"))


def examine_places() -> Section:
    """Return the folders with what is in them, and which of them cannot be written or lie on a network."""
    findings: list[Finding] = []
    facts = {}
    try:
        places = list(list_places())
    except ConfigError as error:
        return Section("places", [Finding(str(error), BROKEN, "export KERASTUNE_CACHE=/a/local/folder")])
    for place in places:
        found = examine_place(place)
        findings += found.findings
        facts[place.what] = found.facts
    return Section("places", findings, facts)


def examine_place(place: Place) -> Section:
    """Return what is to be said of one folder."""
    kind, there = file_system(place.path), place.path.is_dir()
    # Runs and temporary files lie among others, whose size says nothing.
    is_cache = place.chosen_by not in ("", "TMPDIR")
    files, size, is_whole = measure_folder(place.path) if there and is_cache else (0, 0, True)
    holds = "not there yet" if not there else f"{'' if is_whole else 'more than '}{size_text(size)}" if is_cache else ""
    said = ", ".join(filter(None, [holds, f"on {kind}" if kind else ""]))
    text = f"{place.what}: {place.path}" + (f" ({said})" if said else "")
    findings = []
    fault = find_write_fault(place.path)
    if fault:
        where = (
            f"; name another place in {place.chosen_by}" if place.chosen_by else "; work elsewhere, or name --run-dir"
        )
        findings.append(Finding(f"{text} cannot be written: {fault}", BROKEN if place.is_needed else NOTE, where[2:]))
    elif place.is_needed and is_network(place.path):
        findings.append(
            Finding(
                f"{text} is on a network: slower, and locks may fail there", WARNING,
                f"export {place.chosen_by}=/a/local/folder",
            )
        )  # fmt: skip
    else:
        findings.append(Finding(text))
    facts = {"path": str(place.path), "is_there": there, "file_system": kind, "files": files, "bytes": size,
             "fault": fault}  # fmt: skip
    return Section(place.what, findings, facts)


def measure_folder(folder: Path, most: int = _MOST_FILES) -> tuple[int, int, bool]:
    """Return files and bytes in a folder, and whether all of it was counted."""
    files = size = 0
    for here, _, names in os.walk(folder):
        for name in names:
            if files == most:
                return files, size, False
            try:
                size += os.lstat(os.path.join(here, name)).st_size
            except OSError:
                continue
            files += 1
    return files, size, True


def find_write_fault(folder: Path) -> str:
    """Return why nothing can be written into a folder, or into the one above where it would be made; empty if it can.

    A file without a name, or one that is removed at once, is made there.
    """
    there = next((place for place in (folder, *folder.absolute().parents) if os.path.lexists(place)), Path("/"))
    if not there.is_dir():
        return f"{there} is no folder"
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"0")
    except OSError as error:
        return (error.strerror or str(error)).lower()
    return ""
