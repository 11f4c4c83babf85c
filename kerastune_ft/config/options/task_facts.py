"""Facts that follow from a task's options alone: its labels, its metrics, the modality of its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

LabelKind = Literal["one", "several", "values", "mask", "boxes", "text"]
"""The kind of an example's label: one class, several classes, numbers (values), a class for every pixel (mask),
rectangles with a class each (boxes), or a text to write (text)."""

IMAGE, TEXT, AUDIO = "image", "text", "audio"
LANGUAGE = "language"
"""The modality of texts, or dialogues, that a model goes on writing."""
PAIR = "pair"
"""The modality of texts that another text is written for."""
MASKED = "masked"
"""The modality of texts of which a model finds words that are hidden."""
SPEECH = "speech"
"""The modality of sounds that a model writes down."""
SEVERAL_INPUTS = "several_inputs"
"""The modality of examples with several inputs, whatever these are."""
MASK, BOXES = "mask", "boxes"
_LABEL_WORDS: Mapping[str, tuple[str, str]] = {
    LANGUAGE: ("answer", "answers"),
    PAIR: ("summary", "summaries"),
    SPEECH: ("transcript", "transcripts"),
}
"""By modality, the words for what a model learns to write."""


@dataclass(frozen=True)
class MetricFacts:
    """Static facts about a metric."""

    direction: Literal["min", "max"]
    """Whether lower or higher is better."""
    headline: bool = False
    """Whether it is the one to name where only one is."""
    generated: bool = False
    """Whether it needs outputs that are generated step by step."""


@dataclass(frozen=True)
class TaskFacts:
    """The labels, metrics and input modalities of a task."""

    labels: LabelKind
    metrics: Mapping[str, MetricFacts]
    """Facts by name of the metric, without the split, in the order of metrics.json."""
    modalities: tuple[str, ...]
    """The modalities of an example's inputs: one for every task of this version."""

    @property
    def writes(self) -> bool:
        """Return whether the model writes texts, token by token."""
        return self.learns_tokens and not self.hides_words

    @property
    def hides_words(self) -> bool:
        """Return whether words of the input are hidden, and what is learnt is which they are."""
        return self.modalities == (MASKED,)

    @property
    def learns_tokens(self) -> bool:
        """Return whether what is learnt are tokens of a vocabulary, at some or all places of a text."""
        return self.labels in _WRITTEN

    @property
    def label_words(self) -> tuple[str, str]:
        """Return what one label of an example is called in messages, and what several are."""
        return _LABEL_WORDS.get(self.modalities[0], ("label", "labels"))

    @property
    def may_lack_labels(self) -> bool:
        """Return whether inputs can hold themselves what is learnt, so that data need not name labels."""
        return self.modalities in ((LANGUAGE,), (MASKED,))

    @property
    def modality(self) -> str:
        """Return the modality of a task whose examples have one input."""
        (modality,) = self.modalities
        return modality


_LOWER, _HIGHER = MetricFacts("min"), MetricFacts("max")
_WRITTEN: tuple[LabelKind, ...] = ("text",)
_ONE = {"loss": _LOWER, "accuracy": MetricFacts("max", headline=True), "macro_f1": _HIGHER, "auc": _HIGHER}
_METRICS: Mapping[LabelKind, Mapping[str, MetricFacts]] = {
    "one": _ONE,
    "several": {
        **{name: MetricFacts(facts.direction) for name, facts in _ONE.items()},
        "mean_average_precision": MetricFacts("max", headline=True),
    },
    "values": {"loss": _LOWER, "mae": MetricFacts("min", headline=True), "rmse": _LOWER, "r2": _HIGHER},
    "mask": {"loss": _LOWER, "mean_iou": MetricFacts("max", headline=True), "dice": _HIGHER, "accuracy": _HIGHER},
    "boxes": {
        "loss": _LOWER,
        "mean_average_precision": MetricFacts("max", headline=True),
        "mean_average_precision_50": _HIGHER,
        "mean_average_precision_75": _HIGHER,
    },
    "text": {"loss": _LOWER, "perplexity": MetricFacts("min", headline=True), "token_accuracy": _HIGHER},
}
_CHOSEN: Mapping[LabelKind, Mapping[str, MetricFacts]] = {
    "one": {
        "balanced_accuracy": _HIGHER,
        "kappa": _HIGHER,
        "log_loss": _LOWER,
        "average_precision": _HIGHER,
        "top_5_accuracy": _HIGHER,
        "sensitivity": _HIGHER,
        "specificity": _HIGHER,
    },
    "several": {
        "balanced_accuracy": _HIGHER,
        "log_loss": _LOWER,
        "sensitivity": _HIGHER,
        "specificity": _HIGHER,
    },
    "values": {"pearson": _HIGHER, "spearman": _HIGHER},
    "mask": {"boundary_f1": _HIGHER},
    "boxes": {},
    "text": {
        **{name: MetricFacts("max", generated=True) for name in ("rouge_1", "rouge_2", "rouge_l", "exact_match")},
        **{name: MetricFacts("min", generated=True) for name in ("word_error_rate", "character_error_rate")},
    },
}
_TASKS: Mapping[str, tuple[LabelKind, tuple[str, ...]]] = {
    "image_classification": ("one", (IMAGE,)),
    "image_regression": ("values", (IMAGE,)),
    "text_classification": ("one", (TEXT,)),
    "text_regression": ("values", (TEXT,)),
    "audio_classification": ("one", (AUDIO,)),
    "image_segmentation": ("mask", (IMAGE,)),
    "object_detection": ("boxes", (IMAGE,)),
    "causal_lm": ("text", (LANGUAGE,)),
    "masked_lm": ("text", (MASKED,)),
    "summarization": ("text", (PAIR,)),
    "speech_recognition": ("text", (SPEECH,)),
}
# The metrics of a task that `task.metrics` replaces instead of adding to them; other tasks have none of them.
_REPLACED: Mapping[str, tuple[str, ...]] = {
    "summarization": ("rouge_1", "rouge_2", "rouge_l"),
    "speech_recognition": ("word_error_rate", "character_error_rate"),
}
# The kind of labels that `multi_label` turns another kind into.
_MULTI_LABEL: Mapping[LabelKind, LabelKind] = {"one": "several"}


_KEYS = ("kind", "multi_label", "metrics")


def facts(task: Any) -> TaskFacts:
    """Return the facts of a task, given its options or the plain document of them.

    Raises KeyError for a kind that this version does not have.
    """
    known = task if isinstance(task, Mapping) else {name: getattr(task, name, None) for name in _KEYS}
    labels, modalities = _TASKS[str(known.get("kind"))]
    if known.get("multi_label") is True:
        labels = _MULTI_LABEL.get(labels, labels)
    chosen = known.get("metrics")
    names = chosen if isinstance(chosen, list | tuple) else _REPLACED.get(str(known["kind"]), ())
    added = {name: _CHOSEN[labels][name] for name in names if isinstance(name, str) and name in _CHOSEN[labels]}
    return TaskFacts(labels, {**_METRICS[labels], **added}, modalities)


def find_modality(task: Any, data: Any) -> str:
    """Return the modality of a run's examples, given the options of its task and its data."""
    return facts(task).modality if data.inputs is None else SEVERAL_INPUTS


def find_facts(document: Mapping[str, Any]) -> TaskFacts | None:
    """Return the facts of a task that is still a plain document; None where its kind is none of this version."""
    return facts(document) if str(document.get("kind")) in _TASKS else None


def metrics_of_labels(labels: LabelKind) -> Mapping[str, MetricFacts]:
    """Return the metrics of all tasks with labels of a kind."""
    return _METRICS[labels]


def is_metric(name: str) -> bool:
    """Return whether some task has a metric of this name."""
    return any(name in metrics for table in (_METRICS, _CHOSEN) for metrics in table.values())


def chosen_metrics(labels: LabelKind) -> Mapping[str, MetricFacts]:
    """Return the metrics that `task.metrics` can add for labels of a kind."""
    return _CHOSEN[labels]
