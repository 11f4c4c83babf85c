"""What the card of an export says of the export itself: what its files are, and its figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerastune_ft.exporting.document import build_rows


def write_section(document: Mapping[str, Any]) -> str:
    """Return Markdown for the card, from export.json."""
    endpoints = [f"- `{each['file']}` (`{each['name']}`): {each['what']}" for each in document["endpoints"]]
    figures = [f"| {row['figure']} | {row['value']} |" for row in build_rows(document)]
    return "\n".join([
        "## The export",
        "",
        *endpoints,
        "- `predict.py`: answers from the command line, and functions to import",
        "- `labels.json`, `preprocessing.json`: the meaning of outputs and inputs",
        "- `export.json`: the figures below, versions, and the shapes of inputs and outputs",
        "",
        "| figure | value |",
        "|---|---|",
        *figures,
        "",
    ])  # fmt: skip
