"""Checks of phases whose head a solver sets to its optimum, and of the learning rate that all others need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kerastune_ft.config.checks.parts import Finding, section
from kerastune_ft.config.documents.nodes import short_json
from kerastune_ft.config.options.augment import changes_examples
from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.updates.optimizers import SOLVERS

# Keys that say how updates are made by batches, with the values that ask for nothing.
OF_UPDATES: Mapping[str, tuple[Any, ...]] = {
    "steps": (None,),
    "learning_rate": (None,),
    "weight_decay": (None, 0.01, 0),
    "clip_norm": (None,),
    "batch_size": (None, 32),
    "accumulate": (None, 1),
    "mixup": (None, 0),
    "cutmix": (None, 0),
    "loss": (None,),
    "sampling": (None,),
    "early_stopping": (None,),
    "dropout": (None, 0),
    "ema": (None, 0),
    "l2_sp": (None, 0),
    "carry_optimizer": (None, False),
    "on_divergence": (None,),
}
_INSTEAD = {
    "steps": 'an iteration looks at all examples; write "epochs", the most iterations there will be',
    "learning_rate": "the solver chooses the length of its steps; remove it",
    "weight_decay": 'the penalty is the solver\'s "l2", as in {"name": "lbfgs", "l2": 0.001}; remove it',
    "sampling": 'the solver takes every example once; write "class_weights": "balanced"',
    "early_stopping": "the phase ends with the optimum, which early stopping would miss; remove it",
    "loss": "the solver minimises the task's own loss; remove it, or write another optimizer",
}


def is_solved(phase: Mapping[str, Any]) -> bool:
    """Return whether the document of a phase names a solver as its optimizer."""
    optimizer = phase.get("optimizer")
    name = optimizer.get("name") if isinstance(optimizer, Mapping) else optimizer
    return isinstance(name, str) and name in SOLVERS


def solver_inconsistencies(document: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what a solver cannot do or has no use for, and the phases without one that lack a learning rate."""
    phases = document.get("phases")
    for index, phase in enumerate(phases if isinstance(phases, list) else ()):
        if not isinstance(phase, Mapping):
            continue
        findings = _check_solved(phase, section(document, "head")) if is_solved(phase) else _check_rate(phase)
        for path, message in findings:
            yield ("phases", index, *path), message
        before = phases[index - 1] if index and isinstance(phases, list) else None
        if isinstance(before, Mapping) and is_solved(before) and phase.get("carry_optimizer") is True:
            message = "the phase before is solved and leaves no optimizer to go on with; remove it"
            yield ("phases", index, "carry_optimizer"), message


def _check_rate(phase: Mapping[str, Any]) -> Iterator[Finding]:
    if phase.get("learning_rate") is None:
        yield ("learning_rate",), 'missing; write "learning_rate": 0.001, or {"peak": 0.001, "shape": "cosine"}'


def _check_solved(phase: Mapping[str, Any], head: Mapping[str, Any]) -> Iterator[Finding]:
    if (unfreeze := phase.get("unfreeze")) != "none":
        yield (
            ("optimizer",),
            f"a solver sets a head on features that stay as they are, and unfreeze is {short_json(unfreeze)}; write "
            '"unfreeze": "none", or another optimizer',
        )
    if head.get("hidden"):
        yield (
            ("optimizer",),
            f"a solver sets a linear head, and head.hidden has layers of {short_json(head['hidden'])}; write "
            '"hidden": [], or another optimizer',
        )
    for key, neutral in OF_UPDATES.items():
        if key in phase and not any(phase[key] == one for one in neutral):
            yield (
                (key,),
                _INSTEAD.get(key, "it has no effect with a solver, which takes all examples at a time; remove it"),
            )
    augment = phase.get("augment")
    written = {"preset": augment} if isinstance(augment, str) else section(phase, "augment")
    if changes_examples(written) and written.get("views") is None:
        yield (
            ("augment",),
            'it would be drawn anew in every epoch, and a solver takes all examples at a time; give it "views", as in '
            '{"preset": "light", "views": 4}, or write "none"',
        )


_OF_MAPS = "stride"


def python_inconsistencies(
    python: Mapping[str, Any], head: Mapping[str, Any], phases: Sequence[Any]
) -> Iterator[Finding]:
    """Yield place and message of every key without effect beside a head or a loss of the caller's."""
    if python.get("head") is not None:
        usual = Head().to_json()
        # The stride says which maps a head of masks gets.
        for key in (key for key, value in head.items() if value != usual.get(key) and key != _OF_MAPS):
            yield ("head", key), "it has no effect with a head of your own, which says this itself; remove it"
    listed = [(index, phase) for index, phase in enumerate(phases) if isinstance(phase, Mapping)]
    for index, phase in listed:
        if python.get("head") is not None and phase.get("dropout") is not None:
            yield ("phases", index, "dropout"), "a head of your own keeps its rates of dropout; remove it"
        if python.get("loss") is not None:
            for key in ("label_smoothing", "class_weights", "loss"):
                if phase.get(key):
                    yield ("phases", index, key), "it has no effect with a loss of your own, which says this; remove it"
        if (python.get("head") or python.get("loss")) is not None and is_solved(phase):
            yield ("phases", index, "optimizer"), "it solves the task's own head and loss; write another optimizer"
