"""Fine-tuning in one call: what is not given is guessed from the data, as `init` does, and said."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kerastune_ft import keras_settings
from kerastune_ft.api import training
from kerastune_ft.api.arguments import check_sections, plain
from kerastune_ft.api.backbones import make_rank
from kerastune_ft.api.given.data import GivenData, find_data
from kerastune_ft.api.given.model import find_backbone
from kerastune_ft.api.given.names import replace_paths
from kerastune_ft.api.python_words import in_python
from kerastune_ft.api.row_lengths import measure_local
from kerastune_ft.api.runs import Run
from kerastune_ft.config.read import read
from kerastune_ft.data.in_memory.collect import is_in_memory
from kerastune_ft.durations import parse_duration
from kerastune_ft.errors import ConfigError, KerasTuneError, reword_errors
from kerastune_ft.own.objects import OwnObjects, gather_objects
from kerastune_ft.scaffolding.measured import MEASURE, USUAL_TIME, with_measured_backbone
from kerastune_ft.scaffolding.measured_rows import KEY, may_measure, with_measured_rows
from kerastune_ft.scaffolding.propose import Proposal, Wishes, path_from, propose
from kerastune_ft.scaffolding.sentences import describe
from kerastune_ft.scaffolding.wishes import refuse_texts_as_classes
from kerastune_ft.storage import explain_unreachable
from kerastune_ft.streams import say

_RUNS = "runs"
"""The directory of runs that a configuration has without naming one."""


def fine_tune(
    data: Any,
    label: Any = None,
    *,
    task: str | Mapping[str, Any] | None = None,
    backbone: Any = None,
    phases: str | Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    epochs: int | None = None,
    directory: str | os.PathLike[str] = "runs",
    run_dir: str | os.PathLike[str] | None = None,
    fresh: bool = False,
    loss: Any = None,
    metrics: Any = None,
    callbacks: Any = (),
    **sections: Any,
) -> Run:
    """Fine-tune a pretrained model on data of almost any form, and return the finished run; again: go on with it.

    `data` is a folder of class folders, an archive, a table or an .npz file; or data in memory, which are first written
    to a file below `directory`: a DataFrame, an array, a list of files, texts, pairs of texts, pictures or sounds, a
    tuple of examples and labels, a finite `tf.data.Dataset` of such pairs; or an object with the keys of the
    configuration's `data`, such as `{"path": "photos", "resize": "pad"}`, whose `path` may be any of these. `label`
    names the label column of a table, or several, or holds the labels. What is not given is guessed as
    `kerastune_ft.init` does, and said on standard error.

    `task` is a kind such as `"text_regression"`, or the configuration's `task`; `backbone` a model of
    tf.keras.applications, a preset or class of keras-hub, a path, a Keras model, the configuration's `backbone`, or
    `"measure"`: the best of those here by linear probes, of which none is begun after 10 minutes; `phases` a preset or
    the phases themselves, and `epochs` those of every phase. `sections` are other keys of the configuration, as
    `defaults={"batch_size": 64}`, laid over what is proposed; `head` may also be an object, and it, `loss`, `metrics`,
    `callbacks` and `fresh` are then as in `kerastune_ft.run`. Runs are in `directory`, or this one in `run_dir`.

    `run.config` is the configuration, which `python -m kerastune_ft run FILE` takes to the same run. Raises ConfigError
    and DataError for what cannot be used or guessed, and the errors of `kerastune_ft.run`.

    >>> run = fine_tune("photos", epochs=5)                       # doctest: +SKIP
    """
    keras_settings.refuse_foreign()
    own, sections = _take_objects(sections, loss, metrics)
    check_sections(sections)
    wanted = {"kind": task} if isinstance(task, str) else dict(task or {})
    _check_places(data, directory, run_dir)
    with reword_errors(in_python), explain_unreachable("data"):
        found = find_data(data, label, directory, several=bool(wanted.get("multi_label")))
    with replace_paths({str(found.place): found.called} if found.called else {}), reword_errors(in_python):
        with explain_unreachable("data"):
            proposal = _propose(found, wanted, backbone, phases, epochs, directory, _record(plain(sections), own))

        @functools.cache
        def announce() -> None:
            for sentence in describe(proposal):
                say(in_python(sentence))

        try:
            own_arguments = {"own": own, "callbacks": callbacks}
            return training.announce_and_run(proposal.document, announce, run_dir, fresh=fresh, **own_arguments)
        except KerasTuneError:
            # What was guessed may be the reason.
            announce()
            raise


def _take_objects(sections: Mapping[str, Any], loss: Any, metrics: Any) -> tuple[OwnObjects | None, dict[str, Any]]:
    """Return the caller's objects, and the sections without a head that is one of them."""
    head = sections.get("head")
    if head is None or isinstance(head, Mapping):
        return gather_objects(None, loss, metrics), dict(sections)
    return gather_objects(head, loss, metrics), {name: each for name, each in sections.items() if name != "head"}


def _record(sections: Mapping[str, Any], own: OwnObjects | None) -> dict[str, Any]:
    return {**sections, **({} if own is None else {"python": own.identify().to_json()})}


def _check_places(data: Any, directory: str | os.PathLike[str], run_dir: str | os.PathLike[str] | None) -> None:
    """Raise ConfigError for a directory of runs that has no effect: data in memory are written below it."""
    if run_dir is not None and os.fspath(directory) != _RUNS and not is_in_memory(data):
        raise ConfigError(
            f"directory {os.fspath(directory)!r} has no effect with run_dir {os.fspath(run_dir)!r}; give one of them"
        )


def _propose(
    found: GivenData,
    wanted: Mapping[str, Any],
    backbone: Any,
    phases: Any,
    epochs: int | None,
    directory: str | os.PathLike[str],
    sections: Mapping[str, Any],
) -> Proposal:
    """Return the configuration for a call, with name and directory."""
    is_measured = isinstance(backbone, str) and backbone == MEASURE
    wishes = Wishes(
        backbone=None if is_measured else find_backbone(backbone, directory),
        epochs=epochs,
        phases=plain(phases),
        input=found.input,
        task=plain(wanted),
        data=found.options,
        sections=sections,
    )
    proposal = propose(found.place, lambda path: path_from(path, Path()), found.label, wishes)
    if "kind" not in wanted:
        refuse_texts_as_classes(proposal.document["task"], proposal.counts)
    document = _with_place({"name": found.name, **proposal.document}, directory)
    # What is wrong with it is said instead of what was guessed.
    read(document)
    proposal = replace(proposal, document=document)
    if may_measure(proposal, is_given=KEY in found.options):
        proposal = with_measured_rows(proposal, measure_local)
    return with_measured_backbone(proposal, make_rank(parse_duration(USUAL_TIME))) if is_measured else proposal


def _with_place(document: Mapping[str, Any], directory: str | os.PathLike[str]) -> dict[str, Any]:
    """Return a configuration with the directory of its runs; raise ConfigError where it names another."""
    place, output = os.fspath(directory), document.get("output", {})
    if place == _RUNS or not isinstance(output, Mapping):
        return dict(document)
    if output.get("directory", place) != place:
        raise ConfigError(f"directory is {place!r}, and output says {output['directory']!r}; give one of them")
    return {**document, "output": {**output, "directory": place}}
