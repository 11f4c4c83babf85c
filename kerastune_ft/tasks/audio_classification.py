"""Audio classification: one of several classes, or any number of them."""

from __future__ import annotations

from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.tasks import AudioClassification as Options
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.tasks.base import Task
from kerastune_ft.tasks.classification import Classification
from kerastune_ft.tasks.multi_label import MultiLabelClassification
from kerastune_ft.tasks.sounds import SoundInputs


class AudioClassification(SoundInputs, Classification):
    """Sounds of one of several classes."""

    kind = "audio_classification"


class AudioLabels(SoundInputs, MultiLabelClassification):
    """Sounds of any number of classes."""

    kind = "audio_classification"


def build(options: Options, head: Head, scheme: LabelScheme, seed: int) -> Task:
    """Build the task for the classes of the scheme."""
    kind = AudioLabels if options.multi_label else AudioClassification
    return kind(options, head, scheme, seed)
