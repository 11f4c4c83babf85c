"""What a model is not, in sentences: from the figures of its run and from what it was trained on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kerastune_ft.reporting.metric_names import find_headline
from kerastune_ft.reporting.quantities import format_figure, format_share, format_words
from kerastune_ft.wording import counted

# Fewer test examples leave an interval of some ten points even of a good model.
_SMALL_TEST = 100
# As in the findings: classes that differ so much in size are not learned alike.
_UNEQUAL = 3.0
_INPUTS = {
    "image": "Pictures of another kind than those it was trained on get an answer all the same",
    "text": "Texts of another kind or language than those it was trained on get an answer all the same",
    "audio": "Sounds of another kind than those it was trained on get an answer all the same",
}
_OF_LABELS = {
    "boxes": "Of boxes of a class that overlap by more than 0.6 it answers the best alone: of objects so close to each "
    "other it finds one. Its scores are estimates of overlap and no probabilities.",
}
"""By kind of labels, what holds for all models of such."""


def list_limits(document: Mapping[str, Any], findings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return sentences on the limits of a model; `document` is that of its card, without them."""
    return [
        *_describe_size(document),
        *_describe_balance(document["data"]),
        *_describe_division(document["data"]),
        *_describe_inputs(document),
        *_describe_probabilities(document),
        *(_OF_LABELS[kind] for kind in [document.get("label_kind")] if kind in _OF_LABELS),
        *(each["text"] for each in findings if each["level"] == "warning"),
    ]


def _describe_size(document: Mapping[str, Any]) -> Iterator[str]:
    size = document["data"]["sizes"].get("test", 0)
    if not size:
        yield "It was measured on no test split: the figures are of examples that chose between epochs, and flatter it."
        return
    few = ", which are few" if size < _SMALL_TEST else ""
    figures = document["metrics"].get("test", {})
    name = find_headline([f"test_{metric}" for metric in figures], "test")
    ends = figures.get((name or "").removeprefix("test_"), {}).get("interval")
    uncertain = f": its {format_words(name or '')} lies between {_join(ends)} (95 %)" if ends else ""
    yield f"It was measured on {counted(size, 'test example')}{few}{uncertain}."


def _join(ends: Any) -> str:
    return f"{format_figure(ends[0])} and {format_figure(ends[1])}"


def _describe_balance(data: Mapping[str, Any]) -> Iterator[str]:
    counts = data["counts"].get("train") or {}
    if len(counts) < 2:
        return
    fewest, most = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
    if counts[most] >= _UNEQUAL * max(1, counts[fewest]):
        yield (
            f"The classes are uneven: {counts[most]} training examples of {most}, and {counts[fewest]} of {fewest}, "
            "which it knows less well."
        )


def _describe_division(data: Mapping[str, Any]) -> Iterator[str]:
    if not data["grouped"]:
        yield (
            "Nothing tells which examples belong together: where several come from one person, place or day, and lie "
            "in different splits, the figures are too good."
        )


def _describe_inputs(document: Mapping[str, Any]) -> Iterator[str]:
    unknown, said = document["inputs"].get("unknown"), _INPUTS.get(document["modality"])
    if said is None:
        return
    if unknown:
        share = format_share(unknown.get("let_through"))
        yield (
            f'{said}; it says "unknown" where an input is far from all it was trained on, at a distance that let '
            f"{share} of validation through."
        )
    else:
        yield f'{said}: it has no answer for "none of these".'
    if "sequence_length" in document["inputs"]:
        yield f"Of a text it reads {document['inputs']['sequence_length']} tokens at most."
    if "seconds" in document["inputs"]:
        yield f"Of a sound it hears {document['inputs']['seconds']:g} seconds at most."


def _describe_probabilities(document: Mapping[str, Any]) -> Iterator[str]:
    is_calibrated = (document["calibration"] or {"fitted": False}).get("fitted", True)
    if document["gives_probabilities"] and not is_calibrated:
        yield "Its probabilities were not calibrated: of answers with .9, more or fewer than nine in ten may be right."
