"""The embedded data sets as TensorFlow Datasets builders; importing this module registers them with `tfds.load`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds

from kerastune_ft.data.embedded import (
    NAMES,
    OBJECTS,
    SEVERAL,
    EmbeddedObjects,
    EmbeddedSet,
    EmbeddedSeveral,
    embedded_objects,
    embedded_set,
    embedded_several,
)


class _EmbeddedBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):  # type: ignore[call-arg]
    """Writes an embedded set as TFDS files, computing every example from its index; nothing is downloaded."""

    label_feature: ClassVar = "label"

    def _source(self) -> Any:
        return embedded_set(self.name)

    def _features(self, source: Any) -> dict[str, Any]:
        return {"image": _image(source, 3), "label": tfds.features.ClassLabel(names=source.CLASSES)}

    def _example(self, source: Any, index: int) -> dict[str, Any]:
        return {"image": source.image(index), "label": source.label(index)}

    def _info(self) -> tfds.core.DatasetInfo:
        source = self._source()
        # Not dataset_info_from_configs: that reads metadata files beside the module.
        return tfds.core.DatasetInfo(
            builder=self,
            description=source.DESCRIPTION,
            citation=source.PROVENANCE,
            features=tfds.features.FeaturesDict(self._features(source)),
            supervised_keys=("image", self.label_feature),
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        source = self._source()
        splits = source.SPLITS or {"train": range(source.EXAMPLES)}
        return {name: self._generate_examples(indices) for name, indices in splits.items()}

    def _generate_examples(self, indices: range) -> Iterator[tuple[int, dict[str, Any]]]:
        source = self._source()
        for index in indices:
            yield index, self._example(source, index)


class BloodSmear(_EmbeddedBuilder):
    """Synthetic blood smears (`blood_smear`)."""

    VERSION: ClassVar = tfds.core.Version(embedded_set("blood_smear").VERSION)


class Digits(_EmbeddedBuilder):
    """Real handwritten digits from scikit-learn (`digits`)."""

    VERSION: ClassVar = tfds.core.Version(embedded_set("digits").VERSION)


class Shapes(_EmbeddedBuilder):
    """Synthetic pictures of shapes with boxes and masks (`shapes`)."""

    VERSION: ClassVar = tfds.core.Version(embedded_objects("shapes").VERSION)
    label_feature: ClassVar = "objects"

    def _source(self) -> EmbeddedObjects:
        return embedded_objects(self.name)

    def _features(self, source: EmbeddedObjects) -> dict[str, Any]:
        one = {"bbox": tfds.features.BBoxFeature(), "label": tfds.features.ClassLabel(names=source.CLASSES)}
        return {"image": _image(source, 3), "objects": tfds.features.Sequence(one), "mask": _image(source, 1)}

    def _example(self, source: EmbeddedObjects, index: int) -> dict[str, Any]:
        objects = [
            {"bbox": tfds.features.BBox(*(side / source.IMAGE_SIZE for side in (y1, x1, y2, x2))), "label": kind}
            for x1, y1, x2, y2, kind in source.boxes(index).tolist()
        ]
        return {"image": source.image(index), "objects": objects, "mask": source.mask(index)[..., None]}


class Robot(_EmbeddedBuilder):
    """Synthetic driving, a picture and a state to an action (`robot`)."""

    VERSION: ClassVar = tfds.core.Version(embedded_several("robot").VERSION)
    label_feature: ClassVar = "action"

    def _source(self) -> EmbeddedSeveral:
        return embedded_several(self.name)

    def _features(self, source: EmbeddedSeveral) -> dict[str, Any]:
        action = tfds.features.Tensor(shape=(len(source.CLASSES),), dtype=np.float32)
        return {"image": _image(source, 3), **_numbers(source), "action": action}

    def _example(self, source: EmbeddedSeveral, index: int) -> dict[str, Any]:
        numbers = dict(zip(source.NUMBERS, source.numbers(index), strict=True))
        return {"image": source.image(index), **numbers, "action": np.array(source.label(index), np.float32)}


class Listings(_EmbeddedBuilder):
    """Synthetic house listings, a picture, figures, a word and a text to a class (`listings`)."""

    VERSION: ClassVar = tfds.core.Version(embedded_several("listings").VERSION)

    def _source(self) -> EmbeddedSeveral:
        return embedded_several(self.name)

    def _features(self, source: EmbeddedSeveral) -> dict[str, Any]:
        words: Mapping[str, Any] = dict.fromkeys((*source.WORDS, "text"), tfds.features.Text())
        label = tfds.features.ClassLabel(names=source.CLASSES)
        return {"image": _image(source, 3), **_numbers(source), **words, "label": label}

    def _example(self, source: EmbeddedSeveral, index: int) -> dict[str, Any]:
        numbers = (np.nan if value is None else value for value in source.numbers(index))
        return {
            "image": source.image(index),
            **dict(zip(source.NUMBERS, numbers, strict=True)),
            **dict(zip(source.WORDS, source.words(index), strict=True)),
            "text": source.text(index),
            "label": source.label(index),
        }


def _image(source: EmbeddedSet | EmbeddedObjects | EmbeddedSeveral, channels: int) -> tfds.features.Image:
    return tfds.features.Image(shape=(source.IMAGE_SIZE, source.IMAGE_SIZE, channels))


def _numbers(source: EmbeddedSeveral) -> dict[str, Any]:
    return dict.fromkeys(source.NUMBERS, np.float32)


def builder(name: str, data_dir: str | None = None) -> tfds.core.DatasetBuilder:
    """Return the builder of the embedded set `name`; `download_and_prepare()` writes it under `data_dir`.

    >>> builder("digits", "prepared").info.features["label"].num_classes
    10
    """
    classes = dict(zip((*NAMES, *OBJECTS, *SEVERAL), (BloodSmear, Digits, Shapes, Listings, Robot), strict=True))
    return classes[name](data_dir=data_dir)
