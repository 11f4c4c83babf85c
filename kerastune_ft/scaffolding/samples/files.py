"""Notes about the files of a data set, by their kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kerastune_ft.data.files.find import SOUNDS, TEXTS, FileKind
from kerastune_ft.scaffolding.findings import DataFindings
from kerastune_ft.scaffolding.samples.sound_files import note_sounds
from kerastune_ft.scaffolding.samples.text_files import note_texts

# Images are sampled later, when the backbone is chosen.
_NOTES: Mapping[str, Callable[[DataFindings], None]] = {SOUNDS.noun: note_sounds, TEXTS.noun: note_texts}


def note_files(findings: DataFindings, kind: FileKind) -> None:
    """Open a sample of the files and add notes and questions about them."""
    if kind.noun in _NOTES:
        _NOTES[kind.noun](findings)
