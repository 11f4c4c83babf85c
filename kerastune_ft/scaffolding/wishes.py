"""Laying what a user wants over what the data suggest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kerastune_ft.config.compose import with_phases
from kerastune_ft.config.documents.nodes import Place, as_node
from kerastune_ft.config.documents.problems import Problem
from kerastune_ft.config.options.task_facts import LANGUAGE, PAIR, TEXT, find_facts
from kerastune_ft.config.options.tasks import TASK_KINDS
from kerastune_ft.config.words import unknown_message
from kerastune_ft.errors import ConfigError
from kerastune_ft.scaffolding.findings import DataFindings, add_splits
from kerastune_ft.scaffolding.samples.text_statistics import are_sentences

_OF_TEXTS = "text_classification"
_SHOWN = 50
_LENGTHS = ("epochs", "steps")
# By modality: whether labels are answers that a model writes, and whether they could be.
_ARE_ANSWERS: Mapping[str, bool] = {LANGUAGE: True, PAIR: True}
_MAY_BE_ANSWERS: Mapping[str, bool] = {**_ARE_ANSWERS, TEXT: True}


def lay_over(document: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return a proposed document with the keys that the user wants in its sections, which replace those that it has."""
    result = dict(document)
    for section, value in wanted.items():
        known = result.get(section, {})
        is_object = isinstance(known, Mapping) and isinstance(value, Mapping)
        result[section] = replace_keys(known, value) if is_object else value
    return result


def replace_keys(section: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return a section with other values for some of its keys; a reason goes with the value that it was for."""
    gone = {f"// {key}" for key in wanted}
    return {**{key: value for key, value in section.items() if key not in gone}, **wanted}


def with_wishes(findings: DataFindings, task: Mapping[str, Any], data: Mapping[str, Any]) -> DataFindings:
    """Return findings with the task and the keys of `data` that the user wants.

    Raises ConfigError for a task or a kind of data that is not what was found.
    """
    if "kind" in task and find_facts(task) is None:
        raise ConfigError(f"task: {unknown_message(task['kind'], TASK_KINDS)[0]}")
    findings = _read_as_answers(findings, find_facts(task), task)
    for key, found, wanted in (
        ("task", find_facts(findings.task), find_facts(task)),
        ("data.kind", findings.data["kind"], data.get("kind")),
    ):
        _check_kind(key, found, wanted, findings, task)
    return replace(findings, data=replace_keys(findings.data, data), **_choose_task(findings, task))


def _read_as_answers(findings: DataFindings, wanted: Any, task: Mapping[str, Any]) -> DataFindings:
    """Return findings about texts with labels as those of texts with answers, where a task that writes is wanted."""
    data = findings.data
    are_texts = _MAY_BE_ANSWERS.get(findings.modality, False) and data["kind"] == "table"
    has_pairs = isinstance(data.get("input"), str) and isinstance(data.get("label"), str)
    if not (_ARE_ANSWERS.get(getattr(wanted, "modality", ""), False) and are_texts and has_pairs):
        return findings
    kept = dict(data)
    if isinstance(data["splits"].get("train"), float):
        # Answers are no classes that drawn splits could share alike.
        add_splits(kept, {}, data.get("group"))
    return DataFindings(dict(task), kept, findings.examples, findings.train, {}, seen=list(findings.seen))


def _check_kind(key: str, found: Any, wanted: Any, findings: DataFindings, task: Mapping[str, Any]) -> None:
    what = getattr(found, "modality", found), getattr(wanted, "modality", wanted)
    if wanted is not None and what[0] != what[1]:
        given = task["kind"] if key == "task" else wanted
        raise ConfigError(
            f'{key}: "{given}" is wanted, and the data look like {findings.task["kind"]} '
            f"(data.kind {findings.data['kind']}); name the column of the inputs in data.input, or leave it out"
        )


def _choose_task(findings: DataFindings, task: Mapping[str, Any]) -> dict[str, Any]:
    """Return the task, and the examples by class where the labels are still classes."""
    kind = task.get("kind", findings.task["kind"])
    if kind == findings.task["kind"]:
        return {"task": replace_keys(findings.task, task)}
    return {"task": dict(task), "counts": {}}


def refuse_texts_as_classes(task: Mapping[str, Any], counts: Mapping[str, int]) -> None:
    """Raise ConfigError for a proposed `task` of classes that are sentences, which a model could only write.

    `counts` are the examples by label.
    """
    labels = [label for label, count in counts.items() for _ in range(count)]
    if task["kind"] != _OF_TEXTS or task.get("multi_label") or not are_sentences(labels):
        return
    example = labels[0] if len(labels[0]) <= _SHOWN else f"{labels[0][:_SHOWN]}..."
    raise ConfigError(
        f'label: the {len(counts):,} different labels of {len(labels):,} examples look like texts ("{example}"), and '
        'no classes;\ngive task="causal_lm" to learn to write them as answers, or task="summarization" as '
        f'summaries\n(task="{_OF_TEXTS}" takes them for classes all the same).'
    )


def read_schedule(written: str | Mapping[str, Any] | None) -> Any:
    """Return the preset that a user names, or the object of one with its options, which may be JSON.

    Raises ConfigError for what is none.

    >>> read_schedule('{"preset": "unfreeze_at", "epochs": 20, "at": {"12": "all"}}')["epochs"]
    20
    """
    if written is None:
        return None
    try:
        is_json = isinstance(written, str) and written.lstrip().startswith("{")
        schedule = json.loads(str(written)) if is_json else written
    except ValueError as error:
        raise ConfigError(f"--schedule: {error}; give a name, or a JSON object") from error
    problems: list[Problem] = []
    with_phases(as_node({"phases": schedule}, Place("--schedule")), problems)
    if problems:
        raise ConfigError("\n".join(f"--schedule: {problem.message}" for problem in problems))
    return schedule


def with_schedule(chosen: Mapping[str, Any], phases: Any, epochs: int | None) -> dict[str, Any]:
    """Return the rest of a configuration with the schedule that the user wants, and so many epochs in every phase.

    `phases` is a preset, an object of one, or a list; None leaves what is there. Raises ConfigError for epochs below 1,
    and for two numbers of epochs.
    """
    if epochs is not None and (isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < 1):
        raise ConfigError(f"--epochs: {epochs!r} is no number of epochs; give a whole number, 1 or more")
    is_wanted = phases is not None
    phases = phases if is_wanted else chosen["phases"]
    if epochs is None:
        return {**chosen, "phases": phases}
    if isinstance(phases, str):
        return {**chosen, "phases": {"preset": phases, "epochs": epochs}}
    if isinstance(phases, Mapping):
        return {**chosen, "phases": _with_epochs(phases, epochs, is_wanted)}
    if not isinstance(phases, list | tuple) or not all(isinstance(phase, Mapping) for phase in phases):
        # What is wrong with it is said where the configuration is read.
        return {**chosen, "phases": phases}
    return {**chosen, "phases": [_with_epochs(phase, epochs, is_wanted) for phase in phases]}


def _with_epochs(phase: Mapping[str, Any], epochs: int, is_wanted: bool) -> dict[str, Any]:
    if is_wanted and (known := next((key for key in _LENGTHS if key in phase), None)):
        raise ConfigError(f"--epochs: the phases say {known} = {phase[known]} already; give one of the two")
    return {**phase, "epochs": epochs}
