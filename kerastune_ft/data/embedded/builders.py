"""The embedded data sets as TensorFlow Datasets builders; importing this module registers them with `tfds.load`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds

from kerastune_ft.data.embedded import NAMES, EmbeddedSet, embedded_set


class _EmbeddedBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):  # type: ignore[call-arg]
    """Writes an embedded set as TFDS files, computing every example from its index; nothing is downloaded."""

    def _source(self) -> EmbeddedSet:
        return embedded_set(self.name)

    def _info(self) -> tfds.core.DatasetInfo:
        source = self._source()
        features = tfds.features.FeaturesDict(
            {
                "image": tfds.features.Image(shape=(source.IMAGE_SIZE, source.IMAGE_SIZE, 3)),
                "label": tfds.features.ClassLabel(names=source.CLASSES),
            }
        )
        # Not dataset_info_from_configs: that reads metadata files beside the module.
        return tfds.core.DatasetInfo(
            builder=self,
            description=source.DESCRIPTION,
            citation=source.PROVENANCE,
            features=features,
            supervised_keys=("image", "label"),
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        source = self._source()
        splits = source.SPLITS or {"train": range(source.EXAMPLES)}
        return {name: self._generate_examples(indices) for name, indices in splits.items()}

    def _generate_examples(self, indices: range) -> Iterator[tuple[int, dict[str, np.ndarray | int]]]:
        source = self._source()
        for index in indices:
            yield index, {"image": source.image(index), "label": source.label(index)}


class BloodSmear(_EmbeddedBuilder):
    """Synthetic blood smears (`blood_smear`)."""

    VERSION: ClassVar = tfds.core.Version(embedded_set("blood_smear").VERSION)


class Digits(_EmbeddedBuilder):
    """Real handwritten digits from scikit-learn (`digits`)."""

    VERSION: ClassVar = tfds.core.Version(embedded_set("digits").VERSION)


def builder(name: str, data_dir: str | None = None) -> tfds.core.DatasetBuilder:
    """Return the builder of the embedded set `name`; `download_and_prepare()` writes it under `data_dir`.

    >>> builder("digits", "prepared").info.features["label"].num_classes
    10
    """
    classes = dict(zip(NAMES, (BloodSmear, Digits), strict=True))
    return classes[name](data_dir=data_dir)
