"""The worst test examples, for the report."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from kerastune_ft.data.texts.text_source import TextSource
from kerastune_ft.input.decode import Geometry
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.tasks.images import ImageInputs
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
        if isinstance(session.source, TextSource):
            entries.append({"texts": [text[:_TEXT_SHOWN] for text in session.source.texts[index]], **about})
        elif session.clip is not None:
            entries.append(about)
        else:
            name = f"{number:02d}.png"
            run.commit(f"evaluation/mistakes/{name}", _thumbnail(session, index))
            entries.append({"file": name, **about})
    remove_pictures(run, len(worst))
    run.commit_json("evaluation/mistakes.json", entries)


def _thumbnail(session: Session, index: int) -> bytes:
    from PIL import Image

    assert isinstance(session.task, ImageInputs)
    pixels = session.task.inputs(session.source.element(index), Geometry(_THUMBNAIL, _THUMBNAIL, "pad"))
    picture = io.BytesIO()
    Image.fromarray(np.asarray(pixels)).save(picture, "PNG")
    return picture.getvalue()


def remove_pictures(run: RunDirectory, first: int) -> None:
    """Delete the pictures from this number on that an earlier evaluation of the run left."""
    for name in run.list_files("evaluation/mistakes")[first:]:
        run.remove(f"evaluation/mistakes/{name}")
