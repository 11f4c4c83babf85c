"""The labels of a prepared TensorFlow Datasets builder, by what the task learns: one feature, or objects with boxes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from kerastune_ft.config.options.task_facts import LabelKind, TaskFacts
from kerastune_ft.data.files.array_values import decode_text
from kerastune_ft.data.labels.box_text import read_boxes, write_boxes
from kerastune_ft.data.labels.raw import BoxList, BoxLists, LabelColumns, LabelSets, RawLabels, SingleLabels
from kerastune_ft.errors import DataError

_OBJECTS, _BOX, _LABEL = "objects", "bbox", "label"
_CROWD = "is_crowd"


class LabelFeature(ABC):
    """How a feature of a builder is read as labels."""

    is_needed: bool = True
    """Whether examples without such a feature cannot be learnt from."""

    @abstractmethod
    def choose(self, builder: Any, given: str | None, supervised: Any) -> Any:
        """Return the name of the feature: that given, or the builder's own."""

    @abstractmethod
    def check(self, builder: Any, name: str) -> None:
        """Raise DataError where the feature is not of this form."""

    @abstractmethod
    def write(self, value: Any, feature: Any, place: str) -> str | list[str]:
        """Return the label of an example as text, or as several; `place` names it in messages."""

    @abstractmethod
    def read(self, feature: Any, name: str, stored: Sequence[Any]) -> RawLabels:
        """Return what was written of all examples as labels."""


class PlainLabels(LabelFeature):
    """A feature that is one value, a sequence of classes, or a row of numbers."""

    def choose(self, builder: Any, given: str | None, supervised: Any) -> Any:
        """Return the feature given, or that of the supervised keys."""
        return given or supervised

    def check(self, builder: Any, name: str) -> None:
        """Raise DataError for features of more axes, or of none."""
        feature = builder.info.features[name]
        if not hasattr(feature, "dtype") or isinstance(feature.shape, Mapping) or len(feature.shape) > 1:
            raise DataError(f'data.label: the feature "{name}" of {builder.info.full_name} is {feature}, not labels.')

    def write(self, value: Any, feature: Any, place: str) -> str | list[str]:
        """Return the values as texts."""
        inner = getattr(feature, "feature", feature)
        return [value_text(one, inner, place) for one in value] if np.ndim(value) else value_text(value, inner, place)

    def read(self, feature: Any, name: str, stored: Sequence[Any]) -> RawLabels:
        """Return one label each, a set of them, or a row of columns."""
        if feature.shape == ():
            return SingleLabels(stored)
        if feature.shape[0] is None:
            return LabelSets(stored)
        return LabelColumns(tuple(f"{name}[{column}]" for column in range(feature.shape[0])), stored)


class ObjectLabels(LabelFeature):
    """A sequence of objects, each with `bbox` in fractions of the image and `label`; `is_crowd` is honoured."""

    def choose(self, builder: Any, given: str | None, supervised: Any) -> Any:
        """Return the feature given, or `objects` where there is one."""
        return given or (_OBJECTS if _OBJECTS in builder.info.features else supervised)

    def check(self, builder: Any, name: str) -> None:
        """Raise DataError for a feature without boxes and their classes."""
        inner = getattr(builder.info.features[name], "feature", None)
        if not (isinstance(inner, tfds.features.FeaturesDict) and _BOX in inner and _LABEL in inner):
            raise DataError(
                f'data.label: the feature "{name}" of {builder.info.full_name} is {builder.info.features[name]}, and '
                f"no sequence of objects with {_BOX} and {_LABEL}."
            )

    def write(self, value: Any, feature: Any, place: str) -> str | list[str]:
        """Return the boxes as one text."""
        upper, left, lower, right = np.asarray(value[_BOX], np.float64).reshape(-1, 4).T
        labels = [value_text(one, feature.feature[_LABEL], place) for one in value[_LABEL]]
        crowd = value.get(_CROWD, np.zeros(len(labels), bool))
        return write_boxes(
            BoxList.make(np.column_stack([left, upper, right, lower]).tolist(), labels, place, crowd=crowd)
        )

    def read(self, feature: Any, name: str, stored: Sequence[Any]) -> RawLabels:
        """Return the boxes of all images."""
        named = tuple(getattr(feature.feature[_LABEL], "names", None) or ())
        return BoxLists([read_boxes(text, name) for text in stored], are_fractions=True, named=named)


class WrittenLabels(PlainLabels):
    """A feature that is one text, which data.label names; where it is not needed examples are learnt whole."""

    def __init__(self, is_needed: bool) -> None:
        self.is_needed = is_needed

    def choose(self, builder: Any, given: str | None, supervised: Any) -> Any:
        """Return the feature given, or where one is needed that of the supervised keys if it is a text.

        What a builder has as its label is mostly a class, and no text to write.
        """
        is_text = supervised in builder.info.features and _is_text(builder.info.features[supervised])
        return given or (supervised if self.is_needed and is_text else None)

    def check(self, builder: Any, name: str) -> None:
        """Raise DataError for a feature that is no text."""
        features = builder.info.features
        if not _is_text(features[name]):
            # A builder that was prepared gives its features in any order.
            texts = ", ".join(sorted(other for other, each in features.items() if _is_text(each)))
            raise DataError(
                f'data.label: the feature "{name}" of {builder.info.full_name} is {features[name]}, and no text to '
                f"write.\nText features are {texts or 'none'}."
            )

    def write(self, value: Any, feature: Any, place: str) -> str | list[str]:
        """Return the text; raise DataError for one that is empty."""
        text = value_text(value, feature, place)
        if not text.strip():
            raise DataError(f"{place} is empty; prepare the data set again without it.")
        return text

    def read(self, feature: Any, name: str, stored: Sequence[Any]) -> RawLabels:
        """Return one text each, empty where there is no feature."""
        return SingleLabels(stored)


_FEATURES: Mapping[LabelKind, Callable[[TaskFacts], LabelFeature]] = {
    "boxes": lambda facts: ObjectLabels(),
    "text": lambda facts: WrittenLabels(not facts.may_lack_labels),
}
"""For kinds of labels that are no plain values, how they are read."""


def _is_text(feature: Any) -> bool:
    """Return whether a feature is one text; older builders have a scalar of strings for it."""
    return getattr(feature, "shape", None) == () and getattr(feature, "tf_dtype", None) == tf.string


def label_feature(facts: TaskFacts) -> LabelFeature:
    """Return how the labels of a task are read."""
    make = _FEATURES.get(facts.labels)
    return PlainLabels() if make is None else make(facts)


def value_text(value: Any, feature: Any, place: str) -> str:
    """Return a value of a feature as text: a class by its name."""
    if isinstance(value, bytes):
        return decode_text(value, place)
    if isinstance(feature, tfds.features.ClassLabel) and value >= 0:
        return str(feature.int2str(int(value)))
    return str(value)
