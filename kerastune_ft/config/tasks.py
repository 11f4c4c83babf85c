"""What is to be learned: the tasks and their options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from kerastune_ft.config.base import Options, Texts, problem

CLASSIFICATION_METRICS = ("loss", "accuracy", "macro_f1", "auc")

TASK_KINDS = (
    "image_classification",
    "image_regression",
    "text_classification",
    "text_regression",
    "audio_classification",
    "summarization",
    "causal_lm",
    "object_detection",
    "image_segmentation",
    "speech_recognition",
)


def _classes(value: Any) -> Any:
    if value is None or isinstance(value, tuple):
        return value
    names = list(value.values()) if isinstance(value, Mapping) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise problem('give a list of names in order, as in ["normal", "pneumonia"], or a map of raw label to name')
    if len(set(names)) < 2 or (isinstance(value, list) and len(set(names)) != len(names)):
        raise problem("give at least two classes, each name once")
    return value if isinstance(value, Mapping) else tuple(names)


class ImageClassification(Options):
    """Images that belong to one of several classes."""

    kind: Literal["image_classification"] = Field("image_classification", description="the task")
    multi_label: bool = Field(False, description="whether an image may have several labels")
    classes: Annotated[Texts | Mapping[str, str] | None, BeforeValidator(_classes)] = Field(
        None, description="names in order, or a map of raw label to name; null means sorted labels of the data"
    )
    positive: str | None = Field(None, description="the class of binary metrics; null means the last")

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of the metrics of a split, without the split."""
        return CLASSIFICATION_METRICS


Task = ImageClassification
