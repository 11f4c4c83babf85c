"""A `tf.data.Dataset` of examples and labels, read once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kerastune_ft.data.in_memory.lists import collect_list
from kerastune_ft.data.in_memory.parts import Parts
from kerastune_ft.data.in_memory.write import Digest
from kerastune_ft.errors import ConfigError, DataError

_INFINITE = -1
# The keys of an example that TensorFlow Datasets and Keras use, inputs first.
_INPUTS = ("image", "images", "text", "texts", "sentence", "audio", "sound", "x")
_LABELS = ("label", "labels", "class", "y")
_CHANNELS = (1, 3, 4)


def is_dataset(given: Any) -> bool:
    """Return whether an object is a dataset of TensorFlow."""
    return hasattr(given, "element_spec") and hasattr(given, "as_numpy_iterator")


def collect_dataset(given: Any, several: bool) -> Parts:
    """Return the examples of a finite dataset, batched or not, in an order that follows from them alone.

    Raises ConfigError for an infinite one, and one whose elements are no pairs of example and label; DataError for one
    that is empty.
    """
    if int(given.cardinality()) == _INFINITE:
        raise ConfigError("data: the dataset never ends; take repeat() out of it, or give  data.take(n)")
    pick = _find_pair(given.element_spec)
    is_batched = _is_batched(*pick(given.element_spec))
    examples: list[Any] = []
    labels: list[Any] = []
    for element in given.as_numpy_iterator():
        example, label = pick(element)
        if is_batched:
            examples.extend(example)
            labels.extend(label)
        else:
            examples.append(example)
            labels.append(label)
    if not examples:
        raise DataError("data: the dataset is empty")
    read = [_decode(example) for example in examples]
    names = _name_labels(labels, given)
    order = sorted(range(len(read)), key=lambda row: _address(read[row], names[row]))
    chosen = [names[row] for row in order]
    return collect_list([read[row] for row in order], np.stack(chosen) if np.ndim(chosen[0]) else chosen, several)


def _address(example: Any, label: Any) -> str:
    """Return what an example is sorted by: a dataset that is shuffled anew every time still gives the same file."""
    digest = Digest()
    digest.add(example)
    digest.add(np.asarray(label) if isinstance(label, np.ndarray | np.generic) else label)
    return digest.text


def _find_pair(spec: Any) -> Any:
    """Return the function that takes example and label out of an element."""
    if isinstance(spec, tuple) and len(spec) in (2, 3) and not isinstance(spec[0], Mapping):
        return lambda element: (element[0], element[1])
    if isinstance(spec, Mapping):
        names = (next((name for name in names if name in spec), None) for names in (_INPUTS, _LABELS))
        example, label = names
        if example is not None and label is not None:
            return lambda element: (element[example], element[label])
        raise ConfigError(
            f"data: the elements of the dataset have {', '.join(spec)}; map them to pairs, as  "
            'data.map(lambda element: (element["image"], element["label"]))'
        )
    raise ConfigError(
        "data: the elements of the dataset are no pairs of one example and one label; map them to such, as  "
        "data.map(lambda x, y: (x, y))"
    )


def _is_batched(example: Any, label: Any) -> bool:
    """Return whether elements are batches, by the shapes of example and label."""
    for one in (example, label):
        if getattr(one, "shape", None) is None or one.shape.rank is None:
            raise ConfigError("data: the dataset has elements of unknown shape; set them, or give arrays")
    rank, labels = example.shape.rank, label.shape.rank
    if labels == 0:
        return False
    if example.dtype.name == "string":
        return bool(rank >= 1)
    if rank == 3:
        # A picture with several labels, or a batch of grey pictures without channels.
        return example.shape[2] not in _CHANNELS
    return bool(rank in (2, 4))


def _decode(example: Any) -> Any:
    if not isinstance(example, bytes):
        return example
    try:
        text = example.decode()
    except UnicodeDecodeError:
        return example
    return example if "\0" in text else text


def _name_labels(labels: list[Any], given: Any) -> list[Any]:
    """Return the labels; numbers of classes by their names, where the dataset has these."""
    plain = [_decode(label) for label in labels]
    names = getattr(given, "class_names", None)
    if names and all(np.ndim(label) == 0 and isinstance(label, int | np.integer) for label in plain):
        return [names[int(label)] for label in plain]
    return plain
