"""Texts to write beside the files of a folder: by what the files are, another place to look."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kerastune_ft.config.options.data import FolderData, Splits
from kerastune_ft.config.options.task_facts import LANGUAGE, MASKED, PAIR, SPEECH
from kerastune_ft.data.annotations.base import Annotations
from kerastune_ft.data.dialogues import text_folders
from kerastune_ft.data.files.find import Walk
from kerastune_ft.data.modality import ReadContext
from kerastune_ft.data.speech import transcript_folders

_READERS: Mapping[str, Callable[..., Annotations]] = {
    LANGUAGE: text_folders.read,
    MASKED: text_folders.read,
    PAIR: text_folders.read,
    SPEECH: transcript_folders.read,
}


def read(walk: Walk, options: FolderData, requested: Splits | None, context: ReadContext) -> Annotations:
    """Return the files of a folder with the texts that are to be written for them."""
    return _READERS[context.facts.modality](walk, options, requested, context)
