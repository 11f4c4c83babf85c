"""The lists printed by `tasks`, `datasets`, `schedules` and `backbones`, without importing any implementation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerastune_ft.config.checks.modality import NOUNS
from kerastune_ft.config.facts.applications import APPLICATIONS, EMBEDDED
from kerastune_ft.config.facts.hub_families import BY_CLASS, HUB_FAMILIES
from kerastune_ft.config.options.task_facts import chosen_metrics, facts
from kerastune_ft.config.options.tasks import TASK_KINDS
from kerastune_ft.config.presets import AUTO, PRESETS
from kerastune_ft.config.words import unknown_message
from kerastune_ft.errors import ConfigError

_TASKS = {
    "image_classification": "images of one of several classes, or with multi_label of any number of them",
    "image_regression": "images and one or several numbers",
    "image_segmentation": "images with a mask that gives every pixel one of several classes",
    "object_detection": "images with a box and a class for every object in them",
    "causal_lm": "texts and dialogues that a language model learns to go on with",
    "masked_lm": "plain texts of which a model like BERT learns to find hidden words, before another run on labels",
    "audio_classification": "sounds of one of several classes, or with multi_label of any number of them",
    "text_classification": "texts, or pairs of them, of one of several classes, or with multi_label of any number of "
    "them",
    "text_regression": "texts, or pairs of them, and one or several numbers",
    "summarization": "texts, and for each a text to write, as a summary",
    "speech_recognition": "sounds of people who speak, and what they say",
}
_DATASET_KEYS = ("name", "task", "source", "config")
_DATASETS = (
    ("blood_smear", "image_classification", "embedded, synthetic", "medical"),
    ("digits", "image_classification", "embedded, scikit-learn's digits", "digits"),
    ("shapes", "object_detection, image_segmentation", "embedded, synthetic", "smoke/defects"),
    ("robot", "image_regression", "embedded, synthetic, written by datasets robot --output DIR", "smoke/driving"),
    ("listings", "image_classification, text_classification", "embedded, synthetic, written likewise", ""),
    ("reviews", "text_classification, masked_lm", "embedded, synthetic", "smoke/sentiment"),
    ("sentence_pairs", "text_regression", "embedded, synthetic", "smoke/sentences_similarity"),
    ("chirps", "audio_classification", "embedded, synthetic", "smoke/voice_commands"),
    ("dialogues", "causal_lm", "embedded, synthetic", "smoke/conversation"),
    ("summaries", "causal_lm, summarization", "embedded, synthetic", "smoke/summaries"),
    ("spoken", "speech_recognition", "embedded, synthetic", "smoke/transcripts"),
    (
        "any prepared TensorFlow Datasets builder",
        "image_classification, image_regression, text_classification, text_regression, audio_classification",
        "tfds",
        "medical_malaria",
    ),
    ("folder of class folders of WAV, FLAC, OGG or MP3", "audio_classification", "folder", ""),
    ("table of sound files and labels", "audio_classification", "table", ""),
    ("table of sound files and transcripts", "speech_recognition", "table", ""),
    ("folder of sounds with metadata.csv, or with .trans.txt files", "speech_recognition", "folder", ""),
    (".npz arrays of samples", "audio_classification", "arrays", ""),
    ("folder of class folders", "image_classification", "folder", ""),
    ("table of file names and labels", "image_classification, image_regression", "table", ""),
    ("folder of images/ and masks/ of the same names", "image_segmentation", "folder", ""),
    ("table of file names and mask files", "image_segmentation", "table", ""),
    (".npz arrays", "image_classification, image_regression", "arrays", ""),
    ("table of texts and labels", "text_classification, text_regression", "table", ""),
    ("folder of class folders of .txt", "text_classification", "folder", ""),
    (".npz of strings", "text_classification, text_regression", "arrays", ""),
    ("table of messages, or of prompts and responses", "causal_lm", "table", ""),
    ("folder of .txt, or a table of texts, learnt whole", "causal_lm, masked_lm", "folder, table", ""),
)


def tasks() -> list[dict[str, Any]]:
    """Return the tasks of this version, each with its kind, description and metrics."""
    return [{"kind": kind, "for": _TASKS[kind], "metrics": _metrics(kind)} for kind in TASK_KINDS]


def _metrics(kind: str) -> str:
    """Return the metrics of a task in one line, with those it has only for several labels named apart."""
    one, several = (facts({"kind": kind, "multi_label": multi_label}).metrics for multi_label in (False, True))
    more = [name for name in several if name not in one]
    known = facts({"kind": kind})
    # Those of written texts need answers, which a model that finds words does not give.
    more_of_labels = () if known.hides_words else chosen_metrics(known.labels)
    chosen = " ".join(name for name in more_of_labels if name not in one)
    asked = f"; by task.metrics: {chosen}" if chosen else ""
    return " ".join(one) + (f" (multi_label: {' '.join(more)} too)" if more else "") + asked


def schedules(name: str | None = None) -> list[dict[str, Any]]:
    """Return the presets of phases: what each is, the paper it comes from, and its phases as a configuration has them.

    Phases that a run chooses are the word itself. With a `name` that one alone; raises ConfigError where there is none
    of it.
    """
    if name is not None and name not in PRESETS:
        raise ConfigError(f"{unknown_message(name, PRESETS)[0]}; see: python -m kerastune_ft schedules")
    chosen = PRESETS if name is None else {name: PRESETS[name]}
    return [
        {
            "name": each,
            "what": preset.description,
            "source": preset.source,
            "options": {key: rule.allowed for key, rule in preset.options.items()},
            # What stands in for phases that are still to be chosen is nothing to paste.
            "phases": AUTO if each == AUTO else preset(**preset.example),
        }
        for each, preset in chosen.items()
    ]


def datasets() -> list[dict[str, Any]]:
    """Return the embedded data sets and the kinds of data that can be read."""
    return [dict(zip(_DATASET_KEYS, row, strict=True)) for row in _DATASETS]


def backbones(fitting: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return every backbone as a row; those named in `fitting` come first, with their rank.

    Each row has the name, the kind of input, and the values of `weights` besides a path and null; applications also
    have parameters without the top, image size, documented top-1 accuracy on ImageNet, and the weights' licence.
    """
    rows: list[dict[str, Any]] = [
        {
            "name": name,
            "kind": "applications",
            "takes": NOUNS["image"],
            "parameters": facts.parameters,
            "image_size": facts.image_size,
            "top_1": facts.top_1,
            "license": facts.license,
            "weights": ["imagenet", "embedded"] if name == EMBEDDED else ["imagenet"],
        }
        for name, facts in APPLICATIONS.items()
    ]
    rows += [
        {
            "name": name,
            "kind": "keras_hub",
            "takes": NOUNS[family.modality],
            "weights": ["preset", "random"] if name in BY_CLASS else ["preset"],
        }
        for name, family in HUB_FAMILIES.items()
    ]
    if not fitting:
        return rows
    place = {name: number for number, name in enumerate(fitting, start=1)}
    marked = [{"fits": place.get(row["name"]), **row} for row in rows]
    return sorted(marked, key=lambda row: row["fits"] or len(rows))
