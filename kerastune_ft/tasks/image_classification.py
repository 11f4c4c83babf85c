"""Image classification: one of several classes, or any number of them."""

from __future__ import annotations

from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.tasks import ImageClassification as Options
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.tasks.base import Task
from kerastune_ft.tasks.classification import Classification
from kerastune_ft.tasks.images import ImageInputs
from kerastune_ft.tasks.multi_label import MultiLabelClassification


class ImageClassification(ImageInputs, Classification):
    """Images of one of several classes."""

    kind = "image_classification"


class ImageLabels(ImageInputs, MultiLabelClassification):
    """Images of any number of classes."""

    kind = "image_classification"


def build(options: Options, head: Head, scheme: LabelScheme, seed: int) -> Task:
    """Build the task for the classes of the scheme."""
    kind = ImageLabels if options.multi_label else ImageClassification
    return kind(options, head, scheme, seed)
