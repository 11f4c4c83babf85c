from __future__ import annotations

import functools

from kerastune_ft.reporting.terminal.banner import STYLES, describe_findings
from kerastune_ft.streams import fit_line

FINDINGS = [
    {"name": "a", "level": "good", "text": "All is well " * 9, "advice": "", "set": []},
    {"name": "b", "level": "hint", "text": "More is to be had.", "advice": "Train longer", "set": ["a.b=1", "c.d=2"]},
    {"name": "c", "level": "warning", "text": "Few examples.", "advice": "Take more", "set": []},
]


def test_lines_fit_and_commands_stand_alone() -> None:
    lines = describe_findings(
        FINDINGS, "runs/a.json", ["seed=1"], "runs/a-1/config.json", functools.partial(fit_line, width=80)
    )
    text = "\n".join(line for _, line in lines)
    assert "hint: More is to be had.\n  Train longer:\n" in text
    assert "\n  python -m kerastune_ft run runs/a.json --set seed=1 --set a.b=1 --set c.d=2\n" in text
    assert text.endswith("warning: Few examples.\n  Take more.")
    assert max(map(len, text.split("\n"))) <= 80
    assert [level for level, _ in lines if level] == ["good", "hint", "warning"]
    assert {level for level, _ in lines if level} == set(STYLES)


def test_keys_of_phases_that_were_chosen_are_set_in_the_runs_own_configuration() -> None:
    found = [{**FINDINGS[1], "set": ["auto=null", "phases.top.epochs=4"]}]
    command = describe_findings(found, "mine.json", ["seed=1"], "runs/a-1/config.json", str)[-1][1]
    assert command == "  python -m kerastune_ft run runs/a-1/config.json --set auto=null --set phases.top.epochs=4"
