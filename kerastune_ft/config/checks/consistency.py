"""Checks of keys that contradict each other or have no effect.

Every check reads the plain document and skips what is missing or of a wrong type, which is reported elsewhere; so one
mistake does not hide another.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from kerastune_ft.config.checks.computing.runtime import check_runtime
from kerastune_ft.config.checks.held import HELD, held_inconsistencies
from kerastune_ft.config.checks.kinds import kind_inconsistencies
from kerastune_ft.config.checks.modality import modality_inconsistencies
from kerastune_ft.config.checks.parts import Finding, backbone_sections, is_number, move_findings, section
from kerastune_ft.config.checks.phases.rates import check_momentum, check_rate
from kerastune_ft.config.checks.phases.solvers import python_inconsistencies, solver_inconsistencies
from kerastune_ft.config.checks.phases.weights import weight_inconsistencies
from kerastune_ft.config.checks.tables import table_inconsistencies
from kerastune_ft.config.documents.nodes import KeyPath, short_json
from kerastune_ft.config.facts.applications import APPLICATIONS, EMBEDDED, EMBEDDED_ALPHA, IMAGENET_ALPHAS
from kerastune_ft.config.facts.hub_families import NO_OPTIONS
from kerastune_ft.config.options.augment import changes_examples, mixes_examples
from kerastune_ft.config.options.backbones import WEIGHTS_ALONE
from kerastune_ft.config.options.task_facts import (
    chosen_metrics,
    find_facts,
    is_metric,
    metrics_of_labels,
)
from kerastune_ft.config.options.updates.optimizers import OPTIMIZER_OPTIONS
from kerastune_ft.config.words import unknown_message


def inconsistencies(document: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield place and message of every inconsistency in a complete document."""
    if isinstance(document.get("task"), Mapping):
        yield from _task(document["task"])
    yield from _data(section(document, "data"))
    known = find_facts(section(document, "task"))
    yield from held_inconsistencies(section(document, "data"), known)
    yield from _splits(section(section(document, "data"), "splits"))
    # What an unknown task needs is not known either.
    yield from table_inconsistencies(section(document, "data"), known is None or known.may_lack_labels)
    yield from kind_inconsistencies(document)
    task = section(document, "task")
    for place, backbone in backbone_sections(document):
        reads = str(place[-1]) if len(place) > 1 else None
        yield from move_findings(_backbone(backbone), place)
        yield from move_findings(modality_inconsistencies(task, backbone, reads), place)
    yield from check_runtime(section(document, "runtime"))
    yield from solver_inconsistencies(document)
    listed = document.get("phases")
    phases = listed if isinstance(listed, list) else []
    for place, backbone in backbone_sections(document):
        yield from move_findings(_sizes(backbone, phases), place)
    yield from weight_inconsistencies(phases, *(backbone for _, backbone in backbone_sections(document)))
    yield from python_inconsistencies(section(document, "python"), section(document, "head"), phases)
    names: dict[Any, int] = {}
    for index, phase in enumerate(phases):
        if not isinstance(phase, Mapping):
            continue
        for path, message in (
            *_phase(phase, index, section(document, "task"), section(section(document, "python"), "metrics")),
            *_cache(phase, section(document, "runtime")),
        ):
            yield ("phases", index, *path), message
        if index and isinstance(phases[index - 1], Mapping):
            for path, message in _check_carried(phase, phases[index - 1]):
                yield ("phases", index, *path), message
        name = phase.get("name")
        if isinstance(name, str) and names.setdefault(name, index) != index:
            yield ("phases", index, "name"), f'phases[{names[name]}] is named "{name}" too; give each its own name'


def _task(task: Mapping[str, Any]) -> Iterator[Finding]:
    if "kind" not in task:
        yield ("task", "kind"), 'missing; write "kind": "image_classification"'
    yield from _thresholds(task)
    if task.get("multi_label") is True and task.get("unknown") is not None:
        yield (
            ("task", "unknown"),
            "it has no effect with multi_label, where an example of no class is one without labels; remove it",
        )
    classes, positive = task.get("classes"), task.get("positive")
    names = list(classes.values()) if isinstance(classes, Mapping) else classes
    if not isinstance(names, list) or not isinstance(positive, str):
        return
    if task.get("multi_label") is True:
        yield (
            ("task", "positive"),
            "it has no effect with multi_label, where every class has its own metrics; remove it",
        )
    elif positive not in names:
        yield ("task", "positive"), unknown_message(positive, [name for name in names if isinstance(name, str)])[0]
    elif len(set(map(str, names))) > 2:
        yield ("task", "positive"), "it has no effect with more than two classes; remove it"


def _thresholds(task: Mapping[str, Any]) -> Iterator[Finding]:
    thresholds, classes = task.get("thresholds"), task.get("classes")
    names = list(classes.values()) if isinstance(classes, Mapping) else classes
    if isinstance(thresholds, Mapping) and isinstance(names, list):
        for name in thresholds:
            if name not in names:
                yield (
                    ("task", "thresholds", name),
                    unknown_message(name, [one for one in names if isinstance(one, str)])[0],
                )


def _data(data: Mapping[str, Any]) -> Iterator[Finding]:
    intensity = data.get("intensity", "auto")
    if data.get("kind") not in HELD and data.get("window") is not None and intensity != "auto":
        yield ("data", "window"), "window and intensity both say what becomes 0 to 255; keep one of them"
    if isinstance(intensity, list) and len(intensity) == 2 and all(map(is_number, intensity)):
        low, high = intensity
        if not low < high or not all(map(math.isfinite, intensity)):
            yield (
                ("data", "intensity"),
                f"{short_json(intensity)} is not a range; give [lowest, highest], as in [0, 4095]",
            )


def _splits(splits: Mapping[str, Any]) -> Iterator[Finding]:
    shares = [splits.get("train"), splits.get("validation"), splits.get("test", 0)]
    if all(map(is_number, shares)) and abs(sum(shares) - 1) > 1e-6:
        yield ("data", "splits"), f"the shares add up to {sum(shares):.6g}; they must add up to 1"
    folds, fold = splits.get("folds"), splits.get("fold")
    if is_number(folds) and is_number(fold) and fold >= folds:
        yield ("data", "splits", "fold"), f"{fold} is too large; folds are counted from 0 to {folds - 1}"


def _backbone(backbone: Mapping[str, Any]) -> Iterator[Finding]:
    if backbone.get("kind") == "saved":
        yield from _check_saved(backbone)
    if backbone.get("kind") in ("keras_hub", "keras_nlp"):
        yield from _hub_options(section(backbone, "options"), backbone.get("image_size"))
    name, weights = backbone.get("name"), backbone.get("weights", "imagenet")
    if backbone.get("kind") != "applications" or not isinstance(name, str) or name not in APPLICATIONS:
        return
    options = section(backbone, "options")
    if weights == "embedded" and name != EMBEDDED:
        message = f'"embedded" weights exist for {EMBEDDED} only; write "name": "{EMBEDDED}", or other weights'
        yield ("backbone", "weights"), message
    for option, value in options.items():
        fault = _option_fault(name, weights, option, value, options)
        if fault:
            yield ("backbone", "options", option), fault


def _hub_options(options: Mapping[str, Any], image_size: Any) -> Iterator[Finding]:
    """Yield options that no class has; the options of one class are only known where keras-hub can be imported."""
    for option in options:
        if option in NO_OPTIONS:
            yield ("backbone", "options", option), f"it is not an option of a backbone; {NO_OPTIONS[option]}"
        elif option in ("image_shape", "input_shape") and image_size is not None:
            yield ("backbone", "options", option), "image_size is given too; remove one of them"


def _check_saved(backbone: Mapping[str, Any]) -> Iterator[Finding]:
    path, scale = backbone.get("path"), section(backbone, "input").get("scale")
    if isinstance(path, str) and path.endswith(WEIGHTS_ALONE):
        yield (
            ("backbone", "path"),
            f"{short_json(path)} holds weights and no model; write them as the weights of a model of "
            f'keras.applications, {{"kind": "applications", "name": ..., "weights": {short_json(path)}}}, '
            'or load them into your model in Keras and write the file of model.save("model.keras")',
        )
    elif isinstance(path, str) and path.endswith((".h5", ".hdf5")):
        yield (
            ("backbone", "path"),
            f"{short_json(path)} has the format that preceded .keras; load it in Keras, call "
            'model.save("model.keras") and write that file',
        )
    if is_number(scale) and scale == 0:
        yield ("backbone", "input", "scale"), "0 makes all pixels equal; give another number, such as 0.00392 for 1/255"


def _option_fault(name: str, weights: Any, option: str, value: Any, options: Mapping[str, Any]) -> str | None:
    allowed = APPLICATIONS[name].options
    if option not in allowed:
        return f"{name} takes {'the options ' + ', '.join(allowed) if allowed else 'no options'}; remove {option}"
    if option == "minimalistic":
        return None if isinstance(value, bool) else f"{short_json(value)} is not a choice; write true or false"
    if not is_number(value) or value <= 0:
        return f"{short_json(value)} is not a number above 0"
    if option == "depth_multiplier":
        if not isinstance(value, int):
            return f"{short_json(value)} is not a whole number"
        return f"{value} has no ImageNet weights; write 1" if weights == "imagenet" and value != 1 else None
    return _alpha_fault(name, weights, value, options.get("minimalistic") is True)


def _alpha_fault(name: str, weights: Any, alpha: float, minimalistic: bool) -> str | None:
    if weights == "embedded":
        return (
            None
            if alpha == EMBEDDED_ALPHA
            else f"the embedded weights are for {EMBEDDED_ALPHA}, not {alpha}; remove it"
        )
    widths = (1.0,) if minimalistic else IMAGENET_ALPHAS[name]
    if weights == "imagenet" and alpha not in widths:
        return f"{alpha} has no ImageNet weights; {name} has them for {', '.join(f'{width:g}' for width in widths)}"
    return None


def _sizes(backbone: Mapping[str, Any], phases: Collection[Any]) -> Iterator[Finding]:
    """Yield the sizes of images, of the backbone and of phases, that an architecture is too deep for."""
    name = backbone.get("name")
    if backbone.get("kind") != "applications" or not isinstance(name, str) or name not in APPLICATIONS:
        return
    smallest = APPLICATIONS[name].minimum
    places: list[tuple[KeyPath, Any]] = [(("backbone", "image_size"), backbone.get("image_size"))]
    places += [
        (("phases", index, "image_size"), phase.get("image_size"))
        for index, phase in enumerate(phases)
        if isinstance(phase, Mapping)
    ]
    for path, size in places:
        sides = size if isinstance(size, list) else [size]
        if sides and all(map(is_number, sides)) and 0 < min(sides) < smallest:
            yield path, f"{short_json(size)} is too small; {name} needs at least {smallest}"


def _phase(
    phase: Mapping[str, Any], index: int, task: Mapping[str, Any], own_metrics: Mapping[str, Any]
) -> Iterator[Finding]:
    yield from _length(phase)
    head_only = phase.get("unfreeze") == "none"
    if head_only and phase.get("batch_norm") in ("statistics", "train"):
        yield ("batch_norm",), 'it has no effect with "unfreeze": "none"; remove it'
    if index == 0 and phase.get("start_from") in ("last", "pretrained"):
        yield ("start_from",), "it has no effect in the first phase; remove it"
    if index == 0 and phase.get("carry_optimizer") is True:
        yield ("carry_optimizer",), "it has no effect in the first phase; move it to a later phase"
    monitor = phase.get("monitor")
    facts = find_facts(task)
    # A misspelt kind is most often a classification, and an unknown monitor should be reported as well.
    measured = (*(facts.metrics if facts else metrics_of_labels("one")), *own_metrics)
    metrics = [f"validation_{metric}" for metric in measured]
    is_of_another = facts is None and isinstance(monitor, str) and is_metric(monitor.removeprefix("validation_"))
    if isinstance(monitor, str) and monitor not in metrics and not is_of_another:
        yield ("monitor",), _explain_monitor(monitor, metrics, chosen_metrics(facts.labels) if facts else ())
    if phase.get("accumulate") == "auto" and phase.get("batch_norm") in ("statistics", "train"):
        yield (
            ("accumulate",),
            f"BatchNorm layers with {short_json(phase['batch_norm'])} take moments of what is computed at a time, so "
            'that the memory would decide the result; write a number, or "batch_norm": "frozen"',
        )
    yield from _lora(phase)
    yield from _views(phase, task)
    yield from _balance(phase, task)
    rate = section(phase, "learning_rate")
    yield from check_rate(rate, head_only)
    yield from check_momentum(phase)
    yield from _optimizer(section(phase, "optimizer"), has_momentum=rate.get("momentum") is not None)


def _explain_monitor(monitor: str, measured: list[str], chosen: Collection[str]) -> str:
    """Return what is wrong with a monitor that is not measured; `chosen` are the metrics that can be added."""
    metric = monitor.removeprefix("validation_")
    if metric in chosen:
        return f'it is measured only where it is asked for; add "metrics": ["{metric}"] to task'
    message, meant = unknown_message(monitor, measured, beginning="validation_")
    if meant is not None:
        return message
    return f"{message}; one of your own is known to kt.run(..., metrics=...) and kt.crossvalidate, not to a search"


def _lora(phase: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield contradictions between adapters and what else the phase trains."""
    if not isinstance(phase.get("lora"), Mapping):
        return
    unfreeze = phase.get("unfreeze")
    if unfreeze == "none":
        yield (
            ("lora",),
            'adapters are added to layers of the units that unfreeze selects, and "none" selects none; write '
            '"unfreeze": "all", or {"last": 2}: with lora the units\' own variables stay frozen',
        )
    elif unfreeze == "biases" or (isinstance(unfreeze, Mapping) and "variables" in unfreeze):
        yield (
            ("lora",),
            "with lora the backbone's own variables do not train, but unfreeze selects variables; select units there, "
            'as in {"last": 2} or {"match": [...]}, and layers in "targets"',
        )
    if phase.get("batch_norm") in ("statistics", "train"):
        yield (
            ("batch_norm",),
            f"{short_json(phase['batch_norm'])} changes BatchNorm layers, but with lora only adapters and head "
            'train; write "frozen", or train the units in a phase of their own',
        )


def _views(phase: Mapping[str, Any], task: Mapping[str, Any]) -> Iterator[Finding]:
    known = find_facts(task)
    if known is not None and known.hides_words:
        # Other words are hidden in each view.
        return
    augment = section(phase, "augment")
    if augment.get("views") is not None and not changes_examples(augment) and not mixes_examples(phase):
        yield (
            ("augment", "views"),
            'it has no effect without augmentation; give a "preset" like "light" beside it, or remove it',
        )


def _cache(phase: Mapping[str, Any], runtime: Mapping[str, Any]) -> Iterator[Finding]:
    if phase.get("cache") == "required" and runtime.get("cache") == "off":
        yield (
            ("cache",),
            '"required" contradicts "cache": "off" in runtime; write "auto" or "required" there, or "auto" here',
        )


def _check_carried(phase: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield contradictions in carrying over the optimizer of the previous phase."""
    if phase.get("carry_optimizer") is not True:
        return
    own, other = (_optimizer_of(each) for each in (phase, before))
    if own != other:
        yield (
            ("carry_optimizer",),
            f"the previous phase has optimizer {short_json(other)} and this one {short_json(own)}, "
            "whose state differs; use the same in both, or remove it",
        )


def _optimizer_of(phase: Mapping[str, Any]) -> Any:
    optimizer = phase.get("optimizer", "adamw")
    return optimizer if isinstance(optimizer, Mapping) else {"name": optimizer}


def _balance(phase: Mapping[str, Any], task: Mapping[str, Any]) -> Iterator[Finding]:
    weights, sampling = phase.get("class_weights"), phase.get("sampling")
    if weights is not None and sampling is not None:
        yield ("sampling",), "class_weights is given too, so that rare classes would count twice; keep one of them"
    classes = task.get("classes")
    names = list(classes.values()) if isinstance(classes, Mapping) else classes
    if isinstance(weights, Mapping) and isinstance(names, list):
        for name in weights:
            if name not in names:
                yield ("class_weights", name), unknown_message(name, [one for one in names if isinstance(one, str)])[0]


def _length(phase: Mapping[str, Any]) -> Iterator[Finding]:
    epochs, steps = phase.get("epochs"), phase.get("steps")
    if epochs is None and steps is None:
        yield ("epochs",), 'missing; write "epochs": 5, or "steps": 500'
    elif epochs is not None and steps is not None:
        yield ("steps",), "epochs is given too; keep one of them"


def _optimizer(optimizer: Mapping[str, Any], has_momentum: bool) -> Iterator[Finding]:
    name = optimizer.get("name", "adamw")
    if not isinstance(name, str) or name not in OPTIMIZER_OPTIONS:
        return
    nested = optimizer.get("options")
    within: KeyPath = ("optimizer", "options") if isinstance(nested, Mapping) else ("optimizer",)
    options = nested if isinstance(nested, Mapping) else {key: one for key, one in optimizer.items() if key != "name"}
    rules = OPTIMIZER_OPTIONS[name]
    for option, value in options.items():
        if option not in rules:
            yield (*within, option), _unknown_option(option, name)
        elif not rules[option].accepts(value):
            yield (*within, option), f"{short_json(value)} does not fit; give {rules[option].allowed}"
    if options.get("nesterov") is True and not (options.get("momentum") or has_momentum):
        yield (*within, "nesterov"), "it has no effect without momentum; remove it, or give momentum"


_OWN_KEYS = {
    "learning_rate": "learning_rate",
    "lr": "learning_rate",
    "weight_decay": "weight_decay",
    "clipnorm": "clip_norm",
    "global_clipnorm": "clip_norm",
    "use_ema": "ema",
    "gradient_accumulation_steps": "accumulate",
}


def _unknown_option(option: str, name: str) -> str:
    if option in _OWN_KEYS:
        return f'it is a key of the phase, not of the optimizer; write "{_OWN_KEYS[option]}" beside "optimizer"'
    message, _ = unknown_message(option, OPTIMIZER_OPTIONS[name], "key")
    return f"{name}: {message}"
