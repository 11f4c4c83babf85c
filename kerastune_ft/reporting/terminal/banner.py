"""The banner at the end of a run in a terminal: findings, and the commands that they advise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from kerastune_ft.reporting.findings.banner import takes_own_config, write_command

STYLES: Mapping[str, str] = {"good": "green", "hint": "cyan", "warning": "yellow"}
"""The colour of every level of findings."""


def describe_findings(
    findings: Iterable[Mapping[str, Any]],
    config: str,
    overrides: Sequence[str],
    own_config: str,
    fit: Callable[[str], str],
) -> list[tuple[str, str]]:
    """Return level and text of the lines about findings; the level is that of a first line, else empty.

    `config` and `overrides` are those of the command that was given, `own_config` is the configuration in the run's
    directory; `fit` breaks a text between words. Commands stand on a line of their own and are never broken, so that
    they can be pasted.
    """
    lines: list[tuple[str, str]] = []
    for finding in findings:
        lines.append((finding["level"], fit(f"{finding['level']}: {finding['text']}")))
        if finding["set"]:
            base = (own_config, ()) if takes_own_config(finding["set"]) else (config, overrides)
            lines += [("", fit(f"  {finding['advice']}:")), ("", f"  {write_command(*base, finding['set'])}")]
        elif finding["advice"]:
            lines.append(("", fit(f"  {finding['advice']}.")))
    return lines
