"""Runs side by side: settings, metrics on the same examples, phases, cost."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType

from kerastune_ft.api.runs import Run
from kerastune_ft.comparison.compare import compare_runs, read_histories
from kerastune_ft.durable import write_whole
from kerastune_ft.errors import ConfigError, explain_write
from kerastune_ft.reporting.page.comparison import render_comparison
from kerastune_ft.reporting.terminal.comparison_tables import build_comparison_tables
from kerastune_ft.rundir import refuse_inside_run
from kerastune_ft.storage import expand_home

_WIDTH = 120


class Comparison(dict[str, Any]):
    """What `compare --json` prints, a dict, which shows itself as tables."""

    def __init__(self, document: dict[str, Any], paths: list[str]) -> None:
        """`document` is from `compare_runs` of these `paths`."""
        super().__init__(document)
        self._paths = paths

    @property
    def tables(self) -> RenderableType:
        """The tables of the comparison, for a console of rich."""
        return build_comparison_tables(self)

    def write_html(self, path: str | os.PathLike[str]) -> Path:
        """Write the comparison as one HTML page, with the learning curves over each other, and return its path.

        Raises ConfigError for a place that is no .html file, or in a run directory.
        """
        target = Path(expand_home(path))
        if target.suffix.lower() not in (".html", ".htm"):
            raise ConfigError(f"{os.fspath(path)} is no name of a page; give one that ends in .html")
        refuse_inside_run(target, "the page")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            page = render_comparison(self, read_histories(self._paths)).encode("utf-8", "backslashreplace")
            write_whole(f"{target}.partial", os.fspath(target), page)
        except OSError as error:
            raise explain_write(target, error) from error
        return target

    def __repr__(self) -> str:
        console = Console(width=_WIDTH, file=io.StringIO(), highlight=False, force_terminal=False, force_jupyter=False)
        console.print(self.tables, crop=False)
        written: io.StringIO = console.file  # type: ignore[assignment]
        return "\n".join(line.rstrip() for line in written.getvalue().splitlines())

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles are plain dicts."""
        return dict, (dict(self),)

    def _repr_html_(self) -> str:
        return f"<pre>{_escape(repr(self))}</pre>"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def compare(*runs: str | os.PathLike[str] | Run) -> Comparison:
    """Return runs side by side; differences are from the first one that has metrics.

    Metrics are compared on the examples that both runs were measured on: with the interval of 95 % of the difference
    (paired bootstrap) and, for accuracy, McNemar's exact test. Unfinished runs have curves and settings only. Raises
    ConfigError for fewer than two runs and for runs of other tasks or classes, DataError where two have no example in
    common.
    """
    paths = [os.fspath(run.path) if isinstance(run, Run) else os.fspath(run) for run in runs]
    return Comparison(compare_runs(paths), paths)
