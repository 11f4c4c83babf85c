"""Fine-tuning in one call: what is not given is guessed from the data, as `init` does, and said."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kerastune_ft import keras_settings
from kerastune_ft.api import training
from kerastune_ft.api.arguments import check_sections, plain
from kerastune_ft.api.python_words import in_python, speaking_python
from kerastune_ft.api.runs import Run
from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError
from kerastune_ft.scaffolding.propose import Proposal, Wishes, name_of, path_from, propose
from kerastune_ft.scaffolding.sentences import describe
from kerastune_ft.storage import explain_unreachable, path_of_user
from kerastune_ft.streams import say

_RUNS = "runs"
"""The directory of runs that a configuration has without naming one."""


def fine_tune(
    data: Any,
    label: Any = None,
    *,
    task: str | Mapping[str, Any] | None = None,
    backbone: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    phases: str | Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    epochs: int | None = None,
    directory: str | os.PathLike[str] = "runs",
    run_dir: str | os.PathLike[str] | None = None,
    fresh: bool = False,
    **sections: Any,
) -> Run:
    """Fine-tune a pretrained model on data of almost any form, and return the finished run; again: go on with it.

    `data` is a folder of class folders, an archive, a table, an .npz file, or an object with the keys of the
    configuration's `data`, such as `{"path": "photos", "resize": "pad"}`. `label` names the label column of a table, or
    several. What is not given is guessed as `kerastune_ft.init` does, and said on standard error.

    `task` is a kind such as `"text_regression"`, or the configuration's `task`; `backbone` a model of
    tf.keras.applications, a preset or class of keras-hub, a path, or the configuration's `backbone`; `phases` a preset
    or the phases themselves, and `epochs` those of every phase. `sections` are other keys of the configuration, as
    `defaults={"batch_size": 64}`, laid over what is proposed. Runs are in `directory`, or this one in `run_dir`;
    `fresh` begins a new one although there is one of the same configuration.

    `run.config` is the configuration, which `python -m kerastune_ft run FILE` takes to the same run. Raises ConfigError
    and DataError for what cannot be used or guessed, and the errors of `kerastune_ft.run`.

    >>> run = fine_tune("photos", epochs=5)                       # doctest: +SKIP
    """
    keras_settings.refuse_foreign()
    check_sections(sections)
    with speaking_python(), explain_unreachable("data"):
        proposal = _propose(data, label, task, backbone, phases, epochs, directory, plain(sections))
    for sentence in describe(proposal):
        say(in_python(sentence))
    return training.run(proposal.document, run_dir, fresh=fresh)


def _propose(
    data: Any,
    label: Any,
    task: str | Mapping[str, Any] | None,
    backbone: Any,
    phases: Any,
    epochs: int | None,
    directory: str | os.PathLike[str],
    sections: Mapping[str, Any],
) -> Proposal:
    """Return the configuration for a call, with name and directory."""
    options = dict(data) if isinstance(data, Mapping) else {"path": data}
    place = _find_place(options)
    columns = options.pop("label", None) if label is None else label
    wanted = {"kind": task} if isinstance(task, str) else dict(task or {})
    named = os.fspath(backbone) if isinstance(backbone, os.PathLike) else backbone
    wishes = Wishes(
        backbone=named, epochs=epochs, phases=plain(phases), task=plain(wanted), data=plain(options), sections=sections
    )
    proposal = propose(place, lambda path: path_from(path, Path()), _list_columns(columns), wishes)
    document = _with_place({"name": name_of(place), **proposal.document}, directory)
    # What is wrong with it is said instead of what was guessed.
    read(document)
    return replace(proposal, document=document)


def _with_place(document: Mapping[str, Any], directory: str | os.PathLike[str]) -> dict[str, Any]:
    """Return a configuration with the directory of its runs; raise ConfigError where it names another."""
    place, output = os.fspath(directory), document.get("output", {})
    if place == _RUNS or not isinstance(output, Mapping):
        return dict(document)
    if output.get("directory", place) != place:
        raise ConfigError(f"directory is {place!r}, and output says {output['directory']!r}; give one of them")
    return {**document, "output": {**output, "directory": place}}


def _find_place(options: dict[str, Any]) -> Path:
    """Take the path out of the keys of `data`, and return it."""
    if "path" not in options:
        raise ConfigError('data: nothing says where the data are; give  data={"path": "photos", ...}')
    path = options.pop("path")
    if not isinstance(path, str | os.PathLike):
        raise ConfigError(f"data: {type(path).__name__} is no data; give a folder, an archive, a table or an .npz file")
    if not os.fspath(path):
        raise ConfigError("data is empty; give a folder, an archive, a table or an .npz file")
    return path_of_user(path)


def _list_columns(label: Any) -> list[str]:
    if label is None:
        return []
    columns = [label] if isinstance(label, str) else label
    if not isinstance(columns, list | tuple) or not all(isinstance(name, str) for name in columns):
        raise ConfigError(f'label: {label!r} names no column; give one, as label="finding", or a list of them')
    return list(columns)
