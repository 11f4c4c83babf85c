"""What an examination finds: sentences with a level and a remedy, in sections."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kerastune_ft.storage import expand_home

OK, NOTE, WARNING, BROKEN = "ok", "note", "warning", "broken"
# A longer name, as in /home/ann-2, is another one, and so is a folder within others, as in /mnt/home/ann.
_BEFORE, _AFTER = r"(?<![\w.-])", r"(?![\w.-])"


@dataclass(frozen=True)
class Finding:
    """One sentence about this machine; `level` says whether anything is to be done, and `remedy` what."""

    text: str
    level: str = OK
    remedy: str = ""

    def lines(self) -> list[str]:
        """Return the finding in lines of its section."""
        mark = "" if self.level == OK else f"{self.level}: "
        return [f"  {mark}{self.text}", *(f"      {line}" for line in self.remedy.splitlines())]

    def to_json(self) -> dict[str, str]:
        """Return the finding as a JSON object."""
        return {"level": self.level, "text": self.text, "remedy": self.remedy}


@dataclass(frozen=True)
class Section:
    """Findings on one subject; `facts` are the values behind them, for programs."""

    name: str
    findings: Sequence[Finding]
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return "\n".join([self.name, *(line for finding in self.findings for line in finding.lines())])

    def count(self, level: str) -> int:
        """Return the number of findings of a level."""
        return sum(finding.level == level for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """Return the section as a JSON object."""
        return {"findings": [finding.to_json() for finding in self.findings], "facts": dict(self.facts)}


def hide_home(text: str) -> str:
    """Return a text with `~` in the place of this user's home directory, so that it can be shown to others."""
    home = os.path.realpath(expand_home("~"))
    for place in {expand_home("~").rstrip("/"), home} - {"~", "", "/"}:
        text = re.sub(_BEFORE + re.escape(place) + _AFTER, "~", text)
    return text


def hide_home_within(value: Any) -> Any:
    """Return a JSON value with `~` in the place of the home directory in all its texts, keys included."""
    if isinstance(value, str):
        return hide_home(value)
    if isinstance(value, Mapping):
        return {hide_home(key): hide_home_within(item) for key, item in value.items()}
    return [hide_home_within(item) for item in value] if isinstance(value, list | tuple) else value
