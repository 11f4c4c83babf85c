"""Data sets by their TensorFlow Datasets name: the embedded ones, and any that has been prepared on this machine."""

from __future__ import annotations

from collections.abc import Mapping

from kerastune_ft.config.options.data import TfdsData
from kerastune_ft.config.options.task_facts import LabelKind
from kerastune_ft.data.kinds.embedded import read_embedded
from kerastune_ft.data.modality import Modality, ReadContext
from kerastune_ft.data.records import Records
from kerastune_ft.errors import DataError

_OF_FILES: Mapping[LabelKind, tuple[str, str]] = {"mask": ("masks", "shapes")}
"""Labels that prepared builders are not read with: their word, and the embedded data set that has them."""


def read_records(options: TfdsData, modality: Modality, context: ReadContext) -> Records:
    """Return the examples of an embedded data set, or of a prepared builder through TensorFlow Datasets."""
    if options.name in modality.embedded_names:
        return read_embedded(options, modality, context)
    if context.facts.labels in _OF_FILES:
        words, embedded = _OF_FILES[context.facts.labels]
        raise DataError(
            f"data.name: {words} are read from files and from the embedded {embedded}, not from the builder "
            f"{options.name}; write its pictures into images/ and its {words} into {words}/, and name that folder."
        )
    # Imported here: it takes seconds, and the embedded data sets do without.
    from kerastune_ft.data.kinds.tfds_builder import read_prepared

    return read_prepared(options, modality, context)
