"""Proposing a configuration for data, with a reason for each choice; nothing is written."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kerastune_ft.config.options.task_facts import facts
from kerastune_ft.config.presets import AUTO
from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError
from kerastune_ft.scaffolding.detect import detect
from kerastune_ft.scaffolding.sources.label_columns import ask_about_missing, ask_about_spelling, ask_about_split_words
from kerastune_ft.scaffolding.suggest.choose import leave_to_measurement, suggest
from kerastune_ft.scaffolding.suggest.wanted_backbone import add_input, complete_backbone, read_backbone
from kerastune_ft.scaffolding.wishes import lay_over, with_schedule, with_wishes
from kerastune_ft.storage import expand_home

_ENDINGS = re.compile(r"(\.tar)?\.[A-Za-z0-9]{1,7}$")


@dataclass(frozen=True)
class Wishes:
    """The choices that a user makes instead of leaving them to the data."""

    backbone: str | Mapping[str, Any] | None = None
    """A model of tf.keras.applications, a class or preset of keras-hub, or a path; or the configuration's `backbone`,
    whose `kind` may be left out."""
    weights: str | None = None
    """A file of weights for a backbone of tf.keras.applications."""
    epochs: int | None = None
    """The epochs of every phase."""
    phases: Any = None
    """The configuration's `phases`."""
    input: str | Sequence[str] | None = None
    """The columns of inputs of a table."""
    task: Mapping[str, Any] = field(default_factory=dict)
    """Keys of the configuration's `task`."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """Keys of the configuration's `data`."""
    sections: Mapping[str, Any] = field(default_factory=dict)
    """Other sections of the configuration, laid over those that are proposed."""


@dataclass(frozen=True)
class Proposal:
    """A configuration for data, and what was found about them."""

    document: dict[str, Any]
    """The configuration: task, data, backbone and schedule, each choice with its reason as a comment."""
    examples: int
    counts: Mapping[str, int]
    """Examples by class or label; empty for numbers."""
    seen: tuple[str, ...] = ()
    """What was noticed in the data."""
    asks: tuple[str, ...] = field(default=())
    """Questions that only the user can answer."""

    @property
    def task(self) -> str:
        """The kind of the task."""
        return str(self.document["task"]["kind"])

    @property
    def modality(self) -> str:
        """The modality of the examples."""
        return facts(self.document["task"]).modality

    @property
    def is_multi_label(self) -> bool:
        """Whether an example may have several labels."""
        return bool(self.document["task"].get("multi_label"))


def propose(place: Path, relate: Callable[[Path], str], label: Sequence[str], wishes: Wishes) -> Proposal:
    """Return a configuration for the data at a path; raise ConfigError and DataError where it cannot be guessed.

    `relate` returns a path as the configuration writes it; `label` names the label columns of a table.
    """
    _refuse_several_inputs(wishes.input)
    backbone, file = _find_backbone(wishes, relate)
    findings = with_wishes(detect(place, relate(place), label, wishes.input), wishes.task, wishes.data)
    ask_about_spelling(findings)
    ask_about_missing(findings)
    ask_about_split_words(findings)
    if backbone is not None and (question := add_input(backbone, findings.modality, file)):
        findings.asks.append(question)
    chosen = suggest(findings, backbone, has_schedule=wishes.phases is not None)
    if (wishes.phases.get("preset") if isinstance(wishes.phases, Mapping) else wishes.phases) == AUTO:
        # Defaults that the run is to choose would hold over what it chooses.
        chosen = leave_to_measurement(chosen)
    chosen = with_schedule(chosen, wishes.phases, wishes.epochs)
    proposed = {"task": findings.task, "data": findings.data, **chosen}
    document = lay_over(proposed, {"data": wishes.data, **wishes.sections})
    if backbone is not None:
        # A model that does not fit the data is said before anything is written.
        read(document)
    return Proposal(document, findings.examples, findings.counts, tuple(findings.seen), tuple(findings.asks))


def _refuse_several_inputs(given: Any) -> None:
    if isinstance(given, Mapping):
        raise ConfigError(
            f"data.input: several inputs of an example ({', '.join(map(str, given))}) are written in a configuration, "
            "and nothing is proposed for them; give  kt.run  one with task, data, backbone and phases"
        )


def _find_backbone(wishes: Wishes, relate: Callable[[Path], str]) -> tuple[dict[str, Any] | None, Path]:
    """Return the `backbone` that the user wants, None where the user wants none, and the file that may be its model."""
    if isinstance(wishes.backbone, Mapping):
        complete = complete_backbone(wishes.backbone)
        return complete, Path(expand_home(str(complete.get("path", ""))))
    return read_backbone(wishes.backbone, wishes.weights, relate), Path(expand_home(wishes.backbone or ""))


def name_of(place: Path) -> str:
    """Return the name of a run on the data at a path, from that of the file or folder."""
    name = place.resolve().name
    plain = name if place.is_dir() else _ENDINGS.sub("", name.removesuffix(".gz"))
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", plain).strip("-.") or "data"


def path_from(place: Path, folder: Path) -> str:
    """Return a path as a configuration in `folder` writes it: relative to that, unless it is absolute."""
    if place.is_absolute():
        return str(place)
    return Path(os.path.relpath(place, folder)).as_posix()
