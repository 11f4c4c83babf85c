"""Examples on the page: as the model got them, with what was cut off in words."""

from __future__ import annotations

import base64
import json
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.reporting.page import document, shown_examples
from tests.support import run_files


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ({"size": [224, 224], "of": [224, 336], "resize": "crop", "cut": 0.3333}, "33 % cut off left and right"),
        ({"size": [224, 112], "of": [224, 84], "resize": "crop", "cut": 0.25}, "25 % cut off above and below"),
        ({"size": [224, 224], "of": [223, 224], "resize": "crop", "cut": 0.004}, ""),
        ({"size": [96, 96], "of": [96, 144], "resize": "stretch", "cut": 0.0}, "stretched 1.5 times upwards"),
        ({"size": [224, 224], "of": [28, 56], "resize": "pad", "cut": 0.0}, "enlarged 4 times"),
        (
            {"size": [224, 224], "of": [28, 56], "resize": "crop", "cut": 0.5},
            "50 % cut off left and right, enlarged 8 times",
        ),
        ({"seconds": 0.5, "of": 2.0, "sample_rate": 8000}, "0.50 s, 1.50 s more cut off"),
        ({"seconds": 2.0, "of": 0.5, "sample_rate": 8000}, "0.50 s, then 1.50 s of silence"),
        ({"seconds": 2.0, "of": None, "sample_rate": 8000}, "2.00 s"),
        ({"read": [30, 20], "of": [30, 170]}, "25 % of it read"),
        ({"read": [30], "of": [30]}, ""),
    ],
)
def test_what_became_of_an_example_is_said_in_words(tmp_path: Path, seen: dict[str, Any], told: str) -> None:
    assert shown_examples._show_example(tmp_path, {"seen": seen})["became"] == told


def test_a_text_is_divided_where_the_model_stopped_reading() -> None:
    text = " ".join(f"word{number}" for number in range(400))
    read = text.index("word300") - 1
    pieces = shown_examples.split_text(text, read, len(text) + 1000)
    assert [piece.kind for piece in pieces] == ["read", "omitted", "read", "unread", "omitted"]
    beginning, _, end, unread, _ = (piece.text for piece in pieces)
    assert text.startswith(beginning) and text[:read].endswith(end)
    assert text[read:].startswith(unread) and unread.split()[-1] in text.split(), "no word is cut"
    amounts = [int(piece.text.split()[0].replace(",", "")) for piece in pieces if piece.kind == "omitted"]
    assert sum(amounts) + len(beginning) + len(end) + len(unread) == len(text) + 1000


def test_a_short_text_that_was_read_is_itself() -> None:
    assert shown_examples.split_text("a fine film", 11, 11) == [("read", "a fine film")]


def write_run_without_curves(folder: Path) -> Path:
    """Write a run whose page takes no time to draw."""
    run = run_files.write_run(folder / "r")
    (run / "history.csv").unlink()
    return run


def test_pictures_sounds_and_texts_are_inside_the_page(tmp_path: Path) -> None:
    run = write_run_without_curves(tmp_path)
    folder = run / "evaluation" / "mistakes"
    for name in ("00.jpg", "00.wav"):
        (folder / name).write_bytes(name.encode())
    answer = {"input": "a.wav", "label": "normal", "prediction": "viral", "probability": 0.9}
    seen = {"seconds": 1.0, "of": 3.0, "sample_rate": 8000}
    run_files.write_json(
        run / "evaluation" / "mistakes.json",
        [{"file": "00.jpg", "sound": "00.wav", "texts": ["read unread"], "seen": seen, **answer}],
    )
    page = document.render(run)
    assert f"data:image/jpeg;base64,{base64.b64encode(b'00.jpg').decode()}" in page
    assert f"data:audio/wav;base64,{base64.b64encode(b'00.wav').decode()}" in page
    assert "2.00 s more cut off" in page and "what the model heard" in page
    texts = {"texts": ["read unread"], "seen": {"read": [4], "of": [11]}, **answer}
    run_files.write_json(run / "evaluation" / "mistakes.json", [texts])
    assert "<blockquote>read<del> unread</del></blockquote>" in document.render(run)


def test_runs_of_earlier_versions_do_not_claim_to_show_what_the_model_saw(tmp_path: Path) -> None:
    run = write_run_without_curves(tmp_path)
    page = unescape(document.render(run))
    assert "evaluated by an earlier version" in page and "as the model saw them" not in page


def test_nothing_but_media_of_the_own_folder_is_put_into_the_page(tmp_path: Path) -> None:
    run = write_run_without_curves(tmp_path)
    listed = json.loads((run / "evaluation" / "mistakes.json").read_text())
    (run / "evaluation" / "mistakes" / "x.html").write_text("<b>secret</b>")
    run_files.write_json(run / "evaluation" / "mistakes.json", [{**listed[0], "file": "x.html"}])
    assert base64.b64encode(b"<b>secret</b>").decode() not in document.render(run)
