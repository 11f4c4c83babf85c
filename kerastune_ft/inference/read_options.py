"""Options for reading inputs to predict on, from the user's words and from the run."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kerastune_ft import storage
from kerastune_ft.config.options.data import ArraysData
from kerastune_ft.config.options.inputs import InputColumns
from kerastune_ft.config.options.task_facts import AUDIO, IMAGE, LANGUAGE, MASKED, PAIR, SPEECH, TEXT, facts
from kerastune_ft.config.run import RunConfig
from kerastune_ft.data.files.find import IMAGES, SOUNDS, TEXTS, FileKind
from kerastune_ft.data.images.intensity import Intensity

_FILE_KINDS = {
    AUDIO: SOUNDS,
    SPEECH: SOUNDS,
    IMAGE: IMAGES,
    TEXT: TEXTS,
    LANGUAGE: TEXTS,
    MASKED: TEXTS,
    PAIR: TEXTS,
}


@dataclass(frozen=True)
class ReadOptions:
    """How files, tables and arrays become items to predict on."""

    given: str | None
    """The column, key, template or name of an array that the user names; None where the user names none."""
    own: str | tuple[str, str] | InputColumns | None
    """The column or template of the table that the run was trained on; two columns for pairs of texts, several inputs
    by name."""
    intensity: Intensity
    """The range of pixel values that becomes 0 to 255; None where values are 0 to 255 already."""
    file_kind: FileKind
    """The kind of files to look for in folders."""
    cache_directory: Path
    report: Callable[[str], None]
    """Called with notes for the user."""
    sample_rate: int | None = None
    """Samples a second of sounds in an .npz file that does not say it."""
    takes_grey: bool = False
    """Whether the run was trained on an array [N, height, width] of grey images."""
    folder: str | None = None
    """The folder of the table that the run was trained on, where the names in a DataFrame may begin."""


def read_options(
    config: RunConfig,
    given: str | None,
    cache_directory: Path,
    report: Callable[[str], None],
    model_rate: int | None = None,
    example_shape: Sequence[int] | None = None,
) -> ReadOptions:
    """Return how inputs of a run are read.

    `given` is the column, key, template or array that the user names; `model_rate` the samples a second that the
    run's model takes, None where it takes no sounds; `example_shape` the shape of an example in the run's own array.
    """
    data = config.data
    own = data.input if data.kind == "table" else None
    intensity = None if data.intensity == "auto" else data.intensity
    # As training and evaluation read such files.
    rate = data.sample_rate if isinstance(data, ArraysData) else model_rate
    kind, takes_grey = _FILE_KINDS[facts(config.task).modality], len(example_shape or ()) == 2
    folder = _find_folder(data.path) if data.kind == "table" else None
    return ReadOptions(given, own, intensity, kind, cache_directory, report, rate, takes_grey, folder)


def _find_folder(path: str | Sequence[str]) -> str:
    """Return the folder of a table, or of the first of several."""
    first = path if isinstance(path, str) else path[0]
    return first if storage.path_of(first).is_dir() else os.path.dirname(storage.absolute(first))


def choose_column(options: ReadOptions) -> str | None:
    """Return the column, key or template that names files: the user's, else the run's, else None."""
    return options.given or (options.own if isinstance(options.own, str) else None)
