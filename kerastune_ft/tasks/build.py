"""Builds the task of a configuration: one implementation per kind of labels, whatever the modality."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kerastune_ft.backbones.language.generator import Generator
from kerastune_ft.config.options.task_facts import LabelKind, facts
from kerastune_ft.config.run import RunConfig
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.tasks.base import Task
from kerastune_ft.tasks.classification import Classification
from kerastune_ft.tasks.detection import Detection
from kerastune_ft.tasks.hidden_words import HiddenWords
from kerastune_ft.tasks.multi_label import MultiLabelClassification
from kerastune_ft.tasks.regression import Regression
from kerastune_ft.tasks.segmentation import Segmentation
from kerastune_ft.tasks.writing import Writing

# Options of the task, the run, what labels mean, the size of images, and what texts are generated with.
_TASKS: Mapping[LabelKind, Callable[[Any, RunConfig, LabelScheme, tuple[int, int], Generator | None], Task]] = {
    "one": lambda own, run, scheme, *_: Classification(own, run.head, scheme, run.seed, run.rules),
    "several": lambda own, run, scheme, *_: MultiLabelClassification(own, run.head, scheme, run.seed, run.rules),
    "values": lambda own, run, scheme, *_: Regression(own, run.head, scheme, run.seed),
    "mask": lambda own, run, scheme, size, _: Segmentation(own, run.head, scheme, run.seed, size),
    "boxes": lambda own, run, scheme, size, _: Detection(own, run.head, scheme, run.seed, size),
    "text": lambda own, run, scheme, _, generator: _make_text_task(own, scheme, generator),
}


def _make_text_task(own: Any, scheme: LabelScheme, generator: Generator | None) -> Task:
    return HiddenWords(own, scheme) if facts(own).hides_words else Writing(own, scheme, generator)


def build_task(
    config: RunConfig, scheme: LabelScheme, image_size: tuple[int, int], generator: Generator | None = None
) -> Task:
    """Return the task of a configuration for the labels that `scheme` describes.

    `image_size` is the height and width of the backbone's images, (0, 0) where it takes none; `generator` is what a
    backbone that writes texts writes them with.
    Raises ConfigError for options that do not fit the labels.
    """
    return _TASKS[facts(config.task).labels](config.task, config, scheme, image_size, generator)
