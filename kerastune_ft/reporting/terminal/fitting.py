"""Tables that fit a terminal: which columns wrap between words, and which give way, in which order.

No word is broken. Where the columns do not fit, cells of several words wrap between words; then columns are left out in
the order of `GIVES_WAY`, and a line names them; then the longest names are shortened in the middle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from kerastune_ft.notebook.speech import speak
from kerastune_ft.wording import wrap_words

GIVES_WAY = (
    # Backbones and data sets.
    *("takes", "kind", "source", "weights"),
    # Stored features.
    *("views", "rows", "cut", "inputs"),
    # Runs.
    *("started", "data", "training", "backbone", "phase"),
    # Units, phases and targets.
    *("output", "moved", "share", "batch", "steps", "est. time", "smallest", "largest", "deviation", "estimated"),
    "features",
    # Metrics.
    *("validation, constant", "validation, before"),
    # Comparisons.
    *("on validation", "CPU", "monitor", "before"),
)
"""Headings of the columns that are left out of a table too wide, the first to go first; a first column stays."""
_WRAPS = frozenset(
    (
        *(
            "holds",
            "for",
            "metrics",
            "name",
            "task",
            "source",
            "license",
            "cut",
            "value",
            "trains",
            "peak rate",
            "pass",
        ),
        *("runs", "phase, trains"),
        *("finding", "of which", "what to do"),
    )
)
_WRAPS_AT = 12
_SHORTENED_TO = 8
# Between two columns, and at the edges of the table.
_GAP, _EDGES = 2, 2


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, its cells, and how they are shown."""

    heading: str
    cells: Sequence[str]
    numeric: bool = False
    """Whether cells are aligned to the right."""
    style: str = ""

    @property
    def full_width(self) -> int:
        """The width at which neither the heading nor a cell wraps."""
        return max(map(cell_len, (self.heading, *self.cells)))

    @property
    def least_width(self) -> int:
        """The smallest width at which no word is broken and only cells of several words wrap."""
        whole = max(map(cell_len, self.cells), default=0)
        if self.heading in _WRAPS:
            words = [word for cell in self.cells for word in cell.split()]
            whole = min(whole, max(_WRAPS_AT, *map(cell_len, words), 0))
        return max(whole, *map(cell_len, self.heading.split()), 0)


@dataclass(frozen=True)
class FittedTable:
    """A table that takes the width it needs, or gives way as the module says where there is less."""

    columns: Sequence[Column]
    title: str | None = None
    caption: str | None = None

    @property
    def headings(self) -> list[str]:
        """The headings of all columns."""
        return [column.heading for column in self.columns]

    @property
    def full_width(self) -> int:
        """The width at which nothing wraps or is left out."""
        return _sum_widths([column.full_width for column in self.columns])

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(1, self.full_width)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        kept, widths = fit_columns(self.columns, options.max_width)
        title = Text(self.title) if self.title else None
        caption = Text(self.caption) if self.caption else None
        table = Table(
            box=box.SIMPLE_HEAD, title=title, title_justify="left", caption=caption, caption_justify="left",
            padding=(0, _GAP - 1, 0, 0), pad_edge=False,
        )  # fmt: skip
        for column, width in zip(kept, widths, strict=True):
            table.add_column(
                Text(_fit_cell(column.heading, width)), justify="right" if column.numeric else "left",
                style=column.style, width=width, no_wrap=True,
            )  # fmt: skip
        for row in zip(*(column.cells for column in kept), strict=True):
            table.add_row(*(Text(_fit_cell(cell, width)) for cell, width in zip(row, widths, strict=True)))
        yield table
        left_out = [column.heading for column in self.columns if column not in kept]
        is_shortened = any(width < column.least_width for column, width in zip(kept, widths, strict=True))
        remarks = [f"without {', '.join(left_out)}"] if left_out else []
        remarks += ["names shortened"] if is_shortened else []
        if remarks:
            for line in wrap_words(speak(f"{'; '.join(remarks)} for want of width (see --wide)"), options.max_width):
                yield Text(line, style="dim")


@dataclass(frozen=True)
class LabelledLines:
    """Pairs of a label and a text that wraps between words; a longer word, such as a path, is left whole."""

    lines: Sequence[tuple[str, str]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        indent = _EDGES + max((cell_len(label) for label, _ in self.lines), default=0) + _GAP
        for label, text in self.lines:
            for number, part in enumerate(wrap_words(text, options.max_width - indent)):
                beside = " " * _EDGES + label if number == 0 else ""
                line = Text.assemble((beside.ljust(indent), "dim"), part)
                line.no_wrap, line.overflow = True, "ignore"
                yield line


def fit_columns(columns: Sequence[Column], width: int) -> tuple[list[Column], list[int]]:
    """Return the columns that a table of this width shows, and the width of each."""
    kept = list(columns)
    while (leaving := _choose_leaving(kept)) is not None and _sum_widths([one.least_width for one in kept]) > width:
        kept.remove(leaving)
    widths = [column.least_width for column in kept]
    while (over := _sum_widths(widths) - width) > 0 and max(widths) > _SHORTENED_TO:
        place = widths.index(max(widths))
        others = [each for index, each in enumerate(widths) if index != place]
        widths[place] = max(widths[place] - over, min(max(others, default=0) - 1, widths[place] - 1), _SHORTENED_TO)
    spare = width - _sum_widths(widths)
    # What wraps takes what the others leave.
    for place in sorted(range(len(kept)), key=lambda index: kept[index].heading in _WRAPS):
        more = max(0, min(kept[place].full_width - widths[place], spare))
        widths[place], spare = widths[place] + more, spare - more
    return kept, widths


def _choose_leaving(kept: Sequence[Column]) -> Column | None:
    """Return the column that gives way next; None where all that are left stay."""
    places = {heading: place for place, heading in enumerate(GIVES_WAY)}
    known = [column for column in kept[1:] if column.heading in places]
    return min(known, key=lambda column: places[column.heading]) if known else None


def _sum_widths(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * max(0, len(widths) - 1) + _EDGES


def _fit_cell(text: str, width: int) -> str:
    """Return a cell with line breaks between words, and words that are too long shortened in the middle."""
    words = (word if cell_len(word) <= width else _shorten(word, width) for word in text.split(" "))
    return text if cell_len(text) <= width else "\n".join(wrap_words(" ".join(words), width))


def _shorten(word: str, width: int) -> str:
    """Return the beginning and the end of a word, with an ellipsis between them."""
    end = (width - 1) // 2
    begin = width - 1 - end
    while cell_len(word[:begin]) + cell_len(word[len(word) - end :]) + 1 > width and begin:
        begin, end = begin - 1, max(end - 1, 0)
    return f"{word[:begin]}…{word[len(word) - end :]}"
