from __future__ import annotations

import pytest

from kerastune_ft.config.options.runtime import effective_cache
from kerastune_ft.config.read import read
from tests.support.config_cases import MINIMAL, messages, with_change

WRONG = [
    ("phases.0.learning_rate", {"peak": 0.1, "unit_decay": 0.5}, ".unit_decay", "only the head trains; remove it"),
    ("phases.0.learning_rate", {"peak": 0.1, "units": {"a": 0.5}}, ".units", "only the head trains; remove it"),
    ("phases.0.learning_rate", {"peak": 0.1, "head": 0.5}, ".head", "write the rate as peak"),
    ("phases.1.learning_rate", {"peak": 0.1, "final": 0.01}, ".final", "a constant rate does not change"),
    ("phases.1.learning_rate", {"peak": 0.1, "final": 1, "shape": "linear"}, ".final", "1 is above the peak of 0.1"),
    ("phases.1.learning_rate", {"peak": 0.1, "final": 0, "shape": "exponential"}, ".final", "never reaches 0"),
    ("phases.1.name", "head", "", 'phases[0] is named "head" too'),
    ("phases.0.start_from", "last", "", "no effect in the first phase"),
    ("phases.0.start_from", "pretrained", "", "no effect in the first phase"),
    ("phases.1.learning_rate", {"peak": 0.1, "head": 1.0, "units": {"head": 0.5}}, ".head", '"units" has a factor for'),
    ("phases.0.monitor", "training_time", "", "is not a choice"),
    ("phases.1.optimizer", {"name": "sgd", "beta_1": 0.9}, ".beta_1", 'write "momentum" or "nesterov"'),
    ("phases.1.optimizer", {"name": "sgd", "momentum": 1}, ".momentum", "a number from 0 up to"),
    ("phases.1.optimizer", {"name": "sgd", "momentum": "0.9"}, ".momentum", '"0.9" does not fit'),
    ("phases.1.optimizer", {"name": "sgd", "nesterov": True}, ".nesterov", "no effect without momentum"),
    ("phases.1.optimizer", {"name": "adam", "lr": 0.1}, ".lr", 'write "learning_rate" beside "optimizer"'),
    ("phases.1.optimizer", {"name": "adam", "options": {"rho": 1}}, ".options.rho", "is not a key"),
    ("task", {"kind": "image_classification", "classes": ["a", "b"], "positive": "c"}, ".positive", "is not a choice"),
    ("task", {"kind": "image_classification", "classes": ["a", "b", "c"], "positive": "c"}, ".positive", "no effect"),
    ("data.splits", {"train": 0.7, "validation": 0.2, "test": 0.2}, "", "add up to 1.1; they must add up to 1"),
    (
        "data",
        {"kind": "tfds", "name": "digits", "on_bad_file": "skip"},
        ".on_bad_file",
        "no effect with data.kind tfds",
    ),
    ("data", {"kind": "arrays", "path": "a", "on_missing": "skip"}, ".on_missing", "no effect with data.kind arrays"),
    ("task", {"kind": "image_regression", "classes": ["a", "b"]}, ".classes", "unknown key"),
    ("task", {"kind": "image_classification", "thresholds": 0.3}, ".thresholds", "no effect without multi_label"),
    ("data.intensity", [9, 9], "", "[9, 9] is not a range"),
    ("backbone.options", {"alpha": 0.6}, ".alpha", "0.6 has no ImageNet weights"),
    ("backbone.options", {"aplha": 0.5}, ".aplha", "MobileNetV2 takes the options alpha"),
    ("backbone.options", {"alpha": "wide"}, ".alpha", "is not a number above 0"),
    ("backbone.image_size", 16, "", "MobileNetV2 needs at least 32"),
    ("phases.1.image_size", [224, 31], "", "[224, 31] is too small; MobileNetV2 needs at least 32"),
    ("phases.1.augment", {"views": 4}, ".views", "no effect without augmentation"),
    ("phases.1.augment", {"preset": "light", "views": 0}, ".views", "0 is too small; give at least 1"),
    (
        "phases.1.augment",
        {"preset": "medium", "flip": "none", "rotate": 0, "zoom": 0.0, "brightness": 0, "contrast": 0, "views": 4},
        ".views",
        'give a "preset" like "light" beside it, or remove it',
    ),
    ("phases.1.cache", "never", "", 'did you mean "off"?'),
    ("runtime", {"strategy": "none", "replicas": 2}, ".replicas", 'strategy "none" has one replica'),
]


@pytest.mark.parametrize(("path", "value", "below", "message"), WRONG)
def test_contradictions(path: str, value: object, below: str, message: str) -> None:
    found = messages(with_change(path, value))
    place = path.replace(".0.", "[0].").replace(".1.", "[1].") + below
    assert list(found) == [place]
    assert message in found[place]


RIGHT = [
    ("phases.0.learning_rate", {"peak": 0.1, "warmup": 0.1}),
    ("phases.0.learning_rate", {"peak": 0.1, "unit_decay": 1, "units": {}, "head": None, "final": None}),
    ("phases.0.start_from", "best"),
    ("phases.1.start_from", "pretrained"),
    ("phases.1.image_size", [32, 4000]),
    ("phases.1.learning_rate", {"peak": 0.1, "head": None, "units": {"head": 0.5}}),
    ("phases.1.learning_rate", {"peak": 0.1, "final": 0, "shape": "cosine", "head": 1.0}),
    ("data.splits", {"train": 0.7, "validation": 0.2, "test": 0.1}),
    ("data", {"kind": "tfds", "name": "digits", "on_bad_file": "error", "intensity": "auto"}),
    ("data.intensity", [0, 4095]),
    ("backbone.options", {"alpha": 1.4}),
    ("phases.1.augment", {"preset": "light", "views": 4}),
    ("phases.1.augment", {"erase": 0.5, "views": 1}),
    (
        "phases.1",
        {"name": "a", "unfreeze": "all", "epochs": 1, "learning_rate": 1.0, "mixup": 1, "augment": {"views": 2}},
    ),
    ("phases.1.augment", {"views": None}),
    ("phases.1.cache", "required"),
    ("runtime", {"cache": "required"}),
    ("runtime", {"strategy": "none", "replicas": 1}),
    ("task", {"kind": "image_classification", "classes": {"0": "a", "1": "b", "2": "b"}, "positive": "a"}),
]


@pytest.mark.parametrize(("path", "value"), RIGHT)
def test_what_only_looks_like_a_contradiction(path: str, value: object) -> None:
    read(with_change(path, value))


def test_a_run_without_stores_cannot_have_a_phase_that_requires_one() -> None:
    document = with_change("phases.1.cache", "required") | {"runtime": {"cache": "off"}}
    assert messages(document) == {
        "phases[1].cache": '"required" contradicts "cache": "off" in runtime; write "auto" or "required" there, or '
        '"auto" here'
    }
    document = with_change("phases.1.cache", "auto") | {"runtime": {"cache": "off"}, "defaults": {"cache": "required"}}
    assert set(messages(document)) == {"defaults.cache"}


@pytest.mark.parametrize(
    ("own", "of_the_run", "effective"),
    [
        ("auto", "auto", "auto"),
        ("auto", "off", "off"),
        ("auto", "required", "required"),
        ("off", "required", "off"),
        ("off", "auto", "off"),
        ("required", "auto", "required"),
    ],
)
def test_a_phase_s_own_word_on_stores_counts(own: str, of_the_run: str, effective: str) -> None:
    config = read(with_change("phases.1.cache", own) | {"runtime": {"cache": of_the_run}})
    assert effective_cache(config.phases[1], config.runtime) == effective


def test_whatever_is_wrong_with_an_augmentation_is_said_once() -> None:
    for augment, place in [
        ({"preset": "lihgt", "views": 4}, "preset"),
        ({"preset": 3, "views": 4}, "preset"),
        ({"flip": "no", "views": 4}, "flip"),
        ({"preset": "light", "views": 2.5}, "views"),
    ]:
        assert list(messages(with_change("phases.1.augment", augment))) == [f"phases[1].augment.{place}"]
    assert list(messages(with_change("phases.1.augment", 3))) == ["phases[1].augment"]


def test_exactly_one_of_epochs_and_steps() -> None:
    assert messages(with_change("phases.0.epochs", None)) == {
        "phases[0].epochs": 'missing; write "epochs": 5, or "steps": 500'
    }
    assert messages(with_change("phases.0.steps", 5)) == {"phases[0].steps": "epochs is given too; keep one of them"}


def test_weights_and_sampling_together_would_count_rare_classes_twice() -> None:
    both = {"defaults": {"class_weights": "balanced", "sampling": "balanced"}}
    found = messages({**MINIMAL, **both, "phases": MINIMAL["phases"]})
    assert any("rare classes would count twice" in message for message in found.values())
