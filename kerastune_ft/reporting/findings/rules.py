"""The rules of findings: each reads the figures of a run and says one thing about it, or nothing.

`THRESHOLDS` has every number that a rule compares with, and why it is that one. Rules are pure: the same figures give
the same findings.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from kerastune_ft.config.checks.phases.solvers import is_solved
from kerastune_ft.config.options.augment import changes_examples
from kerastune_ft.config.options.task_facts import AUDIO, IMAGE, LabelKind, find_facts
from kerastune_ft.metrics.intervals.wilson import share_interval
from kerastune_ft.reporting.findings.evidence import Evidence, Finding, read_number
from kerastune_ft.reporting.metric_names import find_gain, is_lower_better
from kerastune_ft.reporting.quantities import format_figure, format_plain, format_words, is_number
from kerastune_ft.wording import counted, first_names

THRESHOLDS: Mapping[str, float] = MappingProxyType(
    {
        # Training accuracy is measured with dropout and augmentation, so it is low rather than high: ten points above
        # validation are no accident.
        "gap": 0.10,
        # The same for errors in the user's units, which have no common scale.
        "gap_of_errors": 1.5,
        # After the best epoch: training loss at most half, validation loss a tenth higher. Less is noise.
        "learned_by_heart": 0.5,
        "loss_rises": 1.1,
        # A last epoch that is better by less than a hundredth (or half a point) hardly tells of the next.
        "improves": 0.01,
        "improves_points": 0.005,
        # Phases of one or two epochs are no schedule that could have a first epoch best.
        "epochs_to_judge": 3,
        # With fewer validation examples one of them moves the accuracy by two points.
        "validation_examples": 50,
        # Wider than ten points: two models that are five points apart cannot be told from each other.
        "wide": 0.10,
        # Test below validation by five points and outside the intervals of both.
        "drop": 0.05,
        # A class that is never predicted is told of from so many test examples on: fewer may all be mistaken.
        "examples_of_class": 5,
        # Weights help a class of which another has more training examples, by half at least.
        "unequal": 1.5,
        # More epochs: twice as many.
        "more_epochs": 2,
        # A lower rate: a third, which is half of a power of ten.
        "lower_rate": 3,
    }
)

# Data that come with the program or its tests are what the embedded weights were made for.
_OWN_DATA = ("folder", "table", "arrays")
_NAMES_SHOWN = 3
# Labels whose balanced class weights follow from the examples of each class alone.
_WEIGHED_BY_COUNT: tuple[LabelKind, ...] = ("one",)
# By modality the name of examples that can be augmented, and the gentlest preset that hides something of them.
_AUGMENT: Mapping[str, tuple[str, str]] = MappingProxyType({IMAGE: ("images", "light"), AUDIO: ("sounds", "medium")})
# Why a phase stopped before its last epoch: by its monitor, or since a solver found the optimum.
_BY_ITSELF = ("early_stopping", "converged")


def judge_constant(run: Evidence) -> Finding | None:
    """Say that the model is no better, or cannot be told from, the best predictor that never looks at its input."""
    metric = run.headline
    value = run.value("test", metric) if metric else None
    rival = run.rival(metric) if metric else None
    if metric is None or value is None or rival is None:
        return None
    ends = run.interval(metric)
    nearest = (ends[1] if is_lower_better(metric) else ends[0]) if ends else value
    if find_gain(metric, nearest, rival) > 0:
        return None
    both = f"{format_words(metric)} {format_figure(value)} against {format_figure(rival)}"
    verdict = "is no better than" if find_gain(metric, value, rival) <= 0 else "cannot be told from"
    interval = f" (95 %: {format_figure(ends[0])} to {format_figure(ends[1])})" if ends else ""
    return Finding(
        "no_better_than_constant",
        "warning",
        f"On the test split the model {verdict} the best answer that never looks at the input: {both}{interval}.",
        "Look at the worst mistakes in the report: are labels and inputs right? Then train longer",
        _longer_phases(run),
    )


def judge_overfitting(run: Evidence) -> Finding | None:
    """Say that the final model is far better on its training examples than on validation."""
    row, name = (run.row_of(run.last), run.last["name"]) if run.last else ({}, "")
    for metric in ("accuracy", "mae"):
        train, validation = (read_number(row.get(f"{split}_{metric}")) for split in ("train", "validation"))
        if train is None or validation is None:
            continue
        if is_lower_better(metric):
            is_far = train > 0 and validation > THRESHOLDS["gap_of_errors"] * train
        else:
            high = share_interval(validation * run.examples.get("validation", 0), run.examples.get("validation", 0))[1]
            is_far = train - validation > THRESHOLDS["gap"] and not train <= high
        if is_far:
            figures = f"{format_words(metric)} {format_figure(train)} in training, {format_figure(validation)} on"
            advice, overrides = _less_freedom(run, name)
            text = f"Phase {name} overfits: {figures} validation."
            return Finding("overfitting", "warning", text, advice, overrides)
    return None


def judge_overtraining(run: Evidence) -> Finding | None:
    """Say that after the best epoch of the last phase training went on and validation got worse."""
    rows = run.rows(run.last["name"]) if run.last else []
    best = run.row_of(run.last) if rows else {}
    losses = [row.get(f"{split}_loss") for row in (best, rows[-1] if rows else {}) for split in ("train", "validation")]
    if not all(map(is_number, losses)) or judge_overfitting(run) or judge_first_epoch(run):
        # Those say the same, and more.
        return None
    train, validation, last_train, last_validation = (float(loss) for loss in losses if loss is not None)
    if last_train > THRESHOLDS["learned_by_heart"] * train or last_validation < THRESHOLDS["loss_rises"] * validation:
        return None
    name, epoch = run.last["name"], int(best["epoch"])
    text = (
        f"After epoch {epoch} of {len(rows)} phase {name} overfitted: training loss "
        f"{format_figure(train)} to {format_figure(last_train)}, validation loss {format_figure(validation)} to "
        f"{format_figure(last_validation)}. The model is that of epoch {epoch}."
    )
    return Finding("overtraining", "hint", text, "Try a lower rate", _lower_rate(run, name))


def judge_last_epoch(run: Evidence) -> Finding | None:
    """Say that the last phase still improved in its last epoch."""
    rows = run.rows(run.last["name"]) if run.last else []
    if len(rows) < 2 or run.last.get("best_epoch") != len(rows) or run.last.get("stopped") in _BY_ITSELF:
        return None
    monitor = run.last.get("monitor") or "validation_loss"
    numbers = [number for row in rows if (number := read_number(row.get(monitor))) is not None]
    if len(numbers) < len(rows):
        return None
    lower = is_lower_better(monitor, run.own_directions)
    before = min(numbers[:-1]) if lower else max(numbers[:-1])
    least = THRESHOLDS["improves"] * abs(before) if lower else THRESHOLDS["improves_points"]
    if find_gain(monitor, numbers[-1], before, run.own_directions) < least:
        return None
    name = run.last["name"]
    text = (
        f"Phase {name} still improved in its last epoch: {format_words(monitor)} {format_figure(before)} to "
        f"{format_figure(numbers[-1])}."
    )
    # Classes that are never predicted are those of a model that has not learned enough yet.
    level = "warning" if judge_classes(run) else "hint"
    return Finding("still_improving", level, text, "Give it more epochs", _more_epochs(run, name))


def judge_first_epoch(run: Evidence) -> Finding | None:
    """Say that a phase never improved on its first epoch."""
    for result in run.phases:
        monitor = result.get("monitor") or "validation_loss"
        values = [row.get(monitor) for row in run.rows(result["name"])]
        is_short = len(values) < THRESHOLDS["epochs_to_judge"] and result.get("stopped") not in _BY_ITSELF
        if result.get("best_epoch") != 1 or is_short or len(values) < 2 or not is_number(values[-1]):
            continue
        name = result["name"]
        text = (
            f"Phase {name} was best in its first epoch of {len(values)}: {format_words(monitor)} "
            f"{format_figure(values[0])}, at the end {format_figure(values[-1])}."
        )
        return Finding(
            "best_at_once", "hint", text, "Its rate may be too high; try a lower one", _lower_rate(run, name)
        )
    return None


def judge_earlier_phase(run: Evidence) -> Finding | None:
    """Say that an earlier phase had a better epoch than the final model."""
    if run.better_phase is None or not run.last:
        return None
    name, may_be_chance = run.last["name"], _is_within_noise(run, run.better_phase)
    advice, overrides = _gentler(run, name)
    return Finding(
        "earlier_phase_better",
        "hint" if may_be_chance else "warning",
        f"Phase {run.better_phase} had a better epoch, by the last phase's monitor, than the final model"
        f"{', by no more than chance may explain' if may_be_chance else ''}.",
        f"{advice}, or leave it out",
        overrides,
    )


def judge_discarded_phase(run: Evidence) -> Finding | None:
    """Say that the last phase that was discarded did not improve on what it began with."""
    if not run.discarded:
        return None
    result = run.discarded[-1]
    name, monitor = result["name"], result["monitor"]
    best, start = (format_figure(each[monitor]) for each in (result["best"], result["start"]["metrics"]))
    owner = f"that of phase {run.last['name']}" if run.last else "the one it began with"
    text = (
        f"Phase {name} did not improve on what it began with ({format_words(monitor)} {start}, at best {best}), so it "
        f"was not kept: the model is {owner}."
    )
    return Finding("phase_discarded", "hint", text, *_gentler(run, name))


def judge_backbone(run: Evidence) -> Finding | None:
    """Say that the backbone knows little or nothing of such data."""
    backbone, kind = run.config.get("backbone") or {}, (run.config.get("data") or {}).get("kind")
    if backbone.get("kind") == "applications" and backbone.get("weights") == "embedded" and kind in _OWN_DATA:
        return Finding(
            "weak_backbone",
            "warning",
            "The embedded weights are for a first try: they have never seen a photograph. Of test photos of 5 kinds "
            "of flowers they got 44 % right, and a smaller MobileNet with ImageNet weights, at 224 pixels, 80 %.",
            "Take ImageNet weights, which are fetched once (docs/backbones.md says how without a network)",
            ("backbone.weights=imagenet",),
        )
    from_scratch = backbone.get("kind") == "applications" and backbone.get("weights") is None
    if from_scratch or (backbone.get("kind") == "keras_hub" and backbone.get("class") is not None):
        advice = "Take pretrained weights (docs/backbones.md)"
        overrides = ("backbone.weights=imagenet",) if from_scratch else ()
        text = "The backbone began with random weights, so everything had to be learned from these examples."
        return Finding("random_backbone", "warning", text, advice, overrides)
    return None


def judge_interval(run: Evidence) -> Finding | None:
    """Say that the test split is too small to tell good models from better ones."""
    metric = run.headline
    ends = run.interval(metric) if metric else None
    # Errors in the user's units have no width that would be wide for all.
    if metric is None or ends is None or is_lower_better(metric) or ends[1] - ends[0] <= THRESHOLDS["wide"]:
        return None
    text = (
        f"With {counted(run.examples.get('test', 0), 'test example')} {format_words(metric)} may be anywhere from "
        f"{format_figure(ends[0])} to {format_figure(ends[1])}."
    )
    return Finding("wide_interval", "hint", text, "Four times as many test examples make it half as wide")


def judge_validation(run: Evidence) -> Finding | None:
    """Say that few examples choose the best epochs."""
    number = run.examples.get("validation", 0)
    if not 0 < number < THRESHOLDS["validation_examples"]:
        return None
    text = f"The best epochs were chosen by {counted(number, 'validation example')}, so by chance in part."
    return Finding("few_validation_examples", "hint", text, "Validate on more examples, if there are any")


def judge_classes(run: Evidence) -> Finding | None:
    """Say which classes were never predicted on the test split."""
    never = [
        name
        for name, figures in run.classes.items()
        if (figures.get("examples") or 0) >= THRESHOLDS["examples_of_class"]
        and "precision" in figures
        and not is_number(figures["precision"])
    ]
    if not never:
        return None
    text = f"Never predicted on the test split: {first_names(never, _NAMES_SHOWN)}."
    phases = [phase["name"] for phase in run.phases]
    them, classes = ("it", "the class") if len(never) == 1 else ("them", "these classes")
    overrides: tuple[str, ...] = ()
    if any(run.setting(name, "class_weights") or run.setting(name, "sampling") for name in phases):
        advice = f"Add examples of {them}, or leave {classes} out"
    elif _are_rarer(run, never):
        advice = "Give every class the same weight"
        overrides = tuple(f"phases.{name}.class_weights=balanced" for name in phases)
    else:
        advice, overrides = f"Train longer, or add examples of {them}", _longer_phases(run)
    return Finding("class_never_predicted", "warning", text, advice, overrides)


def judge_test_split(run: Evidence) -> Finding | None:
    """Say that the test split is harder than validation."""
    metric = run.headline
    test, validation = ((run.value(split, metric) if metric else None) for split in ("test", "validation"))
    ends, number = run.interval(metric) if metric else None, run.examples.get("validation", 0)
    if metric is None or test is None or validation is None or ends is None or is_lower_better(metric):
        return None
    lowest = share_interval(validation * number, number)[0] if number else validation
    if validation - test <= THRESHOLDS["drop"] or validation <= ends[1] or lowest <= ends[1]:
        return None
    text = (
        f"Test is far below validation: {format_words(metric)} {format_figure(test)} against "
        f"{format_figure(validation)}, which chance does not explain."
    )
    advice = (
        "Find what is another there (another place, time or device), or examples that are in training and validation "
        "alike: data.group keeps those of one patient or source together"
    )
    return Finding("test_below_validation", "warning", text, advice)


def praise(run: Evidence) -> Finding | None:
    """Say that the model is better than the best constant predictor, by more than chance."""
    metric = run.headline
    value = run.value("test", metric) if metric else None
    rival = run.rival(metric) if metric else None
    ends = run.interval(metric) if metric else None
    if metric is None or value is None or ends is None or rival is None:
        return None
    if find_gain(metric, ends[1] if is_lower_better(metric) else ends[0], rival) <= 0:
        return None
    text = (
        f"On {counted(run.examples.get('test', 0), 'test example')} {format_words(metric)} is {format_figure(value)} "
        f"(95 %: {format_figure(ends[0])} to {format_figure(ends[1])}); the best answer that never looks at the input "
        f"has {format_figure(rival)}."
    )
    return Finding("better_than_constant", "good", text)


RULES: tuple[Callable[[Evidence], Finding | None], ...] = (
    judge_constant,
    judge_test_split,
    judge_backbone,
    judge_earlier_phase,
    judge_discarded_phase,
    judge_last_epoch,
    judge_classes,
    judge_overfitting,
    judge_first_epoch,
    judge_overtraining,
    judge_validation,
    judge_interval,
)
"""The rules, those that matter most first."""


def _is_within_noise(run: Evidence, phase: str) -> bool:
    """Tell whether the best epochs of a phase and of the last one differ by no more than chance may explain."""
    monitor = run.last.get("monitor") or "validation_loss"
    results = [result for result in run.phases if result["name"] in (phase, run.last["name"])]
    values = [read_number(run.row_of(result).get(monitor)) for result in results]
    known = [value for value in values if value is not None]
    return len(known) == 2 and abs(known[0] - known[1]) <= run.noise.get(monitor, 0.0)


def _more_epochs(run: Evidence, phase: str) -> tuple[str, ...]:
    epochs = run.setting(phase, "epochs") or run.plan_of(phase).get("epochs")
    if not epochs or run.setting(phase, "steps"):
        return ()
    return (f"phases.{phase}.epochs={int(THRESHOLDS['more_epochs'] * epochs)}",)


def _longer_phases(run: Evidence) -> tuple[str, ...]:
    return tuple(each for phase in run.phases for each in _more_epochs(run, phase["name"]))


def _are_rarer(run: Evidence, classes: Sequence[str]) -> bool:
    """Tell whether one of these classes has far fewer training examples than another; True where nothing is known.

    Where an example has not exactly one class, balanced weights are no matter of these counts, and it is True too.
    """
    known = find_facts(run.config.get("task") or {})
    counts: Mapping[str, int] = ((run.plan.get("data") or {}).get("counts") or {}).get("train") or {}
    if not counts or known is None or known.labels not in _WEIGHED_BY_COUNT:
        return True
    return min(counts.get(name, 0) for name in classes) * THRESHOLDS["unequal"] < max(counts.values())


def _gentler(run: Evidence, phase: str) -> tuple[str, tuple[str, ...]]:
    """Return advice for a phase that left the model worse."""
    if stronger := _raise_penalty(run, phase):
        return f"Raise the L2 strength of phase {phase}", stronger
    return f"Train phase {phase} at a lower rate", _lower_rate(run, phase)


def _raise_penalty(run: Evidence, phase: str) -> tuple[str, ...]:
    """Return a stronger penalty for a phase whose head a solver sets; nothing for all others."""
    optimizer = run.setting(phase, "optimizer")
    if not is_solved({"optimizer": optimizer}):
        return ()
    words = json.dumps({"name": optimizer["name"], "l2": float(f"{10 * optimizer['options']['l2']:.3g}")})
    return (f"phases.{phase}.optimizer={words}",)


def _lower_rate(run: Evidence, phase: str) -> tuple[str, ...]:
    rate = run.setting(phase, "learning_rate")
    results = (result for result in (*run.phases, *run.discarded) if result["name"] == phase)
    # One that diverged and began again has trained at a lower peak than it was given.
    trained_at = next(results, {}).get("peak")
    peak = trained_at or (rate.get("peak") if isinstance(rate, Mapping) else rate)
    if (peak := read_number(peak)) is None:
        return ()
    lower = float(f"{peak / THRESHOLDS['lower_rate']:.1g}")
    key = f"phases.{phase}.learning_rate.peak" if isinstance(rate, Mapping) else f"phases.{phase}.learning_rate"
    return (f"{key}={format_plain(lower)}",)


def _less_freedom(run: Evidence, phase: str) -> tuple[str, tuple[str, ...]]:
    """Return advice against learning by heart, the gentlest that the phase does not follow yet."""
    if stronger := _raise_penalty(run, phase):
        return "Raise its L2 strength, or add examples", stronger
    known = find_facts(run.config.get("task") or {})
    augment = _AUGMENT.get(known.modality) if known else None
    if augment is not None and not changes_examples(run.setting(phase, "augment") or "none"):
        noun, preset = augment
        return f"Augment its {noun}", (f"phases.{phase}.augment={preset}",)
    if not run.setting(phase, "weight_decay"):
        return "Add weight decay, or more examples", (f"phases.{phase}.weight_decay=0.01",)
    return "Train it at a lower rate, or fewer units in it", _lower_rate(run, phase)
