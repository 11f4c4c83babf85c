"""What files of examples are: images or sounds, how they are found, checked and read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerastune_ft.config.options.data import FolderData, TableData
from kerastune_ft.config.options.task_facts import facts
from kerastune_ft.config.options.tasks import Task
from kerastune_ft.data.files.check import FileCheck
from kerastune_ft.data.files.file_source import FileSource
from kerastune_ft.data.files.find import IMAGES, SOUNDS, FileKind
from kerastune_ft.data.images.check import ImageCheck
from kerastune_ft.data.images.image_source import ImageFileSource, notes_on_rotation, refuse_deep_images
from kerastune_ft.data.sounds.check import SoundCheck, notes_on_silence
from kerastune_ft.data.sounds.sample_source import SoundFileSource
from kerastune_ft.data.source import Catalogue, Report


@dataclass(frozen=True)
class Medium:
    """How files of one sort become examples."""

    sought: FileKind
    check: Callable[[FolderData | TableData, Path, Path, Report], FileCheck[Any]]
    """Returns what checks the files of a folder, given options, folder, cache directory and report."""
    source: Callable[[Catalogue, Sequence[Any]], FileSource]
    notes: Callable[[Sequence[Any]], tuple[str, ...]]
    """Returns what is to be said of checked files."""
    refuse: Callable[[Sequence[str], Sequence[Any]], None] = lambda names, checked: None
    """Raises DataError for checked files that need a decision of the user, given their names."""


def _image_check(options: FolderData | TableData, root: Path, cache_directory: Path, report: Report) -> ImageCheck:
    return ImageCheck(root, cache_directory, None if options.intensity == "auto" else options.intensity, report)


def _sound_check(options: FolderData | TableData, root: Path, cache_directory: Path, report: Report) -> SoundCheck:
    return SoundCheck(root, cache_directory, report)


_MEDIA = {
    "image": Medium(IMAGES, _image_check, ImageFileSource, notes_on_rotation, refuse_deep_images),
    "audio": Medium(SOUNDS, _sound_check, SoundFileSource, notes_on_silence),
}


def medium_of(task: Task) -> Medium:
    """Return how the files of a task become examples."""
    return _MEDIA[facts(task).modality]
