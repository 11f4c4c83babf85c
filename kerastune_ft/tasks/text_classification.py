"""Text classification: one of several classes, or any number of them."""

from __future__ import annotations

from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.tasks import TextClassification as Options
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.tasks.base import Task
from kerastune_ft.tasks.classification import Classification
from kerastune_ft.tasks.multi_label import MultiLabelClassification
from kerastune_ft.tasks.texts import TextInputs


class TextClassification(TextInputs, Classification):
    """Texts of one of several classes."""

    kind = "text_classification"


class TextLabels(TextInputs, MultiLabelClassification):
    """Texts of any number of classes."""

    kind = "text_classification"


def build(options: Options, head: Head, scheme: LabelScheme, seed: int) -> Task:
    """Build the task for the classes of the scheme."""
    kind = TextLabels if options.multi_label else TextClassification
    return kind(options, head, scheme, seed)
