"""The trials of a search as lines of progress, rows of a table, and plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kerastune_ft.reporting.quantities import format_duration, format_figure, format_progress, format_words
from kerastune_ft.reporting.terminal.fitting import Column, FittedTable
from kerastune_ft.trials.dimensions import describe_values, shorten_keys
from kerastune_ft.trials.records import TrialRecord, find_best
from kerastune_ft.trials.settings import SearchSettings
from kerastune_ft.trials.study import COMPLETE, FAILED
from kerastune_ft.wording import counted, percent

ROWS_SHOWN = 12


def describe_trial(
    record: TrialRecord, records: Sequence[TrialRecord], trials: int | None, settings: SearchSettings
) -> str:
    """Return the line on a trial that ended; `records` are all up to it, `trials` how many there will be."""
    best = find_best(records, settings.maximise)
    values = [f"{name} {text}" for name, text in describe_values(record.values, tuple(record.values)).items()]
    name = format_words(settings.metric.replace("validation_", "val_", 1))
    figures = [record.state if record.value is None else f"{name} {format_progress(record.value)}"]
    if best is not None and best.value is not None:
        figures.append("best" if best is record else f"best {format_progress(best.value)} ({best.number})")
    of = "" if trials is None else f"/{trials - 1}"
    return "  ".join([f"trial {record.number}{of}", *figures, *values, f"{record.seconds:.1f} s"])


def sort_trials(records: Sequence[TrialRecord], maximise: bool) -> list[TrialRecord]:
    """Return the trials that ended well from the best to the worst, then those that were pruned, then failures."""
    sign = -1.0 if maximise else 1.0
    order = {COMPLETE: 0, FAILED: 2}
    return sorted(records, key=lambda each: (order.get(each.state, 1), sign * (each.value or 0.0), each.number))


def remark(record: TrialRecord, start: Mapping[str, Any] | None) -> str:
    """Return what there is to say of a trial besides its figures, in a few words."""
    if record.same_as is not None:
        return f"same as {record.same_as}"
    if record.state != COMPLETE:
        return f"{record.state}: {record.error}" if record.error else record.state
    return "as written" if start is not None and dict(record.values) == dict(start) else ""


def build_trials_table(
    records: Sequence[TrialRecord], settings: SearchSettings, start: Mapping[str, Any] | None
) -> FittedTable:
    """Return the best trials as a table, and what the others were as a caption."""
    ordered = sort_trials(records, settings.maximise)
    shown = ordered[:ROWS_SHOWN]
    keys = tuple(records[0].values) if records else ()
    cells = [describe_values(record.values, keys) for record in shown]
    columns = [
        Column("trial", [str(record.number) for record in shown], numeric=True),
        Column(format_words(settings.metric), [format_figure(record.value) for record in shown], numeric=True),
        *([Column("±", [format_figure(record.deviation) for record in shown], numeric=True)] if settings.folds else []),
        *(Column(name, [row[name] for row in cells], numeric=True) for name in shorten_keys(keys)),
        Column("training", [format_duration(record.seconds) for record in shown], numeric=True),
    ]
    remarks = [remark(record, start) for record in shown]
    if any(remarks):
        columns.append(Column("note", remarks))
    return FittedTable(columns, caption=_describe_others(records, len(ordered) - len(shown), settings))


def _describe_others(records: Sequence[TrialRecord], left_out: int, settings: SearchSettings) -> str | None:
    pruned = sum(record.state not in (COMPLETE, FAILED) for record in records)
    said = [f"{left_out:,} more with --json or in the report"] if left_out else []
    if pruned:
        place = "at the same epoch" if settings.folds is None else "over the same folds"
        said.append(f"{counted(pruned, 'trial')} ended early: worse than the median of earlier ones {place}")
    if settings.folds is not None:
        said.append(f"means of {settings.folds} folds and ± their standard deviation")
    return "; ".join(said) or None


def describe_search(
    records: Sequence[TrialRecord],
    settings: SearchSettings,
    start: Mapping[str, Any] | None,
    importances: Mapping[str, float],
) -> list[str]:
    """Return sentences on what a search found: the best trial beside the configuration as written, and what matters."""
    best = find_best(records, settings.maximise)
    if best is None:
        return ["no trial is complete yet" if records else "no trial has ended yet"]
    said = f"best: trial {best.number} of {len(records)}, {settings.metric} {format_progress(best.value or 0.0)}"
    if best.deviation is not None:
        said += f" ± {format_progress(best.deviation)} in {settings.folds} folds"
    written = next((each for each in records if start is not None and dict(each.values) == dict(start)), None)
    if written is best:
        said += ", which is the configuration as it is written"
    elif written is not None and written.value is not None:
        said += f" (as written {format_progress(written.value)})"
    if not importances:
        return [said]
    shares = zip(shorten_keys(list(importances)), importances.values(), strict=True)
    return [said, "what matters: " + ", ".join(f"{name} {percent(share)}" for name, share in shares)]


def describe_grid(trials: int, combinations: int) -> list[str]:
    """Return what there is to say of a grid of which not all was tried; nothing of others, which have none (0)."""
    if trials >= combinations:
        return []
    return [
        f"{trials:,} of the {combinations:,} combinations of the grid were tried; --trials {combinations} tries all"
    ]
