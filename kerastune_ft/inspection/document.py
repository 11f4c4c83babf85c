"""A check as a JSON object, and as the rows of exclude.csv."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerastune_ft.inspection.choice import describe_rule
from kerastune_ft.inspection.findings import TITLES, Example, Finding, Inspection, Row

ROWS_LISTED = 1000
"""The rows of a finding that the document lists at most."""


def describe_inspection(found: Inspection, with_names: bool) -> dict[str, Any]:
    """Return a check as a JSON object; without names no row says which file, text or group it is of."""
    return {
        "name": found.name,
        "examples": len(found.examples),
        "noun": found.noun,
        "about": dict(found.about),
        "findings": [_describe_finding(each, found, with_names) for each in found.findings],
        "not_looked_for": list(found.not_looked_for),
        "clean": [title for kind, title in TITLES.items() if kind not in found.unsought and found.find(kind) is None],
        "faults": [each.kind for each in found.faults],
        "exclude": {
            "examples": len(found.exclusions.reasons),
            "rule": describe_rule(found.unsought),
            "by_kind": count_kinds(found),
        },
    }


def _describe_finding(finding: Finding, found: Inspection, with_names: bool) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "title": finding.title,
        "count": finding.count,
        "detail": finding.detail,
        "advice": finding.advice,
        "is_fault": finding.is_fault,
        "rows": [_describe_row(row, found, with_names) for row in finding.rows[:ROWS_LISTED]],
        "more_rows": max(0, len(finding.rows) - ROWS_LISTED),
    }


def _describe_row(row: Row, found: Inspection, with_names: bool) -> dict[str, Any]:
    examples = [found.examples[position] for position in row.positions]
    # Of what cannot be read the words are the name.
    words = row.words if with_names or examples else ""
    document: dict[str, Any] = {"examples": [each.to_json(with_names) for each in examples], "words": words}
    if row.suggested:
        document["suggested"] = row.suggested
    if row.figure is not None:
        document["figure"] = round(row.figure, 4)
    return document


def count_kinds(found: Inspection) -> Mapping[str, int]:
    """Return how many examples may be left out, by the title of the finding they are left out for."""
    kinds = list(found.exclusions.kinds.values())
    return {title: kinds.count(kind) for kind, title in TITLES.items() if kind in kinds}


def list_left_out(found: Inspection) -> list[tuple[Example, str]]:
    """Return the examples that may be left out, in their order, each with why."""
    return [(found.examples[position], found.exclusions.reasons[position]) for position in found.exclusions.positions]
