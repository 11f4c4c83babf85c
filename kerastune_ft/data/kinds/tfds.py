"""Data sets by their TensorFlow Datasets name: the embedded ones, and any that has been prepared on this machine."""

from __future__ import annotations

from kerastune_ft.config.options.data import TfdsData
from kerastune_ft.data.kinds.embedded import read_embedded
from kerastune_ft.data.modality import Modality, ReadContext
from kerastune_ft.data.records import Records


def read_records(options: TfdsData, modality: Modality, context: ReadContext) -> Records:
    """Return the examples of an embedded data set, or of a prepared builder through TensorFlow Datasets."""
    if options.name in modality.embedded_names:
        return read_embedded(options, modality, context)
    # Imported here: it takes seconds, and the embedded data sets do without.
    from kerastune_ft.data.kinds.tfds_builder import read_prepared

    return read_prepared(options, modality, context)
