"""What the figures of a run mean and what to try next, as lines for notebooks and print, with calls of Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from kerastune_ft.errors import KerasTuneError
from kerastune_ft.notebook.speech import translate
from kerastune_ft.reporting.findings.banner import write_command
from kerastune_ft.reporting.findings.gather import read_findings

_COLOURS = {"good": "#2e9e5b", "hint": "#3b82f6", "warning": "#d98e04"}
_UNREADABLE = (KerasTuneError, OSError, ValueError, LookupError, TypeError, AttributeError)


class Advice(NamedTuple):
    """A finding about a run: what it says, and the call that tries what it advises."""

    level: str
    """`good`, `hint` or `warning`."""
    text: str
    advice: str
    """What to try next; empty where there is nothing to do."""
    call: str
    """The call that tries it; empty where none does it alone."""


def read_advice(path: Path) -> list[Advice]:
    """Return the findings of a run, praise first, then what matters most; none of a run that cannot be read."""
    try:
        return explain_findings(read_findings(path), path)
    except _UNREADABLE:
        return []


def explain_findings(findings: Sequence[Mapping[str, Any]], path: Path) -> list[Advice]:
    """Return findings, as JSON objects, with calls that begin from the configuration of the run at `path`."""
    return [
        Advice(each["level"], each["text"], translate(each["advice"]), _write_call(path, each["set"]))
        for each in findings
    ]


def _write_call(path: Path, overrides: Sequence[str]) -> str:
    return translate(write_command(str(path / "config.json"), (), overrides)) if overrides else ""


def list_advice(found: Sequence[Advice]) -> list[str]:
    """Return findings as lines of text."""
    lines = []
    for each in found:
        lines.append(f"{each.level}: {each.text}")
        if each.advice:
            lines.append(f"  {each.advice}{':' if each.call else '.'}")
        if each.call:
            lines.append(f"  {each.call}")
    return lines


def render_advice(found: Sequence[Advice]) -> str:
    """Return findings as an HTML fragment."""
    from kerastune_ft.reporting.page import templates

    return templates.render("advice.html", found=found, colours=_COLOURS) if found else ""


class Findings(list[dict[str, Any]]):
    """Findings, each a dict, which print as sentences with the calls to try next."""

    def __init__(self, findings: Iterable[dict[str, Any]], path: Path) -> None:
        """`path` is the run that they are about."""
        super().__init__(findings)
        self._path = path

    def __repr__(self) -> str:
        return "\n".join(list_advice(explain_findings(self, self._path))) or "no findings"

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles are plain lists."""
        return list, (list(self),)

    def _repr_html_(self) -> str:
        return render_advice(explain_findings(self, self._path)) or "<p>no findings</p>"
