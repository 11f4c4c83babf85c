"""The data of a plan in words and as a table: examples by class and split, or the spread of the values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kerastune_ft.reporting.quantities import format_plain, format_share, format_whole
from kerastune_ft.reporting.results.pages import PAGES
from kerastune_ft.wording import counted, first_names

Row = dict[str, Any]

_NAMED = 8
# The part of numbers and words, and how many categories are named.
_COLUMNS, _CATEGORIES = "columns", 6


def list_rows(data: Mapping[str, Any], without_label: Mapping[str, int] | None = None) -> list[Row]:
    """Return the table of the splits as rows whose keys are its headings; empty where nothing is known.

    Classes have a row each, and the last row counts the examples; an example with several labels counts for each of
    them, so there the last row is not the sum. `without_label` counts examples that have none, by split. Values have
    a row per target and split.
    """
    if data.get("values"):
        return list(_list_values(data))
    return _list_counts(data, without_label or {})


def choose_heading(data: Mapping[str, Any]) -> str:
    """Return the heading of the table that `list_rows` gives."""
    return "values by split" if data.get("values") else "examples by class and split"


def describe_sizes(data: Mapping[str, Any]) -> str:
    """Return the number of examples of every split in one line."""
    return ", ".join(f"{format_whole(size)} {split}" for split, size in (data.get("sizes") or {}).items())


def describe_labels(scheme: Mapping[str, Any]) -> str:
    """Return in one line what an example's label is."""
    names = [str(name) for name in scheme.get("names") or ()]
    if not names:
        return ""
    return PAGES[scheme.get("kind", "one")].describe_labels(names)


def describe_class_weights(by_class: Mapping[str, float]) -> str:
    """Return the class weights of a phase in one line; of many classes, the smallest and the largest weight."""
    if len(by_class) <= _NAMED:
        return ", ".join(f"{name} {format_plain(weight)}" for name, weight in by_class.items())
    least, most = (choose(by_class, key=lambda name: by_class[name]) for choose in (min, max))
    smallest, largest = (f"{format_plain(by_class[name])} ({name})" for name in (least, most))
    return f"{len(by_class)} classes, from {smallest} to {largest}"


def _list_counts(data: Mapping[str, Any], without_label: Mapping[str, int]) -> list[Row]:
    counts: Mapping[str, Mapping[str, int]] = data.get("counts") or {}
    if not counts:
        return []
    classes = data.get("classes") or dict.fromkeys(name for number_of in counts.values() for name in number_of)
    found: list[Row] = [
        {"class": str(name), **{split: number_of.get(str(name), 0) for split, number_of in counts.items()}}
        for name in classes
    ]
    if any(without_label.values()):
        found.append({"class": "no label", **{split: without_label.get(split, 0) for split in counts}})
    return [*found, {"class": "examples", **{split: (data.get("sizes") or {}).get(split) for split in counts}}]


def _list_values(data: Mapping[str, Any]) -> Iterable[Row]:
    values: Mapping[str, Mapping[str, Mapping[str, float]]] = data["values"]
    for target in dict.fromkeys(name for targets in values.values() for name in targets):
        for split, targets in values.items():
            examples = (data.get("sizes") or {}).get(split)
            yield {"target": target, "split": split, "examples": examples, **targets.get(target, {})}


def describe_tiles(tiles: Mapping[str, Any]) -> str:
    """Return how pictures are cut into tiles, and how many there are; nothing where they are not."""
    if not tiles:
        return ""
    largest = tiles["largest"]
    height, width = largest["picture"]
    counts = ", ".join(f"{format_whole(count)} {split}" for split, count in tiles["examples"].items())
    return (
        f"{tiles['size']} x {tiles['size']} pixels, {format_share(tiles['overlap'])} of a side in common with the "
        f"next: {counts}; {format_share(tiles['empty'])} of the training tiles are background alone; "
        f"{tiles['computed']:.2f} times the pixels of the pictures are computed; the largest picture, {width} x "
        f"{height}, has {counted(largest['rows'], 'row')} of {largest['columns']}"
    )


def describe_inputs(plan: Mapping[str, Any]) -> list[str]:
    """Return for each of several inputs what becomes of it; nothing for a single one."""
    inputs = plan.get("inputs") or {}
    columns = inputs.get("columns") or {}
    lines = []
    for each in columns.get("numbers") or ():
        absent = f"; missing in {counted(each['missing'], 'training example')}, marked" if each["missing"] else ""
        lines.append(f"{each['name']}: a number, standardised by {each['mean']:.4g} +- {each['deviation']:.4g}{absent}")
    for each in columns.get("words") or ():
        names = first_names(each["categories"], _CATEGORIES)
        absent = f"; missing in {counted(each['missing'], 'training example')}, a category" if each["missing"] else ""
        lines.append(f"{each['name']}: one of {counted(len(each['categories']), 'word')}: {names}{absent}")
    read = [name for name in inputs.get("parts") or () if name != _COLUMNS]
    return [f"{', '.join(read)}: read by the backbone{'s' if _has_parts(plan) else ''}", *lines] if read else []


def _has_parts(plan: Mapping[str, Any]) -> bool:
    return any(unit.get("part") for unit in (plan.get("backbone") or {}).get("units") or ())


def describe_dialogues(plan: Mapping[str, Any]) -> list[str]:
    """Return the template of dialogues with the reason for it, and what is learnt of them; nothing for other data."""
    about, language = plan.get("dialogues") or {}, plan.get("language") or {}
    if not about:
        return []
    learnt = language.get("learnt") or {}
    share = f"{format_share(learnt.get('share'))} of the tokens ({learnt.get('tokens'):,})"
    answers = "answers, and plain texts whole" if about.get("plain_texts") else "answers"
    what = "all that is said" if language.get("learn") == "all" else answers
    found = [f"template {about['template']}: {about['why']}", f"what is learnt: {what}, {share}"]
    return found[1:] if about.get("plain_texts") == _count_training(plan) else found


def describe_answers(plan: Mapping[str, Any]) -> list[str]:
    """Return what is generated for metrics: when the run ends, and for each phase that such a metric chooses epochs of.

    Nothing where no metric needs answers.
    """
    about = plan.get("answers") or {}
    if not about:
        return []
    longest = counted(about["max_new_tokens"], "token")
    asked = " and ".join(f"{format_whole(count)} of {split}" for split, count in about["examples"].items())
    refit = ", before the refit and after it" if about["times"] > 1 else ""
    said = (
        f"{', '.join(about['metrics'])}: when the run ends{refit}, answers to {asked}, of {longest} at most each: up "
        f"to {counted(about['tokens'], 'token')}, one after the other"
    )
    return [said, *map(_describe_monitor_cost, about["monitored"])]


def _describe_monitor_cost(phase: Mapping[str, Any]) -> str:
    return (
        f"phase {phase['phase']}, for its monitor {phase['monitor']}: answers to "
        f"{counted(phase['examples'], 'validation example')} {counted(phase['times'], 'time')}, up to "
        f"{counted(phase['tokens'], 'token')} in all"
    )


def _count_training(plan: Mapping[str, Any]) -> Any:
    return ((plan.get("data") or {}).get("sizes") or {}).get("train")


def show_dialogue(plan: Mapping[str, Any]) -> str:
    """Return an example as the model reads it, with what it learns to write between marks."""
    example = (plan.get("dialogues") or {}).get("example")
    if not example:
        return ""
    marked = "".join(f"\u00ab{each['text']}\u00bb" if each["learnt"] else each["text"] for each in example["pieces"])
    cut = f" after {lost:,} tokens were cut" if (lost := example.get("lost")) else ""
    return f"{example['key']}{cut}, what is learnt between \u00ab\u00bb: {marked}"
