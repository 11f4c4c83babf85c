"""Boxes beside pictures: the format that the options name, or the one that is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kerastune_ft.config.options.data import FolderData, Splits
from kerastune_ft.data.annotations.base import Annotations
from kerastune_ft.data.annotations.boxes import voc
from kerastune_ft.data.files.find import Walk
from kerastune_ft.data.modality import ReadContext

FORMATS: Mapping[str, Callable[..., Annotations]] = {"voc": voc.read}
"""By data.annotations, what reads such annotations."""


def read(walk: Walk, options: FolderData, requested: Splits | None, context: ReadContext) -> Annotations:
    """Return the pictures of a folder, each with its boxes."""
    name = "voc" if options.annotations == "auto" else options.annotations
    return FORMATS[name](walk, options, requested, context)
