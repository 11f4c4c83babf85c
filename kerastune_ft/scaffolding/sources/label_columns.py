"""Choosing the label columns of a table, and the task that follows from their content."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from kerastune_ft.config.options.task_facts import AUDIO
from kerastune_ft.config.options.tasks import TASK_KINDS
from kerastune_ft.data.labels.spelling import (
    classes_that_merge,
    find_misspellings,
    normalise,
    quote,
    reads_as_missing,
)
from kerastune_ft.data.labels.written_numbers import has_decimal_comma, have_decimal_commas
from kerastune_ft.data.splits.names import are_split_words
from kerastune_ft.data.tables.list_cells import are_lists, read_list
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.scaffolding.findings import DataFindings, add_with_reason, classification_task
from kerastune_ft.scaffolding.sources import columns as kinds
from kerastune_ft.wording import counted, first_names

# With fewer examples per value than this, values are names or texts rather than classes.
_FEW_EACH = 2
_SPELLINGS, _RIVALS = 5, 5
# Of so large a share of values that are numbers, some with a sign of money or a percent sign, all are amounts.
_MOSTLY = 0.8
_SIGN = r"(?:[A-Z]{0,3}[$\u20ac\u00a3\u00a5\u20b9\u20bd\u20a9\u20ba]|USD|EUR|GBP|CHF|JPY|INR|CNY|kr\.?|%)"
_NUMBER = r"\d[\d.,'\u2019\u00a0 ]*"
_AMOUNT = re.compile(rf"[-+(]?\s*(?:{_SIGN}\s*[-+]?{_NUMBER}|{_NUMBER}\s*{_SIGN})\s*\)?", re.IGNORECASE)


def choose_labels(
    frame: TextTable, columns: Mapping[str, Sequence[str]], taken: set[str], modality: str = ""
) -> list[str]:
    """Return the label columns; raise DataError that lists the columns if the choice is unclear.

    The one column of sentences beside sounds says what is spoken in them, where no column of classes does.
    """
    found = kinds.find_label_columns(columns, taken)
    if not found and modality == AUDIO:
        said = [name for name, texts in columns.items() if name not in taken and kinds.are_sentences(texts)]
        found = said if len(said) == 1 else []
    are_classes = len(found) > 1 and _are_one_hot(columns, found)
    if len(found) > 1 and not are_classes and kinds.are_equivalent([columns[name] for name in found]):
        # Codes and names of the same classes: names are more readable in tables and reports.
        found = [min(found, key=lambda name: kinds.parse_numbers(columns[name]) is not None)]
    if not found or (len(found) > 1 and not all(kinds.is_flag(columns[name]) for name in found)):
        raise DataError(_unclear_message(frame, columns, found, taken))
    return found


def _are_one_hot(columns: Mapping[str, Sequence[str]], names: Sequence[str]) -> bool:
    """Return whether every row has exactly one 1 in columns of 0 and 1."""
    rows = zip(*(columns[name] for name in names), strict=True)
    return all(set(cells) <= {"0", "1"} and cells.count("1") == 1 for cells in rows)


def _unclear_message(
    frame: TextTable, columns: Mapping[str, Sequence[str]], found: Sequence[str], taken: set[str]
) -> str:
    listed = "\n".join(
        f"  {name}: {counted(len(set(texts)), 'value')}, such as {first_names(list(dict.fromkeys(texts)), 3)[:80]}"
        for name, texts in list(columns.items())[:30]
        if name not in taken
    )
    which = f"{' and '.join(found)} could each be the label" if found else "no column is clearly the label"
    example = found[0] if found else next((name for name in columns if name not in taken), "finding")
    return (
        f"{frame.path}: {which}. Its columns, except those of input, group and split:\n"
        f'{listed or "  (none)"}\nName it with  --label "{example}"  (repeat it for several columns).'
    )


def add_label(
    findings: DataFindings, modality: str, columns: Mapping[str, Sequence[str]], names: Sequence[str], given: bool
) -> None:
    """Add label and task to the findings; `given` says whether the user named the columns."""
    said = "given by --label" if given else "chosen by its name and content"
    if len(names) > 1:
        _add_label_columns(findings, modality, columns, names, said)
        return
    name, texts = names[0], columns[names[0]]
    if are_lists(texts):
        _add_label_lists(findings, modality, name, texts, said)
        return
    mark = kinds.find_separator(texts)
    if modality == AUDIO and kinds.are_sentences(texts):
        findings.task = {"kind": "speech_recognition"}
        add_with_reason(findings.data, "label", name, f"texts, most of them different: what is said; {said}")
    elif mark:
        _add_label_sets(findings, modality, name, texts, mark, said)
    elif kinds.are_amounts(texts):
        values = kinds.parse_numbers(texts) or [0.0]
        findings.task = {"kind": regression_kind(modality, f"{name} holds amounts")}
        reason = f"numbers from {min(values):g} to {max(values):g}, {len(set(values))} different ones; {said}"
        add_with_reason(findings.data, "label", name, reason)
        if commas := _describe_commas(name, texts):
            findings.asks.append(f"{commas}; write a point for each comma in the table, since commas are not read")
    else:
        findings.counts = dict(sorted(Counter(map(normalise, filter(None, texts))).items()))
        findings.task = classification_task(findings.counts, modality)
        add_with_reason(findings.data, "label", name, said)
        _ask_about_classes(findings, modality, name, texts)


def _add_label_sets(
    findings: DataFindings, modality: str, name: str, texts: Sequence[str], mark: str, said: str
) -> None:
    label, counts = kinds.split_labels(name, texts, mark)
    findings.counts = dict(sorted(counts.items()))
    findings.task = {"kind": f"{modality}_classification"}
    add_with_reason(findings.task, "multi_label", True, f'cells of "{name}" hold several labels separated by "{mark}"')
    add_with_reason(
        findings.data, "label", label, said + (f'; "{label["none"]}" means no label' if "none" in label else "")
    )


def _describe_commas(name: str, texts: Sequence[str]) -> str:
    """Return what to say of numbers with decimal commas, nothing where there are none."""
    if not have_decimal_commas(texts):
        return ""
    example = next(filter(has_decimal_comma, texts))
    return (
        f'the cells of "{name}", such as {example}, look like numbers with decimal commas (if they are several labels, '
        f'write "label": {{"column": "{name}", "separator": ","}} in data and "multi_label": true in task)'
    )


def _add_label_lists(findings: DataFindings, modality: str, name: str, texts: Sequence[str], said: str) -> None:
    lists = [read_list(text) or () for text in texts]
    findings.counts = dict(sorted(Counter(label for labels in lists for label in labels).items()))
    findings.task = {"kind": f"{modality}_classification"}
    add_with_reason(findings.task, "multi_label", True, f'cells of "{name}" are lists of labels')
    add_with_reason(findings.data, "label", {"column": name}, said)


def _ask_about_classes(findings: DataFindings, modality: str, name: str, texts: Sequence[str]) -> None:
    regression_kind = f"{modality}_regression"
    if kinds.parse_numbers(texts) and len(findings.counts) > 2 and regression_kind in TASK_KINDS:
        commas = _describe_commas(name, texts)
        findings.asks.append(
            f'are the {len(findings.counts)} values of "{name}" classes? If they are amounts or grades, write '
            + ("a point for each comma in the table, and " if commas else "")
            + f'"kind": "{regression_kind}" in task'
            + (f"; {commas}" if commas else "")
        )
    elif question := ask_about_labels(name, findings.counts, texts, "name another column with --label"):
        findings.asks.append(question)


def ask_about_labels(name: str, counts: Mapping[str, int], texts: Sequence[str], remedy: str) -> str:
    """Return the question about labels that are amounts with a sign, or nearly all different; nothing for others.

    `counts` are the examples by label, and `remedy` says what to do where they are no labels.
    """
    given = [text.strip() for text in texts if text.strip()]
    amounts = [text for text in given if _AMOUNT.fullmatch(text)]
    signed = {*amounts}
    plain = sum(text not in signed and kinds.parse_numbers([text]) is not None for text in counts)
    if amounts and len(counts) > 2 and len(signed) + plain > _MOSTLY * len(counts):
        return (
            f'are the {len(counts):,} values of "{name}", such as {amounts[0]}, amounts? With a sign they are read as '
            "classes; to learn amounts, write plain numbers, as 1000.5, and run init again"
        )
    if len(counts) * _FEW_EACH > sum(counts.values()) > 0:
        rows = counted(sum(counts.values()), "row")
        return f'is "{name}" the label? It has {len(counts):,} values in {rows}, too many to learn as classes; {remedy}'
    return ""


def ask_about_spelling(findings: DataFindings) -> None:
    """Ask about labels that look like misspellings of others."""
    wrong = find_misspellings(findings.counts)
    if not wrong:
        return
    alike = ", ".join(
        f"{quote(label)} ({findings.counts[label]:,}) and {quote(right)} ({findings.counts[right]:,})"
        for label, right in list(wrong.items())[:_SPELLINGS]
    )
    more = f", and {len(wrong) - _SPELLINGS} more" if len(wrong) > _SPELLINGS else ""
    findings.asks.append(
        f"{'is' if len(wrong) == 1 else 'are'} {alike}{more} the same label, spelt in two ways? If so, "
        f"correct the data and run init again, or write "
        f"{classes_that_merge(findings.counts, wrong)} in task, which lists every label"
    )


def ask_about_missing(findings: DataFindings) -> None:
    """Ask about labels that are words for a value that is not there."""
    for label in filter(reads_as_missing, findings.counts):
        count = findings.counts[label]
        findings.asks.append(
            f"is {quote(label)} ({count:,}) a class? It reads as a label that is missing; if it is none, take its "
            "examples out of the data and run init again"
        )


def ask_about_split_words(findings: DataFindings) -> None:
    """Ask about labels that are all words for splits."""
    if not are_split_words(findings.counts) or "classes" in findings.task:
        return
    name = findings.data.get("label")
    remedy = (
        f'write "splits": {{"column": {json.dumps(name, ensure_ascii=False)}}} in data and the column of the labels in '
        "label"
        if isinstance(name, str)
        else "name or save the labels as y"
    )
    findings.asks.append(
        f"is {quote(name) if isinstance(name, str) else 'y'} the label? Its values, "
        f"{first_names(findings.counts)}, look like splits; if they are, {remedy}"
    )


def ask_about_rivals(
    findings: DataFindings, columns: Mapping[str, Sequence[str]], names: Sequence[str], taken: set[str]
) -> None:
    """Ask about other columns that could be the label; `taken` are columns with another use."""
    rivals = [
        name
        for name in kinds.find_possible_labels(columns, taken | {*names})
        if not any(kinds.are_equivalent([columns[name], columns[chosen]]) for chosen in names)
    ]
    if not rivals:
        return
    chosen, others = (" and ".join(f'"{name}"' for name in each) for each in (names, rivals[:_RIVALS]))
    values = counted(len(set(filter(None, columns[rivals[0]]))), "value")
    findings.asks.append(
        f"{'is' if len(names) == 1 else 'are'} {chosen} the label? {others} could also be the label"
        f'{f" ({values})" if len(rivals) == 1 else ""}; if so, run init again with --label "{rivals[0]}"'
    )


def _add_label_columns(
    findings: DataFindings, modality: str, columns: Mapping[str, Sequence[str]], names: Sequence[str], said: str
) -> None:
    if all(kinds.is_flag(columns[name]) or set(columns[name]) <= {"0", "1", ""} for name in names):
        findings.counts = {name: list(columns[name]).count("1") for name in names}
        if _are_one_hot(columns, names):
            _add_one_hot(findings, modality, names, said)
            return
        findings.task = {"kind": f"{modality}_classification"}
        add_with_reason(
            findings.task,
            "multi_label",
            True,
            "each label has a column of 0 and 1; an example may have several labels or none",
        )
    elif all(kinds.parse_numbers(columns[name]) for name in names):
        findings.task = {"kind": regression_kind(modality, f"{' and '.join(names)} hold amounts")}
        findings.asks += [
            f"{commas}; write a point for each comma in the table, since commas are not read"
            for name in names
            if (commas := _describe_commas(name, columns[name]))
        ]
    else:
        raise ConfigError(
            f"--label: several label columns must all hold 0 and 1, or all hold numbers; {', '.join(names)} do not"
        )
    add_with_reason(findings.data, "label", list(names), said)


def _add_one_hot(findings: DataFindings, modality: str, names: Sequence[str], said: str) -> None:
    """Add columns of which every row has one 1: classes that exclude each other."""
    findings.task = classification_task(findings.counts, modality)
    add_with_reason(findings.data, "label", list(names), f"a column for each class; {said}")
    findings.asks.append(
        f"do the classes {first_names(names, 5)} exclude each other? Every row has exactly one 1 in their columns, so "
        'they are learnt as one class per example; if an example may have several or none, write "multi_label": true '
        'in task and take "positive" out, where it is there'
    )


def regression_kind(modality: str, why: str) -> str:
    """Return the kind of a regression task; raise DataError if there is none for the modality."""
    kind = f"{modality}_regression"
    if kind not in TASK_KINDS:
        raise DataError(
            f"data.label: {why}; this version can only learn classes from sounds.\n"
            "Name a label of classes, or make one, such as low, middle and high."
        )
    return kind
