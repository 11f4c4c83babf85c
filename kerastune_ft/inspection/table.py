"""The table of a check on a terminal, and the sentences below it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kerastune_ft.reporting.terminal.fitting import Column, FittedTable
from kerastune_ft.wording import counted, first_names

_NAMED = 3


def build_check_table(document: Mapping[str, Any]) -> FittedTable:
    """Return what was found, a row for each kind; `document` is the JSON object of a check."""
    findings = document["findings"]
    return FittedTable(
        [
            Column("finding", [each["title"] for each in findings], style="bold"),
            Column("count", [f"{each['count']:,}" for each in findings], numeric=True),
            Column("of which", [each["detail"] for each in findings]),
            Column("what to do", [each["advice"] for each in findings]),
        ]
    )


def describe_check(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the sentences below the table: the first of each kind, what was not found, and what may be left out."""
    for finding in document["findings"]:
        if (named := _name_first(finding)) is not None:
            yield f"{finding['title']}: {named}"
    if document["clean"]:
        yield f"looked for and not found: {', '.join(document['clean'])}"
    yield from document["not_looked_for"]
    count = document["exclude"]["examples"]
    if count:
        by_kind = ", ".join(f"{number} {title}" for title, number in document["exclude"]["by_kind"].items())
        yield f"{document['exclude_file']} names {counted(count, 'example')} that may be left out ({by_kind}):"
        yield f"  {document['exclude']['rule']}"
        yield f"to leave them out, write in data  {document['line']}"


def _name_first(finding: Mapping[str, Any]) -> str | None:
    """Return the first row of a finding in words; None where it names no example."""
    for row in finding["rows"][:1]:
        names = [each["input"] for each in row["examples"] if "input" in each]
        if not names:
            return row["words"] or None
        given = row["examples"][0]["label"]
        label = f" ({given}; likelier {row['suggested']})" if row.get("suggested") else ""
        return f"{first_names(names, _NAMED)}{label}: {row['words']}"
    return None
