from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kerastune_ft.reporting.page.explanations import colour_tokens, read_explanations

DOCUMENT = {
    "method": "Grad-CAM", "erased": "grey", "mistakes": 1,
    "deletion": {"verdict": "nothing", "words": "The pictures say nothing", "p_value": 0.7, "draws": 5},
    "examples": [
        {"input": "a.png", "file": "00.png", "is_mistake": True},
        {"input": "b.png", "file": "../../secret.png", "is_mistake": False},
    ],
}  # fmt: skip


def _run(folder: Path, shows: bool = True) -> Any:
    return SimpleNamespace(directory=folder, shows_examples=shows)


def test_pictures_come_from_their_folder_alone(tmp_path: Path) -> None:
    (tmp_path / "evaluation" / "explanations").mkdir(parents=True)
    (tmp_path / "evaluation" / "explanations" / "00.png").write_bytes(b"picture")
    (tmp_path / "secret.png").write_bytes(b"secret")
    (tmp_path / "evaluation" / "explanations.json").write_text(json.dumps(DOCUMENT))
    found = read_explanations(_run(tmp_path))
    assert found is not None
    assert found["style"] == "bad"
    (first, mistakes), (second, sample) = found["groups"]
    assert (first, second) == ("The worst mistakes", "A sample of the test split")
    assert mistakes[0]["picture"] == "data:image/png;base64,cGljdHVyZQ=="
    assert sample[0]["picture"] is None
    hidden = read_explanations(_run(tmp_path, False))
    assert hidden is not None
    assert hidden["groups"] == []


@pytest.mark.parametrize("content", [None, "{", "[]", "{}"])
def test_what_cannot_be_read_is_not_there(tmp_path: Path, content: str | None) -> None:
    (tmp_path / "evaluation").mkdir()
    if content is not None:
        (tmp_path / "evaluation" / "explanations.json").write_text(content)
    assert read_explanations(_run(tmp_path)) is None


def test_tokens_are_coloured_by_their_part() -> None:
    found = colour_tokens({"tokens": [[" good", 0.4], [" but", -0.1], [" the", 0.01]]})
    assert [(each["speaks"], each["strength"]) for each in found] == [("for", 1.0), ("against", 0.25), ("", 0.02)]
    assert colour_tokens({"tokens": [["a", 0.0]]})[0]["speaks"] == ""
    assert colour_tokens({}) == []
