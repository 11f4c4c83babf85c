"""Builds tables for the terminal (rich) and for notebooks (HTML); text of users is never read as markup."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.text import Text

from kerastune_ft.notebook.speech import speak
from kerastune_ft.reporting import cache_lines, data_table, plan_lines
from kerastune_ft.reporting.quantities import (
    ABSENT,
    format_cell,
    format_count,
    format_figure,
    format_interval,
    format_share,
    format_whole,
    format_words,
    is_number,
)
from kerastune_ft.reporting.terminal.fitting import Column, FittedTable, LabelledLines
from kerastune_ft.wording import counted

_ROWS_SHOWN = 12
_TEXT_WIDTH = 100
_NUMERIC = ("parameters", "epochs", "steps", "batch", "est. time")
_BACKBONE_COLUMNS = ("fits", "name", "kind", "parameters", "image_size", "top_1", "weights", "license")


def build_rows_table(
    rows: Iterable[Mapping[str, Any]], columns: Sequence[str] | None = None, title: str | None = None
) -> FittedTable:
    """Return rows as a table; numbers are formatted by the name of their column and aligned to the right.

    Without `columns`, the columns of all rows in order of appearance. A missing value prints as a dash.
    """
    rows = list(rows)
    names = list(columns) if columns is not None else list(dict.fromkeys(key for row in rows for key in row))
    return FittedTable(
        [
            Column(
                format_words(name),
                [format_cell(name, row.get(name)) for row in rows],
                numeric=any(is_number(row.get(name)) for row in rows),
            )
            for name in names
        ],
        title=title,
    )


def build_units_table(rows: Sequence[Mapping[str, Any]]) -> FittedTable:
    """Return a model's units from input to output, each with the value of `unfreeze` that trains from there on.

    Columns: the unit's own parameters and their share of the backbone's, under "from here" what trains where it
    is the first to train, under "maps" the strides of the feature maps that it ends with, which decoders read. Of two
    backbones "share" and "from here" are of the parameters of both.
    """
    total = sum(row.get("parameters") or 0 for row in rows)
    following = [[row, *_list_following(rows, place)] for place, row in enumerate(rows)]
    trained = [sum(each.get("parameters") or 0 for each in own) for own in following]
    columns = [
        Column("unit", [str(row["id"]) for row in rows]),
        Column("parameters", [format_count(row.get("parameters")) for row in rows], numeric=True),
        Column("share", [format_share(row.get("share")) for row in rows], numeric=True),
        Column(
            "from here",
            [format_share(each / total) if total else ABSENT for each in trained],
            numeric=True,
        ),
        Column("output", [_format_shape(row.get("output_shape")) for row in rows]),
        *_map_columns(rows),
        Column("unfreeze", [_name_choice(row, len(own)) for row, own in zip(rows, following, strict=True)]),
    ]
    return FittedTable(columns, caption=_describe_blocks(rows))


def _list_following(rows: Sequence[Mapping[str, Any]], place: int) -> list[Mapping[str, Any]]:
    """Return the units behind one in its own backbone."""
    part = rows[place].get("part")
    return [row for row in rows[place + 1 :] if row.get("part") == part]


def _name_choice(row: Mapping[str, Any], count: int) -> str:
    """Return the value of `unfreeze` that trains a unit and those behind it, which are `count` together."""
    named = f'{{"from": "{row["id"]}"}}'
    # Of two backbones a number is that of each.
    return named if row.get("part") else f'{named} = {{"last": {count}}}'


def _map_columns(rows: Sequence[Mapping[str, Any]]) -> list[Column]:
    """Return the column of the strides of feature maps; none where a model has no maps."""
    maps = [", ".join(row.get("maps") or ()) for row in rows]
    return [Column("maps", maps)] if any(maps) else []


def _describe_blocks(rows: Sequence[Mapping[str, Any]]) -> str | None:
    """Return a remark on units that hold several blocks and are named after the first."""
    held = max((row.get("blocks") or () for row in rows), key=len, default=())
    if not held:
        return None
    first, *_, last = (block.rpartition("_block")[2] for block in held)
    numbers = f"{first} and {last}" if len(held) == 2 else f"{first} to {last}"
    return (
        f"A unit holds up to {len(held)} blocks of its stage and is named after the first: {held[0]}, blocks {numbers}"
    )


def build_metrics_table(
    metrics: Mapping[str, Mapping[str, Any]],
    constant: Mapping[str, Mapping[str, Any]] | None = None,
    intervals: Mapping[str, Mapping[str, Sequence[float]]] | None = None,
    examples: Mapping[str, int] | None = None,
    before: Mapping[str, Mapping[str, Any]] | None = None,
) -> FittedTable:
    """Return metrics by split, a row per metric and a column per split.

    Beside a split stand its intervals, the metrics of the best constant predictor and those of the model `before` its
    first phase, where they are given; the last row has the number of examples.
    """
    names = list(dict.fromkeys(name for measured in metrics.values() for name in measured))
    counts = examples or {}
    ending = ["examples"] if counts else []
    columns = [Column("metric", [*map(format_words, names), *ending])]
    for split, measured in metrics.items():
        ending = [format_whole(counts.get(split))] if counts else []
        columns.append(Column(split, [*(format_figure(measured.get(name)) for name in names), *ending], numeric=True))
        ending = [""] if counts else []
        if ends := (intervals or {}).get(split):
            cells = [format_interval(ends.get(name)) for name in names]
            heading = "95 %" if len(metrics) == 1 else f"{split}, 95 %"
            columns.append(Column(heading, cells + ending, numeric=True))
        if fixed := (constant or {}).get(split):
            cells = [format_figure(fixed.get(name)) for name in names]
            columns.append(Column(f"{split}, constant", cells + ending, numeric=True, style="dim"))
        if untuned := (before or {}).get(split):
            cells = [format_figure(untuned.get(name)) for name in names]
            columns.append(Column(f"{split}, before", cells + ending, numeric=True, style="dim"))
    return FittedTable(columns)


def build_backbones_table(rows: Sequence[Mapping[str, Any]]) -> FittedTable:
    """Return the available backbones; the usual columns first, then any others of the rows, `kind` if it differs."""
    present = dict.fromkeys(key for row in rows for key in row)
    if len({row.get("kind") for row in rows}) == 1:
        present.pop("kind", None)
    familiar = [name for name in _BACKBONE_COLUMNS if name in present]
    spelled = [{**row, "top_1": _format_accuracy(row["top_1"])} if "top_1" in row else row for row in rows]
    return build_rows_table(spelled, [*familiar, *(name for name in present if name not in familiar)])


def build_plan_table(plan: Mapping[str, Any]) -> RenderableType:
    """Return the whole plan: what the phases share, a table of them, then each phase in full."""
    phases = plan.get("phases") or []
    parts: list[RenderableType] = [
        Text.assemble((str(plan.get("name")), "bold"), f"  seed {plan.get('seed')}, {counted(len(phases), 'phase')}"),
        LabelledLines(plan_lines.describe_plan(plan)),
        _build_contents_table(plan.get("data") or {}),
        _build_phase_table(plan),
    ]
    for phase in phases:
        parts.append(Text.assemble((f"phase {phase.get('index', 0)}  ", "dim"), (str(phase.get("name")), "bold cyan")))
        parts.extend((LabelledLines(plan_lines.describe_phase(phase, plan)), Text()))
    if measured := plan.get("measured"):
        parts.append(build_rows_table(cache_lines.list_timings(measured), title=cache_lines.describe_timing(measured)))
    parts.extend(Text.assemble(("note  ", "yellow"), str(note)) for note in plan.get("notes") or ())
    return Group(*parts)


def write_plan(plan: Mapping[str, Any], width: int = _TEXT_WIDTH) -> str:
    """Return as text what `build_plan_table` shows, in lines of `width` characters where they can be."""
    console = Console(width=width, file=io.StringIO(), highlight=False, force_terminal=False, force_jupyter=False)
    console.print(build_plan_table(plan), crop=False)
    written: io.StringIO = console.file  # type: ignore[assignment]
    return speak("\n".join(line.rstrip() for line in written.getvalue().splitlines()))


def render_plan_html(plan: Mapping[str, Any]) -> str:
    """Return the plan as an HTML fragment for notebooks, with everything `build_plan_table` shows."""
    from kerastune_ft.reporting.page import templates

    phases, measured = plan.get("phases") or [], plan.get("measured")
    return templates.render(
        "plan.html",
        name=plan.get("name"),
        seed=plan.get("seed"),
        notes=[speak(str(note)) for note in plan.get("notes") or ()],
        subjects=plan_lines.describe_plan(plan),
        contents=data_table.list_rows(plan.get("data") or {}),
        contents_heading=data_table.choose_heading(plan.get("data") or {}),
        rows=[plan_lines.summarise_phase(phase, plan) for phase in phases],
        measured=cache_lines.list_timings(measured) if measured else [],
        measured_heading=cache_lines.describe_timing(measured) if measured else "",
        phases_count=counted(len(phases), "phase"),
        phases=[(str(phase.get("name")), plan_lines.describe_phase(phase, plan)) for phase in phases],
    )


def _build_contents_table(data: Mapping[str, Any]) -> RenderableType:
    rows = data_table.list_rows(data)
    if not rows:
        return Text()
    hidden = len(rows) - 1 - _ROWS_SHOWN
    if hidden > 0:
        first = next(iter(rows[0]))
        return build_rows_table([*rows[:_ROWS_SHOWN], {first: f"… {hidden} more"}, rows[-1]])
    return build_rows_table(rows)


def _build_phase_table(plan: Mapping[str, Any]) -> FittedTable:
    rows = [plan_lines.summarise_phase(phase, plan) for phase in plan.get("phases") or ()]
    return FittedTable(
        [
            Column(heading, [row[heading] for row in rows], numeric=heading in _NUMERIC)
            for heading in (rows[0] if rows else ())
        ]
    )


def _format_accuracy(value: Any) -> str:
    """Return a share with the decimal that `format_share` leaves out: published accuracies differ in it."""
    return f"{100 * value:.1f} %" if is_number(value) else ABSENT


def _format_shape(shape: Any) -> str:
    if not isinstance(shape, list | tuple):
        return format_cell("output_shape", shape)
    # Of two axes the first is the length of a row of tokens, or of a sound.
    unknown = "any length" if len(shape) == 2 else "any"
    return " x ".join(unknown if extent is None else str(extent) for extent in shape)
