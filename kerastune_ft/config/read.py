"""Reading a run configuration: complete, with every problem at once, or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kerastune_ft.config.checks.availability import unavailable
from kerastune_ft.config.checks.consistency import inconsistencies
from kerastune_ft.config.checks.messages import explained, locate, placed_problem
from kerastune_ft.config.compose import (
    defaults_alone,
    idle_overrides,
    misplaced_defaults,
    with_base,
    with_defaults,
    with_phases,
)
from kerastune_ft.config.documents.files import find, load
from kerastune_ft.config.documents.nodes import Node, Place, placed
from kerastune_ft.config.documents.problems import SET, Problem, error_of
from kerastune_ft.config.options.backbones import KerasHub
from kerastune_ft.config.overrides import with_overrides
from kerastune_ft.config.run import RunConfig
from kerastune_ft.errors import ConfigError

_UNNAMED = "configuration"
_PATHS: tuple[tuple[str, ...], ...] = (
    ("data", "path"),
    ("data", "data_dir"),
    ("data", "splits", "file"),
    ("backbone", "weights"),
    ("backbone", "path"),
)


def read(source: str | Path | Mapping[str, Any], overrides: Sequence[str] = ()) -> RunConfig:
    """Return the configuration of a file, a shipped name or a dict, or raise one ConfigError with every problem.

    `overrides` are texts like `phases.head.epochs=2`. The error's `problems` hold place, value and message of each.

    >>> read("medical", ["seed=3"]).seed
    3
    """
    problems: list[Problem] = []
    found = composed(source, overrides, problems)
    config, wrong = _checked(found.document, found.directory)
    problems += [one for one in wrong if found.is_whole or not one.is_absent]
    if problems or config is None:
        raise error_of(problems, found.file, on_disk=found.directory is not None)
    return config


@dataclass(frozen=True)
class Composed:
    """The documents a source rests on as one, `defaults` still apart; `schedule` is `phases` as the files write it."""

    document: Node
    schedule: Node | None
    file: str
    directory: Path | None
    is_whole: bool


def composed(source: str | Path | Mapping[str, Any], overrides: Sequence[str], problems: list[Problem]) -> Composed:
    """Return the one document of a source, nothing in it checked yet; what cannot be read at all is a problem."""
    file, directory, name = _UNNAMED, None, "run"
    if isinstance(source, Mapping):
        written = _from_mapping(source)
    else:
        path = find(source)
        file, directory, name = str(path), path.parent, _name_of(path)
        written = _from_file(path, problems)
    seen = () if directory is None else (Path(file).resolve(),)
    document, is_whole = with_base(written, directory, problems, seen)
    schedule = document.find("phases")
    if is_whole:
        # Else what they are about may stand in the file that could not be read.
        document = with_overrides(document, overrides, problems)
    document = with_phases(document, problems)
    if "name" not in document.value:
        document = document.with_items({"name": Node(name, Place(file, ("name",))), **document.value})
    return Composed(document, schedule, file, directory, is_whole)


def _from_mapping(source: Mapping[str, Any]) -> Node:
    try:
        return placed(source, Place(_UNNAMED))
    except TypeError as error:
        raise ConfigError(f"{_UNNAMED}: {error}; give texts, numbers, true, false, null, lists and objects") from error


def _from_file(path: Path, problems: list[Problem]) -> Node:
    document = load(path, Place(str(path)), problems)
    if document is None:
        raise error_of(problems, str(path), on_disk=True)
    return document


def _name_of(path: Path) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", path.stem).strip("-.") or "run"


def _checked(document: Node, directory: Path | None) -> tuple[RunConfig | None, list[Problem]]:
    problems = [*misplaced_defaults(document), *idle_overrides(document)]
    complete = with_defaults(document)
    config, found = _validated(complete, directory)
    problems += found
    alone = defaults_alone(document)
    if alone is not None:
        problems += [one for one in _validated(alone, directory)[1] if one.place.path[:1] == ("defaults",)]
    return config, problems


def _validated(document: Node, directory: Path | None) -> tuple[RunConfig | None, list[Problem]]:
    plain = document.plain()
    later = [(path, message) for path, _, message in unavailable(plain)]
    problems: list[Problem] = []
    config = None
    try:
        config = RunConfig.model_validate(plain, context=_directories(document, directory))
    except ValidationError as error:
        problems += explained(error, document)
        problems += list(_behind_kinds(plain, problems, document, directory))
    problems += [placed_problem(path, message, document) for path, message in inconsistencies(plain)]
    # What is not available is to be removed, a kind with its whole object: nothing in it is worth correcting.
    gone = [locate(path[:-1] if path[-1] == "kind" else path, document).place.path for path, _ in later]
    worth_it = [one for one in problems if not any(one.place.path[: len(path)] == path for path in gone)]
    return config, [placed_problem(path, message, document) for path, message in later] + worth_it


def _directories(document: Node, directory: Path | None) -> dict[str, Path]:
    """Return the directory that each path written in the document is relative to: its own file's."""
    found = {}
    for path in _PATHS:
        node = locate(path, document)
        if node.place.path[-1:] == path[-1:] and isinstance(node.value, str) and directory is not None:
            written_in = node.place.file
            found[node.value] = directory if written_in == SET else Path(written_in).parent
    return found


def _behind_kinds(
    plain: dict[str, Any], problems: Sequence[Problem], document: Node, directory: Path | None
) -> Iterator[Problem]:
    """Yield the problems of an object whose kind is misspelt, as if it were spelt right."""
    repaired = False
    for slot in ("data", "backbone"):
        kind = locate((slot, "kind"), document)
        meant = [one.suggestion for one in problems if one.place == kind.place and one.suggestion]
        if meant and isinstance(plain.get(slot), dict):
            plain[slot] = {**plain[slot], "kind": meant[0]}
            repaired = True
    if repaired:
        try:
            RunConfig.model_validate(plain, context=_directories(document, directory))
        except ValidationError as error:
            yield from explained(error, document)


def not_checked(settings: RunConfig) -> list[str]:
    """Return what only the model and the data can tell of a configuration that was read."""
    unchecked = ["the units that unfreeze names", "the data: files, classes and splits"]
    if str(getattr(settings.backbone, "weights", None)) not in ("None", "embedded"):
        unchecked.append("whether the weights are there")
    if isinstance(settings.backbone, KerasHub) and settings.backbone.options:
        unchecked.append("whether the backbone's class takes its options")
    return unchecked
