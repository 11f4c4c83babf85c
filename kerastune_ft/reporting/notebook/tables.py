"""Lists and dicts of results that show themselves as tables, in a notebook and in print."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from rich.console import Console

from kerastune_ft.errors import KerasTuneError
from kerastune_ft.reporting.terminal.fitting import FittedTable
from kerastune_ft.reporting.terminal.tables import build_metrics_table

_Row = TypeVar("_Row")
_WIDTH = 120
# More rows than this make no table that anyone reads.
_MOST = 200


class Listing(list[_Row]):
    """A list of objects that prints as a table."""

    def __init__(self, rows: Iterable[_Row], build: Callable[[Sequence[_Row]], FittedTable], nothing: str) -> None:
        """`build` makes the table of some rows; `nothing` is what stands where there are none."""
        super().__init__(rows)
        self._build, self._nothing = build, nothing

    def __repr__(self) -> str:
        if not self:
            return self._nothing
        return write_table(self._build(self[:_MOST]), self._remark())

    def __getitem__(self, place: Any) -> Any:
        """Return a row, or some rows, which print as a table too."""
        found = super().__getitem__(place)
        return type(self)(found, self._build, self._nothing) if isinstance(place, slice) else found

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles are plain lists."""
        return list, (list(self),)

    def _repr_html_(self) -> str:
        return _render_table(self._build(self[:_MOST]), self._remark()) if self else f"<p>{self._nothing}</p>"

    def _remark(self) -> str:
        return f"and {len(self) - _MOST:,} more" if len(self) > _MOST else ""


class Rows(Listing[dict[str, Any]]):
    """A list of rows, each a dict, which prints as a table; `pandas.DataFrame(rows)` has all of their values."""


@dataclass(frozen=True)
class Beside:
    """What stands beside the metrics of a run in a table, by split."""

    constant: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The metrics of the constant predictor."""
    intervals: Mapping[str, Mapping[str, Sequence[float]]] = field(default_factory=dict)
    examples: Mapping[str, int] = field(default_factory=dict)
    """The numbers of examples."""
    before: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The metrics before the first phase."""


class Metrics(dict[str, dict[str, float]]):
    """Metrics by split and name, which print as a table with their intervals and the constant predictor's."""

    def __init__(self, metrics: Mapping[str, Mapping[str, float]], find_beside: Callable[[], Beside]) -> None:
        """`find_beside` returns what stands beside them in the table, and is asked when that is shown."""
        super().__init__({split: dict(measured) for split, measured in metrics.items()})
        self._find_beside = find_beside

    def __repr__(self) -> str:
        return write_table(self._build()) if self else "no metrics yet"

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles are plain dicts."""
        return dict, (dict(self),)

    def _repr_html_(self) -> str:
        return _render_table(self._build()) if self else "<p>no metrics yet</p>"

    def _build(self) -> FittedTable:
        try:
            beside = self._find_beside()
        except KerasTuneError:
            # A file of the run is damaged that says nothing of the metrics themselves.
            beside = Beside()
        return build_metrics_table(self, beside.constant, beside.intervals, beside.examples, beside.before)


def write_table(table: FittedTable, remark: str = "") -> str:
    """Return a table as text, in lines of at most 120 characters."""
    console = Console(width=_WIDTH, file=io.StringIO(), highlight=False, force_terminal=False, force_jupyter=False)
    console.print(table, crop=False)
    written: io.StringIO = console.file  # type: ignore[assignment]
    lines = "\n".join(line.rstrip() for line in written.getvalue().splitlines()).strip("\n").split("\n")
    return "\n".join([*lines, remark] if remark else lines)


def _render_table(table: FittedTable, remark: str = "") -> str:
    """Return a table as an HTML fragment for notebooks, with all of its columns."""
    from kerastune_ft.reporting.page import templates

    rows = list(zip(*(column.cells for column in table.columns), strict=True))
    return templates.render(
        "table.html", columns=table.columns, rows=rows, remark="; ".join(filter(None, [table.caption, remark]))
    )
