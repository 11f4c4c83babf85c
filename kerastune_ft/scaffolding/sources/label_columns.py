"""The label of a table: the column or columns that hold it, and the task that follows from what stands in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from kerastune_ft.config.checks.availability import available
from kerastune_ft.config.options.tasks import TASK_KINDS
from kerastune_ft.data.labels.spelling import classes_that_merge, find_misspellings
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.scaffolding.findings import DataFindings, add_with_reason, classification
from kerastune_ft.scaffolding.sources import columns as kinds
from kerastune_ft.wording import counted, first_names

# With fewer examples of each value than this, values are rather names or texts than classes.
_FEW_EACH = 2
_SPELLINGS, _RIVALS = 5, 5


def label_of(frame: TextTable, columns: Mapping[str, Sequence[str]], taken: set[str]) -> list[str]:
    """Return the label columns; raise DataError, with the columns listed, where it is not plain which they are."""
    found = kinds.label_columns(columns, taken)
    if len(found) > 1 and kinds.say_the_same([columns[name] for name in found]):
        # Codes and names of the same classes: names are what a person reads in tables and reports.
        found = [min(found, key=lambda name: kinds.numbers(columns[name]) is not None)]
    if not found or (len(found) > 1 and not all(kinds.is_flag(columns[name]) for name in found)):
        raise DataError(_unclear(frame, columns, found, taken))
    return found


def _unclear(frame: TextTable, columns: Mapping[str, Sequence[str]], found: Sequence[str], taken: set[str]) -> str:
    listed = "\n".join(
        f"  {name}: {counted(len(set(texts)), 'value')}, as {first_names(list(dict.fromkeys(texts)), 3)[:80]}"
        for name, texts in list(columns.items())[:30]
        if name not in taken
    )
    which = f"{' and '.join(found)} could each be the label" if found else "no column is plainly the label"
    example = found[0] if found else next((name for name in columns if name not in taken), "finding")
    return (
        f"{frame.path}: {which}. Its columns, without those of the input, the group or the split:\n"
        f'{listed or "  (none)"}\nSay which it is:  --label "{example}"  (several times for several columns).'
    )


def put_label(
    sight: DataFindings, modality: str, columns: Mapping[str, Sequence[str]], names: Sequence[str], given: bool
) -> None:
    """Add the label and the task to a sight; `given` says whether the user named the columns."""
    said = "as --label says" if given else "chosen by its name and what stands in it"
    if len(names) > 1:
        _put_columns(sight, modality, columns, names, said)
        return
    name, texts = names[0], columns[names[0]]
    mark = kinds.separator(texts)
    if mark:
        _put_several(sight, modality, name, texts, mark, said)
    elif kinds.are_amounts(texts):
        values = kinds.numbers(texts) or [0.0]
        sight.task = {"kind": regression(modality, f"{name} holds amounts")}
        reason = f"numbers from {min(values):g} to {max(values):g}, {len(set(values))} different ones; {said}"
        add_with_reason(sight.data, "label", name, reason)
    else:
        sight.counts = dict(sorted(Counter(filter(None, texts)).items()))
        sight.task = classification(sight.counts, modality)
        add_with_reason(sight.data, "label", name, said)
        _ask_of_classes(sight, modality, name, texts)


def _put_several(sight: DataFindings, modality: str, name: str, texts: Sequence[str], mark: str, said: str) -> None:
    label, counts = kinds.several(name, texts, mark)
    sight.counts = dict(sorted(counts.items()))
    sight.task = {"kind": f"{modality}_classification"}
    add_with_reason(
        sight.task, "multi_label", True, f'cells of "{name}" hold several labels with "{mark}" between them'
    )
    add_with_reason(
        sight.data, "label", label, said + (f'; "{label["none"]}" means none of them' if "none" in label else "")
    )


def _ask_of_classes(sight: DataFindings, modality: str, name: str, texts: Sequence[str]) -> None:
    regression = f"{modality}_regression"
    if kinds.numbers(texts) and len(sight.counts) > 2 and _is_there(regression):
        sight.asks.append(
            f'are the {len(sight.counts)} values of "{name}" classes? If they are amounts or grades, write '
            f'"kind": "{regression}" in task'
        )
    elif len(sight.counts) * _FEW_EACH > sum(sight.counts.values()) > 0:
        sight.asks.append(
            f'is "{name}" the label? It has {len(sight.counts):,} values in {counted(sight.examples, "row")}, too many '
            "for classes to be learned; another column is named with --label"
        )


def ask_of_spelling(sight: DataFindings) -> None:
    """Ask of labels that look like others spelt otherwise."""
    wrong = find_misspellings(sight.counts)
    if not wrong:
        return
    alike = ", ".join(
        f'"{label}" ({sight.counts[label]:,}) and "{right}" ({sight.counts[right]:,})'
        for label, right in list(wrong.items())[:_SPELLINGS]
    )
    more = f", and {len(wrong) - _SPELLINGS} more" if len(wrong) > _SPELLINGS else ""
    sight.asks.append(
        f"{'is' if len(wrong) == 1 else 'are'} {alike}{more} the same label spelt in two ways? If so, correct the data "
        f"and begin again, or write {classes_that_merge(sight.counts, wrong)} in task, which lists every label"
    )


def ask_of_rivals(
    sight: DataFindings, columns: Mapping[str, Sequence[str]], names: Sequence[str], taken: set[str]
) -> None:
    """Ask of columns that could be the label as well as the chosen one; `taken` are those of another use."""
    rivals = [
        name
        for name in kinds.possible_labels(columns, taken | {*names})
        if not any(kinds.say_the_same([columns[name], columns[chosen]]) for chosen in names)
    ]
    if not rivals:
        return
    chosen, others = (" and ".join(f'"{name}"' for name in each) for each in (names, rivals[:_RIVALS]))
    values = counted(len(set(filter(None, columns[rivals[0]]))), "value")
    sight.asks.append(
        f"{'is' if len(names) == 1 else 'are'} {chosen} the label? {others} could be it as well"
        f"{f' ({values})' if len(rivals) == 1 else ''}; begin again with --label {rivals[0]} where it is"
    )


def _put_columns(
    sight: DataFindings, modality: str, columns: Mapping[str, Sequence[str]], names: Sequence[str], said: str
) -> None:
    if all(kinds.is_flag(columns[name]) or set(columns[name]) <= {"0", "1", ""} for name in names):
        sight.task = {"kind": f"{modality}_classification"}
        add_with_reason(
            sight.task, "multi_label", True, "each label has a column of 0 and 1; an example may have several, or none"
        )
        sight.counts = {name: list(columns[name]).count("1") for name in names}
    elif all(kinds.numbers(columns[name]) for name in names):
        sight.task = {"kind": regression(modality, f"{' and '.join(names)} hold amounts")}
    else:
        raise ConfigError(f"--label: several label columns hold 0 and 1, or numbers; {', '.join(names)} do not all")
    add_with_reason(sight.data, "label", list(names), said)


def regression(modality: str, why: str) -> str:
    """Return the kind of task that learns amounts; raise DataError where there is none for such examples."""
    kind = f"{modality}_regression"
    if not _is_there(kind):
        raise DataError(
            f"data.label: {why}; this version learns classes alone from sounds.\n"
            "Name a label of classes, or make one, as of low, middle and high."
        )
    return kind


def _is_there(kind: str) -> bool:
    return kind in available(("task", "kind"), TASK_KINDS)
