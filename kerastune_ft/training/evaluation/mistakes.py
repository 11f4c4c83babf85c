"""The worst test examples, for the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from kerastune_ft.config.options.task_facts import AUDIO, IMAGE, TEXT
from kerastune_ft.data.source import DataSource
from kerastune_ft.input.decode import Geometry, fit_pixels, read_pixels
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.evaluation.pictures import encode_png, remove_pictures
from kerastune_ft.training.session.session import Session

MISTAKES_SHOWN = 24


_THUMBNAIL = 128


_TEXT_SHOWN = 600


def write_mistakes(session: Session, run: RunDirectory, rows: list[dict[str, Any]]) -> None:
    """Write the test examples with the largest losses among those predicted wrongly, with thumbnails of images."""
    numbers = {key: index for index, key in enumerate(session.source.keys)}
    # Of values none is exactly right: the worst are shown.
    wrong = [
        row for row in rows if row["split"] == "test" and ("prediction" not in row or row["label"] != row["prediction"])
    ]
    worst = sorted(wrong, key=lambda row: -row["loss"])[:MISTAKES_SHOWN]
    entries = []
    for number, row in enumerate(worst):
        hidden = ("split", "loss")
        about = {key: row[key] for key in row if key not in hidden and not key.startswith("probability_")}
        index = numbers[row["input"]]
        shown, picture = _SHOW[session.backbone.input.modality](session.source, index, f"{number:02d}.png")
        if picture is not None:
            run.commit(f"evaluation/mistakes/{number:02d}.png", picture)
        entries.append({**shown, **about})
    remove_pictures(run, "mistakes", len(worst))
    run.commit_json("evaluation/mistakes.json", entries)


def _show_image(source: Any, index: int, name: str) -> tuple[dict[str, Any], bytes | None]:
    return {"file": name}, _thumbnail(source, index)


def _show_text(source: Any, index: int, name: str) -> tuple[dict[str, Any], bytes | None]:
    return {"texts": [text[:_TEXT_SHOWN] for text in source.texts[index]]}, None


def _show_sound(source: Any, index: int, name: str) -> tuple[dict[str, Any], bytes | None]:
    return {}, None


_SHOW: Mapping[str, Callable[[Any, int, str], tuple[dict[str, Any], bytes | None]]] = {
    IMAGE: _show_image,
    TEXT: _show_text,
    AUDIO: _show_sound,
}
"""By modality, the function that describes an example in the list of mistakes and draws its picture, if it has one."""


def _thumbnail(source: DataSource, index: int) -> bytes:
    pixels = read_pixels(source, source.element(index))
    return encode_png(np.asarray(fit_pixels(pixels, Geometry(_THUMBNAIL, _THUMBNAIL, "pad"))))
