from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from kerastune_ft.reporting.findings import rules
from kerastune_ft.reporting.findings.banner import find_findings
from kerastune_ft.reporting.findings.evidence import Evidence, Finding

LOSS = "validation_loss"


def make_rows(phase: str, **columns: Sequence[float]) -> list[dict[str, Any]]:
    """The epochs of a phase, from their columns."""
    numbers = range(len(next(iter(columns.values()))))
    return [
        {"phase": phase, "epoch": number + 1, **{name: values[number] for name, values in columns.items()}}
        for number in numbers
    ]


def make_result(phase: str, best_epoch: int, **more: Any) -> dict[str, Any]:
    return {"name": phase, "best_epoch": best_epoch, "monitor": LOSS, "stopped": "epochs", **more}


def make_evidence(**more: Any) -> Evidence:
    """A good run of one phase, of which `more` changes some parts."""
    rows = make_rows("top", train_loss=[0.9, 0.5, 0.45], validation_loss=[0.8, 0.6, 0.61])
    usual: dict[str, Any] = {
        "config": {
            "task": {"kind": "image_classification"},
            "data": {"kind": "folder"},
            "backbone": {"kind": "applications", "name": "MobileNet", "weights": "imagenet"},
            "phases": [{"name": "top", "epochs": 3, "learning_rate": {"peak": 0.0001}}],
        },
        "plan": {},
        "phases": [make_result("top", 2)],
        "history": rows,
        "metrics": {"validation": {"accuracy": 0.8}, "test": {"accuracy": 0.81}},
        "constant": {"test": {"accuracy": 0.5}},
        "intervals": {"test": {"accuracy": [0.79, 0.83]}},
        "examples": {"validation": 500, "test": 1500},
        "classes": {"a": {"precision": 0.8, "examples": 700}, "b": {"precision": 0.8, "examples": 800}},
    }
    return Evidence(**{**usual, **more})


def with_option(key: str, value: Any, section: str | None = None) -> dict[str, Any]:
    """The usual configuration with one option changed, of its phase unless a section is named."""
    config = dict(make_evidence().config)
    if section is None:
        config["phases"] = [{**config["phases"][0], key: value}]
    else:
        config[section] = {**config[section], key: value}
    return config


def check(rule: Callable[[Evidence], Finding | None], evidence: Evidence) -> Finding:
    found = rule(evidence)
    assert found is not None
    return found


def test_nothing_is_found_in_a_good_run() -> None:
    assert [rule(make_evidence()) for rule in rules.RULES] == [None] * len(rules.RULES)


def test_nothing_is_found_where_nothing_is_known() -> None:
    empty = Evidence({}, {}, [], [], {}, {}, {}, {}, {})
    assert [rule(empty) for rule in (*rules.RULES, rules.praise)] == [None] * (len(rules.RULES) + 1)


def score(accuracy: float, low: float, high: float, rival: float = 0.5) -> dict[str, Any]:
    return {
        "metrics": {"test": {"accuracy": accuracy}, "validation": {"accuracy": accuracy}},
        "intervals": {"test": {"accuracy": [low, high]}},
        "constant": {"test": {"accuracy": rival}},
    }


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        (score(0.5, 0.4, 0.6), "is no better than"),
        (score(0.55, 0.45, 0.65), "cannot be told from"),
        (score(0.6, 0.501, 0.7), None),
    ],
)
def test_the_constant_predictor(figures: Mapping[str, Any], words: str | None) -> None:
    found = rules.judge_constant(make_evidence(**figures))
    assert found is None if words is None else found is not None and words in found.text
    praise = rules.praise(make_evidence(**figures))
    assert (praise is None) == (words is not None)


def test_errors_are_better_below_the_constant() -> None:
    figures = {"metrics": {"test": {"mae": 2.0}}, "constant": {"test": {"mae": 3.0}}}
    assert rules.judge_constant(make_evidence(**figures, intervals={"test": {"mae": [1.5, 2.9]}})) is None
    found = check(rules.judge_constant, make_evidence(**figures, intervals={"test": {"mae": [1.5, 3.1]}}))
    assert found.overrides == ("phases.top.epochs=6",)
    assert "MAE 2.0000 against 3.0000" in found.text


@pytest.mark.parametrize(
    ("train", "validation", "examples", "is_found"),
    [(0.95, 0.80, 500, True), (0.89, 0.80, 500, False), (0.95, 0.80, 6, False)],
    ids=["far", "near", "far, by few examples"],
)
def test_training_far_above_validation(train: float, validation: float, examples: int, is_found: bool) -> None:
    rows = make_rows("top", train_accuracy=[train], validation_accuracy=[validation])
    sizes = {"validation": examples, "test": 1500}
    run = make_evidence(history=rows, phases=[make_result("top", 1)], examples=sizes)
    found = rules.judge_overfitting(run)
    assert (found is not None) == is_found
    if found is not None:
        assert found.overrides == ("phases.top.augment=light",)
        assert "accuracy 0.9500 in training, 0.8000 on validation" in found.text


def test_what_helps_against_learning_by_heart_is_what_is_not_done_yet() -> None:
    rows = make_rows("top", train_accuracy=[0.95], validation_accuracy=[0.8])

    def advise(**options: Any) -> tuple[str, ...]:
        config = dict(make_evidence().config)
        config["task"] = {"kind": options.pop("kind", "image_classification")}
        config["phases"] = [{**config["phases"][0], **options}]
        run = make_evidence(history=rows, phases=[make_result("top", 1)], config=config)
        return check(rules.judge_overfitting, run).overrides

    assert advise(kind="text_classification") == ("phases.top.weight_decay=0.01",)
    assert advise(augment="medium") == ("phases.top.weight_decay=0.01",)
    assert advise(augment={"preset": "none"}) == ("phases.top.augment=light",)
    assert advise(kind="audio_classification") == ("phases.top.augment=medium",)
    assert advise(kind="audio_classification", augment={"preset": "none", "noise": "street"}) == (
        "phases.top.weight_decay=0.01",
    )
    solver = {"name": "lbfgs", "options": {"l2": 0.01}}
    assert advise(optimizer=solver, learning_rate=None) == ('phases.top.optimizer={"name": "lbfgs", "l2": 0.1}',)
    assert advise(augment="light", weight_decay=0.1) == ("phases.top.learning_rate.peak=3e-05",)


@pytest.mark.parametrize(("train", "is_found"), [(1.0, True), (1.4, False)])
def test_errors_far_below_those_of_validation(train: float, is_found: bool) -> None:
    run = make_evidence(history=make_rows("top", train_mae=[train], validation_mae=[2.0]))
    run = make_evidence(history=run.history, phases=[make_result("top", 1)])
    assert (rules.judge_overfitting(run) is not None) == is_found


@pytest.mark.parametrize(
    ("train", "validation", "is_found"),
    [([0.9, 0.4, 0.1], [0.8, 0.5, 0.7], True), ([0.9, 0.4, 0.3], [0.8, 0.5, 0.7], False),
     ([0.9, 0.4, 0.1], [0.8, 0.5, 0.52], False)],
)  # fmt: skip
def test_epochs_after_the_best(train: list[float], validation: list[float], is_found: bool) -> None:
    run = make_evidence(history=make_rows("top", train_loss=train, validation_loss=validation))
    found = rules.judge_overtraining(run)
    assert (found is not None) == is_found
    if found is not None:
        assert "After epoch 2 of 3" in found.text
        assert found.overrides == ("phases.top.learning_rate.peak=3e-05",)


@pytest.mark.parametrize(
    ("losses", "stopped", "is_found"),
    [
        ([0.8, 0.6, 0.5], "epochs", True),
        ([0.8, 0.6, 0.597], "epochs", False),
        ([0.8, 0.6, 0.5], "early_stopping", False),
        ([0.8, 0.5, 0.5], "epochs", False),
    ],
)
def test_improving_in_the_last_epoch(losses: list[float], stopped: str, is_found: bool) -> None:
    best = 3 if losses[2] < losses[1] else 2
    run = make_evidence(
        history=make_rows("top", validation_loss=losses), phases=[make_result("top", best, stopped=stopped)]
    )
    found = rules.judge_last_epoch(run)
    assert (found is not None) == is_found
    if found is not None:
        assert found.overrides == ("phases.top.epochs=6",)
        assert "0.6000 to 0.5000" in found.text


@pytest.mark.parametrize(("last", "is_found"), [(0.85, True), (0.804, False)])
def test_improving_by_points(last: float, is_found: bool) -> None:
    result = make_result("top", 2, monitor="validation_accuracy")
    run = make_evidence(history=make_rows("top", validation_accuracy=[0.8, last]), phases=[result])
    assert (rules.judge_last_epoch(run) is not None) == is_found


@pytest.mark.parametrize(("direction", "is_found"), [("min", True), ("max", False)])
def test_improving_by_a_metric_of_ones_own(direction: str, is_found: bool) -> None:
    config = {"python": {"metrics": {"distance": {"name": "measure", "direction": direction}}}}
    result = make_result("top", 2, monitor="validation_distance")
    run = make_evidence(history=make_rows("top", validation_distance=[0.9, 0.5]), phases=[result], config=config)
    assert (rules.judge_last_epoch(run) is not None) == is_found


@pytest.mark.parametrize(
    ("losses", "best", "is_found"), [([0.5, 0.6, 0.7], 1, True), ([0.5, 0.6], 1, False), ([0.6, 0.5, 0.7], 2, False)]
)
def test_best_in_the_first_epoch(losses: list[float], best: int, is_found: bool) -> None:
    run = make_evidence(history=make_rows("top", validation_loss=losses), phases=[make_result("top", best)])
    found = rules.judge_first_epoch(run)
    assert (found is not None) == is_found
    assert found is None or found.overrides == ("phases.top.learning_rate.peak=3e-05",)


def test_early_stopping_at_once() -> None:
    rows = make_rows("top", validation_loss=[0.5, 0.6])
    for stopped, is_found in (("early_stopping", True), ("epochs", False)):
        run = make_evidence(history=rows, phases=[make_result("top", 1, stopped=stopped)])
        assert (rules.judge_first_epoch(run) is not None) == is_found


def test_one_thing_is_not_said_twice() -> None:
    rows = make_rows("top", train_loss=[0.9, 0.4, 0.1], validation_loss=[0.5, 0.7, 0.9])
    assert rules.judge_overtraining(make_evidence(history=rows, phases=[make_result("top", 1)])) is None


def test_an_earlier_phase_that_was_better() -> None:
    found = check(rules.judge_earlier_phase, make_evidence(better_phase="head"))
    assert "Phase head had a better epoch" in found.text
    assert found.overrides == ("phases.top.learning_rate.peak=3e-05",)


@pytest.mark.parametrize(("noise", "level"), [({}, "warning"), ({LOSS: 0.019}, "warning"), ({LOSS: 0.021}, "hint")])
def test_an_earlier_phase_that_may_be_better_by_chance(noise: dict[str, float], level: str) -> None:
    rows = make_rows("head", validation_loss=[0.7, 0.6]) + make_rows("top", validation_loss=[0.62, 0.63])
    phases = [make_result("head", 2), make_result("top", 1)]
    found = check(
        rules.judge_earlier_phase, make_evidence(history=rows, phases=phases, better_phase="head", noise=noise)
    )
    assert found.level == level
    assert ("chance" in found.text) == (level == "hint")


@pytest.mark.parametrize(
    ("backbone", "data", "name"),
    [
        ({"kind": "applications", "weights": "embedded"}, "folder", "weak_backbone"),
        # The embedded weights were made for the embedded data.
        ({"kind": "applications", "weights": "embedded"}, "tfds", None),
        ({"kind": "applications", "weights": None}, "tfds", "random_backbone"),
        ({"kind": "applications", "weights": "weights.h5"}, "folder", None),
        ({"kind": "keras_hub", "preset": "bert_tiny_en_uncased"}, "table", None),
        ({"kind": "keras_hub", "preset": None, "class": "BertBackbone"}, "table", "random_backbone"),
        ({"kind": "run", "path": "runs/a-1"}, "folder", None),
    ],
)
def test_weak_backbones(backbone: dict[str, Any], data: str, name: str | None) -> None:
    config = {**make_evidence().config, "backbone": backbone, "data": {"kind": data}}
    found = rules.judge_backbone(make_evidence(config=config))
    assert (found.name if found else None) == name


@pytest.mark.parametrize(("low", "is_found"), [(0.74, True), (0.79, False)])
def test_wide_intervals(low: float, is_found: bool) -> None:
    found = rules.judge_interval(make_evidence(intervals={"test": {"accuracy": [low, 0.86]}}))
    assert (found is not None) == is_found


@pytest.mark.parametrize(("examples", "is_found"), [(49, True), (50, False), (0, False)])
def test_few_validation_examples(examples: int, is_found: bool) -> None:
    found = rules.judge_validation(make_evidence(examples={"validation": examples, "test": 9}))
    assert (found is not None) == is_found


@pytest.mark.parametrize(
    ("figures", "is_found"),
    [
        ({"precision": None, "examples": 5}, True),
        ({"precision": None, "examples": 4}, False),
        ({"precision": 0.1, "examples": 90}, False),
        # Masks of older runs, and figures by class that have no precision.
        ({"iou": 0.1, "examples": 90}, False),
    ],
)
def test_classes_that_are_never_predicted(figures: dict[str, Any], is_found: bool) -> None:
    found = rules.judge_classes(make_evidence(classes={"owl": figures}))
    assert (found is not None) == is_found
    assert found is None or found.overrides == ("phases.top.class_weights=balanced",)
    weighted = rules.judge_classes(
        make_evidence(classes={"owl": figures}, config=with_option("class_weights", "balanced"))
    )
    assert weighted is None or weighted.overrides == ()


def make_unseen(*names: str, task: Mapping[str, Any] | None = None, **counts: int) -> Evidence:
    """A run of two phases that never predicts the classes of these names, with training examples by class."""
    config = {**make_evidence().config, "task": task or {"kind": "image_classification"}}
    config["phases"] = [{"name": "head", "epochs": 4}, {"name": "top", "epochs": 3}]
    figures = {name: {"precision": None, "examples": 9} for name in names}
    rows = make_rows("top", train_loss=[0.9, 0.5, 0.4], validation_loss=[0.8, 0.7, 0.6])
    phases = [make_result("head", 2), make_result("top", 3)]
    plan = {"data": {"counts": {"train": counts}}}
    return make_evidence(config=config, classes=figures, plan=plan, phases=phases, history=rows)


def test_class_weights_are_for_classes_that_are_rarer() -> None:
    longer = ("phases.head.epochs=8", "phases.top.epochs=6")
    equal = check(rules.judge_classes, make_unseen("owl", owl=28, cat=29))
    assert (equal.advice, equal.overrides) == ("Train longer, or add examples of it", longer)
    two = check(rules.judge_classes, make_unseen("owl", "cat", owl=28, cat=29))
    assert two.advice == "Train longer, or add examples of them"
    weights = ("phases.head.class_weights=balanced", "phases.top.class_weights=balanced")
    assert check(rules.judge_classes, make_unseen("owl", owl=28, cat=90)).overrides == weights
    # Of the commonest class weights would take even more.
    assert check(rules.judge_classes, make_unseen("cat", owl=28, cat=90)).overrides == longer
    several = {"kind": "image_classification", "multi_label": True}
    assert check(rules.judge_classes, make_unseen("owl", task=several, owl=28, cat=29)).overrides == weights


def test_a_phase_that_still_improves_comes_before_classes_that_are_never_predicted() -> None:
    found = [each.name for each in find_findings(make_unseen("owl", owl=28, cat=29))]
    assert found[:2] == ["still_improving", "class_never_predicted"]


def test_training_longer_than_a_constant_lengthens_all_phases() -> None:
    run = make_unseen()
    run = make_evidence(**score(0.5, 0.4, 0.6), config=run.config, phases=run.phases)
    assert check(rules.judge_constant, run).overrides == ("phases.head.epochs=8", "phases.top.epochs=6")


@pytest.mark.parametrize(
    ("validation", "examples", "is_found"), [(0.90, 500, True), (0.855, 500, False), (0.90, 30, False)]
)
def test_test_far_below_validation(validation: float, examples: int, is_found: bool) -> None:
    run = make_evidence(
        metrics={"validation": {"accuracy": validation}, "test": {"accuracy": 0.81}},
        examples={"validation": examples, "test": 1500},
    )
    assert (rules.judge_test_split(run) is not None) == is_found


def test_epochs_are_not_added_to_a_phase_that_counts_steps() -> None:
    config = with_option("steps", 100)
    run = make_evidence(
        history=make_rows("top", validation_loss=[0.8, 0.5]), phases=[make_result("top", 2)], config=config
    )
    assert check(rules.judge_last_epoch, run).overrides == ()


def test_a_phase_that_began_again_is_lowered_from_the_rate_that_it_ended_with() -> None:
    phases = [make_result("top", 2, peak=0.001, retries=[{"step": 1, "peak": 1e27}])]
    run = make_evidence(better_phase="head", config=with_option("learning_rate", {"peak": 1e27}), phases=phases)
    assert check(rules.judge_earlier_phase, run).overrides == ("phases.top.learning_rate.peak=0.0003",)


def test_a_head_by_a_solver_that_was_worse_has_no_rate_to_lower() -> None:
    config = with_option("optimizer", {"name": "lbfgs", "options": {"l2": 0.01}})
    found = check(rules.judge_earlier_phase, make_evidence(better_phase="head", config=config))
    assert found.advice == "Raise the L2 strength of phase top, or leave it out"
    assert found.overrides == ('phases.top.optimizer={"name": "lbfgs", "l2": 0.1}',)
    worse = make_result("top", 1, best={LOSS: 0.7}, start={"metrics": {LOSS: 0.6}})
    found = check(rules.judge_discarded_phase, make_evidence(phases=[], discarded=[worse], config=config))
    assert found.advice == "Raise the L2 strength of phase top"


def test_a_rate_that_is_a_number_is_lowered_as_one() -> None:
    run = make_evidence(better_phase="head", config=with_option("learning_rate", 0.001))
    assert check(rules.judge_earlier_phase, run).overrides == ("phases.top.learning_rate=0.0003",)
