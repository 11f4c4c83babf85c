"""The worst test examples, for the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from kerastune_ft.config.options.task_facts import AUDIO, IMAGE, LANGUAGE, MASKED, PAIR, SEVERAL_INPUTS, SPEECH, TEXT
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.evaluation.pictures import Shown, remove_files
from kerastune_ft.training.evaluation.show_dialogues import show_dialogues
from kerastune_ft.training.evaluation.show_images import show_images
from kerastune_ft.training.evaluation.show_several import show_several
from kerastune_ft.training.evaluation.show_sounds import show_sounds, show_speech
from kerastune_ft.training.evaluation.show_texts import show_texts
from kerastune_ft.training.session.session import Session

MISTAKES_SHOWN = 24

Show = Callable[[Session, Sequence[int]], list[Shown]]

_SHOW: Mapping[str, Show] = {
    IMAGE: show_images,
    TEXT: show_texts,
    LANGUAGE: show_dialogues,
    MASKED: show_texts,
    PAIR: show_dialogues,
    AUDIO: show_sounds,
    SPEECH: show_speech,
    SEVERAL_INPUTS: show_several,
}
"""By modality, the function that shows examples as the model got them: entries of the list of mistakes, and files."""

_FILE_KEYS = {"wav": "sound"}
"""The key of a file in the list of mistakes by its suffix; of pictures it is `file`."""


def write_mistakes(
    session: Session, run: RunDirectory, rows: list[dict[str, Any]], split: str = "test", place: str = "evaluation"
) -> None:
    """Write the examples of a split with the largest losses among those predicted wrongly, as the model got them.

    They are a list and a folder `mistakes` at a place in the directory.

    `seen` in mistakes.json is what became of an example on its way to the model, see `Loader.describe_inputs`.
    """
    numbers = {key: index for index, key in enumerate(session.source.keys)}
    # Of values none is exactly right: the worst are shown.
    wrong = [
        row for row in rows if row["split"] == split and ("prediction" not in row or row["label"] != row["prediction"])
    ]
    worst = sorted(wrong, key=lambda row: -row["loss"])[:MISTAKES_SHOWN]
    indices = [numbers[row["input"]] for row in worst]
    shown = _SHOW[session.backbone.input.modality](session, indices) if indices else []
    became = session.loader.describe_inputs(indices)
    entries: list[dict[str, Any]] = []
    written: set[str] = set()
    for number, (row, (about, files), seen) in enumerate(zip(worst, shown, became, strict=True)):
        panels = about.get("panels") or [""] * len(files)
        names = [f"{number:02d}{panel and '-'}{panel}.{file.suffix}" for panel, file in zip(panels, files, strict=True)]
        for name, file in zip(names, files, strict=True):
            run.commit(f"{place}/mistakes/{name}", file.content)
        keys: dict[str, Any] = {
            _FILE_KEYS.get(file.suffix, "file"): name for file, name in zip(files, names, strict=True)
        }
        if about.get("panels"):
            keys = {"panels": dict(zip(panels, names, strict=True))}
        written.update(names)
        hidden = ("split", "loss")
        answer = {key: _to_plain(row[key]) for key in row if key not in hidden and not key.startswith("probability_")}
        entries.append({**about, **keys, "seen": seen, **answer})
    remove_files(run, "mistakes", written, place)
    run.commit_json(f"{place}/mistakes.json", entries)


def _to_plain(value: Any) -> Any:
    """Return a cell as a value of JSON: a count of NumPy as an int."""
    return int(value) if isinstance(value, np.integer) else value
