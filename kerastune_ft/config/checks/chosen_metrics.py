"""Checks of `task.metrics`: known names that fit the labels, each once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kerastune_ft.config.checks.parts import Finding, Parts
from kerastune_ft.config.chosen_metrics import explain_unfit
from kerastune_ft.config.options.task_facts import metrics_of_labels


def check_chosen(parts: Parts) -> Iterator[Finding]:
    """Yield the metrics that do not fit the labels, that are measured anyway, and that are named twice."""
    metrics = parts.task.get("metrics")
    if not isinstance(metrics, list):
        return
    classes = parts.task.get("classes")
    names = list(classes.values()) if isinstance(classes, Mapping) else classes
    count = len(set(map(str, names))) if isinstance(names, list) else None
    usual = metrics_of_labels(parts.facts.labels)
    for index, metric in enumerate(metrics):
        place = ("task", "metrics", index)
        if not isinstance(metric, str):
            continue
        if metric in usual:
            yield place, "it is measured always; remove it"
        elif metric in metrics[:index]:
            yield place, "it is there already; remove it"
        elif why := explain_unfit(metric, parts.facts.labels, count):
            yield place, why
