"""Builds the task of a configuration: one implementation per kind of labels, whatever the modality."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kerastune_ft.config.options.task_facts import LabelKind, facts
from kerastune_ft.config.run import RunConfig
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.tasks.base import Task
from kerastune_ft.tasks.classification import Classification
from kerastune_ft.tasks.multi_label import MultiLabelClassification
from kerastune_ft.tasks.regression import Regression
from kerastune_ft.tasks.segmentation import Segmentation

_TASKS: Mapping[LabelKind, Callable[[Any, Any, LabelScheme, int, tuple[int, int]], Task]] = {
    "one": lambda options, head, scheme, seed, _: Classification(options, head, scheme, seed),
    "several": lambda options, head, scheme, seed, _: MultiLabelClassification(options, head, scheme, seed),
    "values": lambda options, head, scheme, seed, _: Regression(options, head, scheme, seed),
    "mask": Segmentation,
}


def build_task(config: RunConfig, scheme: LabelScheme, image_size: tuple[int, int]) -> Task:
    """Return the task of a configuration for the labels that `scheme` describes.

    `image_size` is the height and width of the backbone's images; (0, 0) where it takes none.
    Raises ConfigError for options that do not fit the labels.
    """
    return _TASKS[facts(config.task).labels](config.task, config.head, scheme, config.seed, image_size)
