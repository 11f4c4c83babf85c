"""Facts about metrics by their names: which way is better, and which one to show where there is room for one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import get_args

from kerastune_ft.config.options.task_facts import LabelKind, MetricFacts, chosen_metrics, metrics_of_labels

_FACTS: dict[str, MetricFacts] = {
    name: facts
    for kind in get_args(LabelKind)
    for name, facts in {**chosen_metrics(kind), **metrics_of_labels(kind)}.items()
}
# Accuracy is measured for several kinds of labels and is the headline of one, the first, so it comes last.
_HEADLINES = tuple(
    name for kind in reversed(get_args(LabelKind)) for name, facts in metrics_of_labels(kind).items() if facts.headline
)
_SPLITS = ("train_", "validation_", "test_")


def is_lower_better(metric: str, own: Mapping[str, str] = MappingProxyType({})) -> bool:
    """Return whether a smaller value is the better one; a split may stand before the name, a target after it.

    `own` are the directions, `min` or `max`, of metrics of the user's own by name.
    """
    name = metric
    for split in _SPLITS:
        name = name.removeprefix(split)
    if name in own:
        return own[name] == "min"
    known = [each for each in _FACTS if name == each or name.startswith(f"{each}_")]
    return bool(known) and _FACTS[max(known, key=len)].direction == "min"


def find_gain(metric: str, value: float, rival: float, own: Mapping[str, str] = MappingProxyType({})) -> float:
    """Return by how much a value of a metric is better than a rival, negative where it is worse.

    `own` are the directions of metrics of the user's own.
    """
    return rival - value if is_lower_better(metric, own) else value - rival


def find_headline(measured: Collection[str], split: str = "validation") -> str | None:
    """Return the metric of a split to show beside the loss, by its name with the split; None if none was measured."""
    return next((name for each in _HEADLINES if (name := f"{split}_{each}") in measured), None)
