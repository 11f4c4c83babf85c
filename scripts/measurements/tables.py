"""Tables of measurements, for the terminal or in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table

ABSENT = "-"


@dataclass(frozen=True)
class Sheet:
    """A table of text: heads, rows whose first cell names them, and a caption."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str

    def markdown(self) -> str:
        """Return the sheet as a table of Markdown under its caption."""
        rule = ["---", *("---:" for _ in self.heads[1:])]
        lines = ["| " + " | ".join(cells) + " |" for cells in (self.heads, rule, *self.rows)]
        return "\n".join([self.caption, "", *lines])

    def print(self) -> None:
        """Print the sheet on the terminal, the caption below it."""
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for number, head in enumerate(self.heads):
            table.add_column(head, justify="right" if number else "left", overflow="fold")
        for row in self.rows:
            table.add_row(*row)
        Console(width=120, markup=False, highlight=False).print(table, self.caption)


def seconds(value: float | None) -> str:
    """Return seconds as text, with more digits below 1."""
    if value is None:
        return ABSENT
    return f"{value:.1f}" if value >= 1 else f"{value:.3f}"


def times(value: float) -> str:
    """Return a ratio."""
    return f"{value:.2f}" if value < 20 else f"{value:.0f}"


def megabytes(value: float | None) -> str:
    """Return bytes in megabytes."""
    return ABSENT if value is None else f"{value / 1e6:.0f}"
