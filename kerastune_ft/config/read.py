"""Reading a run configuration: the result is complete and valid, or one error lists all problems."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kerastune_ft.config.checks.consistency import inconsistencies
from kerastune_ft.config.checks.messages import explain_errors, locate, problem_at
from kerastune_ft.config.compose import (
    defaults_alone,
    find_idle_overrides,
    find_misplaced_defaults,
    with_base,
    with_defaults,
    with_phases,
)
from kerastune_ft.config.documents.files import find, load
from kerastune_ft.config.documents.nodes import KeyPath, Node, Place, as_node
from kerastune_ft.config.documents.problems import SET, Problem, make_error
from kerastune_ft.config.expansion import find_preset, find_unasked
from kerastune_ft.config.options.backbones import KerasHub
from kerastune_ft.config.overrides import with_overrides
from kerastune_ft.config.run import RunConfig
from kerastune_ft.errors import ConfigError

_UNNAMED = "configuration"
_DECISION = "PLEASE DECIDE"
_PATHS: tuple[tuple[str, ...], ...] = (
    ("data", "path"),
    ("data", "data_dir"),
    ("data", "splits", "file"),
    ("backbone", "weights"),
    ("backbone", "path"),
    *(("backbone", reads, key) for reads in ("image", "text") for key in ("weights", "path")),
)


def read(source: str | Path | Mapping[str, Any], overrides: Sequence[str] = ()) -> RunConfig:
    """Return the configuration of a file, a shipped name or a dict, or raise a ConfigError with all problems.

    `overrides` are texts such as `phases.head.epochs=2`. The error's `problems` have place, value and message.

    >>> read("medical", ["seed=3"]).seed
    3
    """
    problems: list[Problem] = []
    found = compose(source, overrides, problems)
    config, wrong = _check(found.document, found.directory)
    problems += [one for one in wrong if found.is_whole or not one.is_absent]
    if problems or config is None:
        raise make_error(problems, found.file, on_disk=found.directory is not None)
    return config.with_replacements(found.replacements).with_preset(find_preset(found.schedule))


@dataclass(frozen=True)
class Composed:
    """A source merged with all files it extends, before `defaults` are applied; `schedule` is `phases` as written."""

    document: Node
    schedule: Node | None
    file: str
    directory: Path | None
    is_whole: bool
    replacements: tuple[str, ...] = ()
    """Sentences about keys that `--set` took out, because they exclude the one it wrote."""


def compose(source: str | Path | Mapping[str, Any], overrides: Sequence[str], problems: list[Problem]) -> Composed:
    """Return the merged document of a source, unchecked; files that cannot be read are added to `problems`."""
    file, directory, name = _UNNAMED, None, "run"
    if isinstance(source, Mapping):
        written = _from_mapping(source)
    else:
        path = find(source)
        file, directory, name = str(path), path.parent, _name_of(path)
        written = _from_file(path, problems)
    seen = () if directory is None else (Path(file).resolve(),)
    document, is_whole = with_base(written, directory, problems, seen)
    replaced: list[str] = []
    schedule = document.find("phases")
    if is_whole:
        # Otherwise the keys they refer to may be in the file that could not be read.
        document, replaced = with_overrides(document, overrides, problems)
    problems += find_unasked(document)
    document = with_phases(document, problems)
    if "name" not in document.value:
        document = document.with_items({"name": Node(name, Place(file, ("name",))), **document.value})
    return Composed(document, schedule, file, directory, is_whole, tuple(replaced))


def _from_mapping(source: Mapping[str, Any]) -> Node:
    try:
        return as_node(source, Place(_UNNAMED))
    except TypeError as error:
        raise ConfigError(f"{_UNNAMED}: {error}; give texts, numbers, true, false, null, lists and objects") from error


def _from_file(path: Path, problems: list[Problem]) -> Node:
    document = load(path, Place(str(path)), problems)
    if document is None:
        raise make_error(problems, str(path), on_disk=True)
    return document


def _name_of(path: Path) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", path.stem).strip("-.") or "run"


def _check(document: Node, directory: Path | None) -> tuple[RunConfig | None, list[Problem]]:
    problems = [*find_misplaced_defaults(document), *find_idle_overrides(document)]
    complete = with_defaults(document)
    config, found = _validate(complete, directory)
    problems += found
    alone = defaults_alone(document)
    if alone is not None:
        problems += [one for one in _validate(alone, directory)[1] if one.place.path[:1] == ("defaults",)]
    return config, problems


def _validate(document: Node, directory: Path | None) -> tuple[RunConfig | None, list[Problem]]:
    plain = document.plain()
    problems: list[Problem] = []
    config = None
    try:
        config = RunConfig.model_validate(plain, context=_directories(document, directory))
    except ValidationError as error:
        problems += explain_errors(error, document)
        problems += list(_find_problems_behind_kinds(plain, problems, document, directory))
    # What a misspelt key stands for is not missing.
    meant = {(*one.place.path[:-1], one.suggestion) for one in problems if one.suggestion in ("learning_rate", "label")}
    found = [problem_at(path, message, document) for path, message in inconsistencies(plain)]
    problems += [one for one in found if not (one.is_absent and one.place.path in meant)]
    return config, problems


def _directories(document: Node, directory: Path | None) -> dict[str, Path]:
    """Return for each path in the document the directory of the file it is written in."""
    found = {}
    phases = document.find("phases")
    count = len(phases.value) if phases is not None and isinstance(phases.value, list) else 0
    of_phases: list[KeyPath] = [("phases", index, "augment", "noise") for index in range(count)]
    for path in (*_PATHS, *of_phases):
        node = locate(path, document)
        if node.place.path[-1:] != path[-1:] or directory is None:
            continue
        # A path may be a list of several.
        for one in node.value if isinstance(node.value, list) else [node]:
            if isinstance(one.value, str):
                found[one.value] = directory if one.place.file == SET else Path(one.place.file).parent
    return found


def _find_problems_behind_kinds(
    plain: dict[str, Any], problems: Sequence[Problem], document: Node, directory: Path | None
) -> Iterator[Problem]:
    """Yield the problems of an object with a misspelt kind, as if it were spelt correctly."""
    repaired = False
    for slot in ("task", "data", "backbone"):
        kind = locate((slot, "kind"), document)
        meant = [one.suggestion for one in problems if one.place == kind.place and one.suggestion]
        if meant and isinstance(plain.get(slot), dict):
            plain[slot] = {**plain[slot], "kind": meant[0]}
            repaired = True
    if repaired:
        try:
            RunConfig.model_validate(plain, context=_directories(document, directory))
        except ValidationError as error:
            yield from explain_errors(error, document)


def list_decisions(source: str | Path) -> list[str]:
    """Return the comments of a configuration file that ask for a decision (PLEASE DECIDE), each with its line."""
    path = find(source)
    return [
        f"{path}:{node.place.line}: {node.value}"
        for node in _find_comments(_from_file(path, []))
        if _DECISION in node.value
    ]


def _find_comments(node: Node, is_comment: bool = False) -> Iterator[Node]:
    """Yield the texts of comments, which are the values of keys that begin with //."""
    if isinstance(node.value, dict):
        for key, item in node.value.items():
            yield from _find_comments(item, is_comment or key.startswith("//"))
    elif isinstance(node.value, list):
        for item in node.value:
            yield from _find_comments(item, is_comment)
    elif is_comment and isinstance(node.value, str):
        yield node


def list_unchecked(settings: RunConfig) -> list[str]:
    """Return what cannot be checked without the model and the data."""
    unchecked = ["the units in unfreeze", "the data: files, classes and splits"]
    backbones = list(getattr(settings.backbone, "by_input", {"": settings.backbone}).values())
    if any(str(getattr(each, "weights", None)) not in ("None", "embedded") for each in backbones):
        unchecked.append("whether the weights exist")
    if any(getattr(each, key, None) for each in backbones for key in ("preset", "path")):
        unchecked.append("whether the backbone is where it says")
    if any(isinstance(each, KerasHub) and each.options for each in backbones):
        unchecked.append("whether the backbone's class accepts its options")
    return unchecked
