"""The banner of a finished run: the few findings that matter most, and the commands they advise."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kerastune_ft.config.presets import AUTO
from kerastune_ft.reporting.findings.evidence import Evidence, Finding
from kerastune_ft.reporting.findings.rules import RULES, praise

MOST = 3
"""How many findings are shown besides praise."""
_PHASES, _OWN_PHASES = "phases.", "auto=null"


def find_findings(run: Evidence) -> list[Finding]:
    """Return praise where it is earned, then at most three findings, those that matter most first.

    Praise is earned where the model beats the best constant predictor by more than chance and no finding is a warning.
    """
    found = [finding for rule in RULES if (finding := rule(run)) is not None]
    shown = sorted(found, key=lambda finding: finding.level != "warning")[:MOST]
    if any(finding.level == "warning" for finding in found):
        return shown
    earned = praise(run)
    return [earned, *shown] if earned is not None else shown


def set_beside_choice(overrides: Sequence[str], auto: Mapping[str, Any]) -> list[str]:
    """Return overrides for the config.json of a run whose phases were chosen by measurement; `auto` is its section.

    Keys of single phases change what was chosen, and all others what it was chosen for: so the section that vouches for
    the phases goes, and they are chosen anew unless it is they that change.
    """
    if not overrides or any(each.startswith(_PHASES) for each in overrides):
        return [*((_OWN_PHASES,) if overrides else ()), *overrides]
    time = {"time": auto["time"]} if auto.get("time") else {}
    anew = json.dumps({"preset": AUTO, **time, **(auto.get("keys") or {})})
    return [_OWN_PHASES, f"phases={anew}", *overrides]


def takes_own_config(overrides: Iterable[str]) -> bool:
    """Return whether overrides are for the config.json of the run, and not for the file that it was begun with."""
    return _OWN_PHASES in overrides


def write_command(config: str, overrides: Sequence[str], more: Iterable[str]) -> str:
    """Return the command of a run with more overrides, which replace earlier ones of the same key."""
    added = list(more)
    keys = {each.partition("=")[0] for each in added}
    kept = [each for each in overrides if each.partition("=")[0] not in keys]
    words = ["python", "-m", "kerastune_ft", "run", config]
    words += [word for each in (*kept, *added) for word in ("--set", each)]
    return shlex.join(words)
