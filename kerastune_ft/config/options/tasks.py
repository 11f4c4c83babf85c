"""Options of tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, Tag

from kerastune_ft.config.options.base import Count, Options, Texts, by_kind, one_of, problem
from kerastune_ft.config.options.language.tasks import CausalLm, MaskedLm, SpeechRecognition, Summarization
from kerastune_ft.config.options.mask_values import LARGEST_VALUE

TASK_KINDS = (
    "image_classification",
    "image_regression",
    "text_classification",
    "text_regression",
    "audio_classification",
    "image_segmentation",
    "object_detection",
    "causal_lm",
    "masked_lm",
    "summarization",
    "speech_recognition",
)


def _classes(value: Any, least: int = 2) -> Any:
    if value is None or isinstance(value, tuple):
        return value
    names = list(value.values()) if isinstance(value, Mapping) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise problem('give a list of names in order, as in ["normal", "pneumonia"], or a map of raw label to name')
    if len(set(names)) < least or (isinstance(value, list) and len(set(names)) != len(names)):
        raise problem(f"give at least {'two classes' if least > 1 else 'one class'}, each name once")
    return value if isinstance(value, Mapping) else tuple(names)


def _classes_of_objects(value: Any) -> Any:
    # Whatever is no object is the other class.
    return _classes(value, least=1)


Threshold = Annotated[float, Field(gt=0, lt=1)]
MaskColour = Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$")]


def _value_form(value: Any) -> str | None:
    if isinstance(value, str):
        return "@colour"
    return "@number" if isinstance(value, int) and not isinstance(value, bool) else None


MaskValue = Annotated[
    Annotated[int, Field(ge=0, le=LARGEST_VALUE), Tag("@number")] | Annotated[MaskColour, Tag("@colour")],
    one_of(_value_form, f'write a value of pixels, 0 to {LARGEST_VALUE}, or a colour, as "#e0e0c0"'),
]


def _thresholds_form(value: Any) -> str | None:
    if isinstance(value, Mapping):
        return "@map"
    if value == "best_f1":
        return "@word"
    return "@number" if isinstance(value, int | float) and not isinstance(value, bool) else None


Thresholds = Annotated[
    Annotated[Threshold, Tag("@number")]
    | Annotated[Literal["best_f1"], Tag("@word")]
    | Annotated[Mapping[str, Threshold], Tag("@map")],
    one_of(
        _thresholds_form, 'write a number between 0 and 1, as 0.5, a map by class, as {"nodule": 0.4}, or "best_f1"'
    ),
]


class Classification(Options):
    """Examples that belong to one of several classes, or to any number of them."""

    kind: str = Field(description="the task")
    multi_label: bool = Field(False, description="whether an example may have several labels, or none")
    classes: Annotated[Texts | Mapping[str, str] | None, BeforeValidator(_classes)] = Field(
        None, description="names in order, or a map of raw label to name; null means sorted labels of the data"
    )
    positive: str | None = Field(None, description="the class of binary metrics; null means the last")
    metrics: Texts | None = Field(
        None,
        description="metrics besides the usual ones: balanced_accuracy, kappa, log_loss, average_precision, "
        "top_5_accuracy, sensitivity, specificity; with multi_label balanced_accuracy, log_loss, sensitivity, "
        "specificity",
    )
    thresholds: Thresholds = Field(
        0.5,
        description="with multi_label, the probability from which a label is predicted: one for all, by class, or "
        '"best_f1", chosen class by class on the validation split after training',
    )
    unknown: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None,
        description="the share of the validation examples to let through, such as 0.95, where predictions are to say "
        "which inputs belong to no class; null means that they do not",
    )


class ImageClassification(Classification):
    """Images that belong to one of several classes, or to any number of them."""

    kind: Literal["image_classification"] = Field("image_classification", description="the task")


class TextClassification(Classification):
    """Texts, or pairs of them, that belong to one of several classes, or to any number of them."""

    kind: Literal["text_classification"] = Field("text_classification", description="the task")


class AudioClassification(Classification):
    """Sounds that belong to one of several classes, or to any number of them."""

    kind: Literal["audio_classification"] = Field("audio_classification", description="the task")


class Regression(Options):
    """Examples of which one number, or several, are to be predicted."""

    kind: str = Field(description="the task")
    metrics: Texts | None = Field(None, description="metrics besides the usual ones: pearson, spearman")


class ImageRegression(Regression):
    """Images of which one number, or several, are to be predicted."""

    kind: Literal["image_regression"] = Field(description="the task")


class TextRegression(Regression):
    """Texts, or pairs of them, of which one number, or several, are to be predicted."""

    kind: Literal["text_regression"] = Field(description="the task")


class Border(Options):
    """The class of the pixels at the edge of objects that masks number."""

    name: Annotated[str, Field(min_length=1)] = Field(description="the name of the class")
    width: Count = Field(1, description="how many pixels of an object, counted from its edge, belong to it")
    touching: bool = Field(
        False, description="whether only the edges at which two objects touch count, or those to the background too"
    )


class ImageSegmentation(Options):
    """Images of which every pixel belongs to one of several classes."""

    kind: Literal["image_segmentation"] = Field(description="the task")
    classes: Annotated[Texts | Mapping[str, str] | None, BeforeValidator(_classes)] = Field(
        None,
        description="names in order, the background first, or a map to name from a raw mask value, as 255, a range of "
        "them, as 1-65535, for masks that number objects, or a colour, as #ff0000; null means the values of the "
        "training masks in ascending order",
    )
    ignore: MaskValue | None = Field(
        None, description="the raw mask value, or colour, of pixels that count neither in training nor in metrics"
    )
    border: Border | None = Field(
        None, description="of masks that number objects: a class of its own for the pixels at their edges"
    )
    metrics: Texts | None = Field(None, description="metrics besides the usual ones: boundary_f1")


class ObjectDetection(Options):
    """Images in which objects of some classes are to be found, each in a box."""

    kind: Literal["object_detection"] = Field(description="the task")
    classes: Annotated[Texts | Mapping[str, str] | None, BeforeValidator(_classes_of_objects)] = Field(
        None,
        description="names in order, or a map of raw label to name; null means the sorted names of all classes that "
        "have boxes",
    )
    max_detections: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        None, description="most boxes that are predicted for an image; null means 100, or more where images have more"
    )
    min_size: float = Field(
        0.0,
        ge=0,
        description="the shortest side, in pixels of the image as it is stored, of a box that counts; smaller ones "
        "count neither in training nor in metrics",
    )


Task = Annotated[
    Annotated[ImageClassification, Tag("@image_classification")]
    | Annotated[ImageRegression, Tag("@image_regression")]
    | Annotated[TextClassification, Tag("@text_classification")]
    | Annotated[TextRegression, Tag("@text_regression")]
    | Annotated[AudioClassification, Tag("@audio_classification")]
    | Annotated[ImageSegmentation, Tag("@image_segmentation")]
    | Annotated[ObjectDetection, Tag("@object_detection")]
    | Annotated[CausalLm, Tag("@causal_lm")]
    | Annotated[MaskedLm, Tag("@masked_lm")]
    | Annotated[Summarization, Tag("@summarization")]
    | Annotated[SpeechRecognition, Tag("@speech_recognition")],
    by_kind(*TASK_KINDS),
]
