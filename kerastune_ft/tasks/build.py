"""Making the task that a configuration asks for: one implementation per kind of labels, whatever the inputs are."""

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

_TASKS: Mapping[LabelKind, Callable[[Any, Any, LabelScheme, int], Task]] = {
    "one": Classification,
    "several": MultiLabelClassification,
    "values": Regression,
}


def build_task(config: RunConfig, scheme: LabelScheme) -> Task:
    """Return the task of a configuration for the labels that `scheme` describes.

    Raises ConfigError for options that do not fit the labels.
    """
    return _TASKS[facts(config.task).labels](config.task, config.head, scheme, config.seed)
