"""What a call says while it works in a notebook, as one output of its cell: sentences, a bar, results at the end."""

from __future__ import annotations

import contextlib
import html
import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from kerastune_ft import streams
from kerastune_ft.notebook.kernel import Output, is_notebook
from kerastune_ft.reporting.quantities import format_duration

_SECONDS_BETWEEN_BARS = 0.3
# Sentences that are shown while work is under way, and those that need not be folded at the end.
_LAST_LINES, _FEW_LINES = 12, 6
# What is to be read although the rest is folded: questions, and models that know nothing yet.
_WEIGHTY = re.compile(r"^please \w+:|\brandom weights\b")
_FONT = "font:13px/1.5 system-ui,sans-serif"
_LINES = "font:12px/1.5 ui-monospace,monospace;white-space:pre-wrap;margin:.3em 0;padding:0;border:0;background:none"
_RAIL = "height:6px;max-width:30rem;border-radius:3px;background:rgba(128,128,128,.3);margin:.3em 0"
_BAR = "height:6px;border-radius:3px;background:#3b82f6"


class Writer(Protocol):
    """What shows HTML, or text where there is no HTML, in the place of what it showed before."""

    def write(self, html: str, text: str) -> None:
        """Show it."""


class Results(NamedTuple):
    """What a call ends with, as HTML and as text."""

    html: str
    text: str


class _Work(NamedTuple):
    what: str
    done: int
    total: int
    since: float
    begun: int


class Panel:
    """One output that collects the sentences of a call, with a bar below them while something is under way."""

    def __init__(self, output: Writer, clock: Callable[[], float] = time.monotonic) -> None:
        """`output` is written to at each sentence, and a few times a second while the bar moves, by `clock`."""
        self._output, self._clock = output, clock
        self._lines: list[str] = []
        self._work: _Work | None = None
        self._results: Results | None = None
        # A bar that is gone in a moment is not shown at all.
        self._last_shown, self._is_shown = clock(), False
        # Work of other threads may say something too.
        self._lock = threading.Lock()

    def note(self, text: str) -> None:
        """Add a sentence."""
        with self._lock:
            self._lines.append(text)
            self._show()

    def move_bar(self, what: str, done: int, total: int) -> None:
        """Say how much of some work is done."""
        with self._lock:
            now, known = self._clock(), self._work
            is_new = known is None or known.total != total or done < known.done
            since, begun = (now, done) if is_new or known is None else (known.since, known.begun)
            self._work = _Work(what, done, total, since, begun)
            if now - self._last_shown >= _SECONDS_BETWEEN_BARS:
                self._show()

    def hide_bar(self) -> None:
        """Take the bar away; it is gone with the next sentence."""
        with self._lock:
            self._work = None

    def conclude(self, results: Results) -> None:
        """Show results above the sentences."""
        with self._lock:
            self._work, self._results = None, results
            self._show()

    def close(self) -> None:
        """Show all sentences, folded where they are many, and no bar."""
        with self._lock:
            self._work = None
            if self._is_shown:
                self._output.write(self._render_end(), self._write_text(self._lines))

    def _show(self) -> None:
        self._last_shown, self._is_shown = self._clock(), True
        last = self._lines[-_LAST_LINES:]
        self._output.write(self._render(last, len(self._lines) - len(last)), self._write_text(last))

    def _render(self, lines: list[str], hidden: int) -> str:
        earlier = f'<div style="opacity:.6">{hidden} earlier lines</div>' if hidden else ""
        return _frame(self._head(), earlier, _write_lines(lines), self._render_bar())

    def _render_end(self) -> str:
        lines = _write_lines(self._lines)
        if len(self._lines) > _FEW_LINES:
            weighty = _write_lines([line for line in self._lines if _WEIGHTY.search(line)])
            lines = f"{weighty}<details><summary>What it did, {len(self._lines)} lines</summary>{lines}</details>"
        return _frame(self._head(), lines)

    def _head(self) -> str:
        return self._results.html if self._results else ""

    def _render_bar(self) -> str:
        if self._work is None:
            return ""
        share = min(1.0, self._work.done / self._work.total) if self._work.total else 0.0
        return (
            f"<div>{html.escape(self._describe_work())}</div>"
            f'<div style="{_RAIL}"><div style="{_BAR};width:{100 * share:.1f}%"></div></div>'
        )

    def _describe_work(self) -> str:
        if self._work is None:
            return ""
        what, done, total, since, begun = self._work
        seconds = self._clock() - since
        left = f", {format_duration(seconds * (total - done) / (done - begun))} left" if done > begun else ""
        return f"{what}  {done:,}/{total:,}{left}"

    def _write_text(self, lines: list[str]) -> str:
        parts = [self._results.text] if self._results else []
        parts += lines
        return "\n".join([*parts, self._describe_work()]).strip()


def _frame(*parts: str) -> str:
    return f'<div style="{_FONT};max-width:60rem">{"".join(parts)}</div>' if any(parts) else ""


def _write_lines(lines: list[str]) -> str:
    return f'<pre style="{_LINES}">{html.escape(chr(10).join(lines))}</pre>' if lines else ""


_panel: Panel | None = None


def find_panel() -> Panel | None:
    """Return the panel of the call under way; None outside of a notebook, and between calls."""
    return _panel


@contextlib.contextmanager
def open_panel() -> Iterator[Panel | None]:
    """Give a panel to the call under way in a notebook, which gets what is said meanwhile; elsewhere None.

    A call within a call has the same.
    """
    global _panel
    if _panel is not None or not is_notebook():
        yield _panel
        return
    panel = _panel = Panel(Output())
    put_back = streams.divert(panel.note)
    try:
        yield panel
    finally:
        _panel = None
        put_back()
        panel.close()
