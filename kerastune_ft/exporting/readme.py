"""The README.md of an export: what its files are and how they are used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerastune_ft.exporting.document import build_rows


def write_readme(document: Mapping[str, Any]) -> str:
    """Return the text of README.md, from export.json."""
    endpoints = [f"- `{each['file']}` (`{each['name']}`): {each['what']}" for each in document["endpoints"]]
    figures = [f"| {row['figure']} | {row['value']} |" for row in build_rows(document)]
    return "\n".join([
        f"# {document['name']}",
        "",
        f"A model of {document['task']} in the format `{document['format']}`, fine-tuned by kerastune_ft.",
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
