"""The explanations of a run as the page shows them: heat maps and tokens, and whether they mean anything."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerastune_ft.reporting.run_files import RunFiles

FILE = "evaluation/explanations.json"
_MEDIA_TYPES = {".png": "image/png", ".jpg": "image/jpeg"}
_STYLES = {"convincing": "", "weak": "", "nothing": "bad"}
_FAINTEST = 0.06


def read_explanations(run: RunFiles) -> dict[str, Any] | None:
    """Return what evaluation/explanations.json holds, its pictures as data URIs and its tokens with colours.

    None where there is none, or one that cannot be read. Examples are left out where these may not be shown.
    """
    try:
        known = json.loads((run.directory / FILE).read_text(encoding="utf-8"))
        deletion = dict(known["deletion"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    examples = known.get("examples") or [] if run.shows_examples else []
    shown = [_show(run.directory / "evaluation" / "explanations", example) for example in examples]
    return {
        **known,
        "deletion": deletion,
        "style": _STYLES.get(str(deletion.get("verdict")), ""),
        "groups": [
            (title, chosen)
            for title, is_mistake in (("The worst mistakes", True), ("A sample of the test split", False))
            if (chosen := [each for each in shown if bool(each.get("is_mistake")) is is_mistake])
        ],
    }


def _show(folder: Path, example: Mapping[str, Any]) -> dict[str, Any]:
    return {**example, "picture": _encode(folder, example.get("file")), "tokens": colour_tokens(example)}


def _encode(folder: Path, name: Any) -> str | None:
    # Only the name counts: whatever a file says, nothing outside this folder is opened.
    path = folder / Path(str(name or "")).name
    if not name or path.suffix not in _MEDIA_TYPES or not path.is_file():
        return None
    return f"data:{_MEDIA_TYPES[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"


def colour_tokens(example: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the tokens of an example, each with how strongly it is coloured, from 0 to 1, and for what.

    `speaks` is `for` the answer, `against` it, or nothing where it hardly matters.
    """
    tokens = [(str(text), float(value)) for text, value in example.get("tokens") or ()]
    largest = max((abs(value) for _, value in tokens), default=0.0)
    found = []
    for text, value in tokens:
        share = abs(value) / largest if largest > 0 else 0.0
        speaks = ("for" if value > 0 else "against") if share >= _FAINTEST else ""
        found.append({"text": text, "value": value, "strength": round(share, 2), "speaks": speaks})
    return found
