"""Reading a search space and checking it against the configuration it varies, all problems at once."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kerastune_ft.config.documents.json_parser import BrokenDocument, parse
from kerastune_ft.config.documents.nodes import Node, Place, as_node, short_json, without_comments
from kerastune_ft.config.documents.problems import SET, Problem, make_error
from kerastune_ft.config.read import read
from kerastune_ft.config.run import RunConfig, config_hash
from kerastune_ft.config.words import nearest, right_key
from kerastune_ft.errors import ConfigError
from kerastune_ft.storage import expand_home
from kerastune_ft.trials.dimensions import Choices, Dimension, Range, list_overrides

Source = str | Path | Mapping[str, Any]
_KEYS = ("low", "high", "scale", "step")
_SCALES = ("linear", "log")
_INLINE = "space"
_EXAMPLE = '{"phases.head.learning_rate": {"low": 1e-4, "high": 1e-1, "scale": "log"}, "head.dropout": [0, 0.2, 0.5]}'
# All corners of a space are checked up to this many; of more, pairs of ends.
MOST_CORNERS, _MOST_PAIRS = 256, 4096
# What belongs to the search and not to a trial.
_NOT_SEARCHED = ("output", "runtime", "name", "version", "extends", "task", "data", "$schema")
# What no trial does, so that it would change nothing of its figures.
_AFTER_TRIALS = {"refit": "trials are compared before any refit; set it in the configuration, for the run of the best"}
# How examples are brought to the model, whichever they are.
_SEARCHED = ("runtime.precision", *(f"data.{key}" for key in ("resize", "sequence_length", "long_texts", "seconds")))


@dataclass(frozen=True)
class Space:
    """What a search varies of a configuration: one dimension for each key."""

    source: Source
    """The configuration that is varied: a file or a document."""
    overrides: tuple[str, ...]
    """What `--set` changes of it."""
    dimensions: tuple[Dimension, ...]
    base: RunConfig
    """The configuration as it is written."""
    _known: dict[str, RunConfig] = field(default_factory=dict, compare=False)

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the keys that are varied."""
        return tuple(dimension.key for dimension in self.dimensions)

    def configure(self, values: Mapping[str, Any]) -> RunConfig:
        """Return the configuration with values for all keys, or some; raises ConfigError with its problems."""
        text = json.dumps(dict(values), sort_keys=True)
        if text not in self._known:
            made = read(self.source, (*self.overrides, *list_overrides(values)))
            _check_searchable(made)
            self._known[text] = made
        return self._known[text]

    def find_start(self) -> dict[str, Any] | None:
        """Return the values that the configuration itself has, or None where one lies outside of the space."""
        found = {each.key: self._find_written(each) for each in self.dimensions}
        values = {key: value[0] for key, value in found.items() if value}
        if len(values) < len(found):
            return None
        return values if config_hash(self.configure(values)) == config_hash(self.base) else None

    def _find_written(self, dimension: Dimension) -> list[Any]:
        """Return the value of the configuration itself in a list, which is empty where the dimension has it not."""
        wanted = config_hash(self.base)
        if isinstance(dimension, Choices):
            return [each for each in dimension.values if config_hash(self.configure({dimension.key: each})) == wanted]
        numbers = sorted(number for number in set(_find_numbers(self.base.to_json())) if dimension.holds(number))
        typed = [int(number) if dimension.is_whole else number for number in numbers]
        return [each for each in typed if config_hash(self.configure({dimension.key: each})) == wanted][:1]

    def list_corners(self) -> list[dict[str, Any]]:
        """Return the combinations of the ends of all dimensions; pairs of ends where these are too many."""
        ends = [[(each.key, end) for end in each.ends] for each in self.dimensions]
        if math.prod(map(len, ends)) <= MOST_CORNERS:
            return [dict(corner) for corner in itertools.product(*ends)]
        pairs = (pair for one, other in itertools.combinations(ends, 2) for pair in itertools.product(one, other))
        return [dict(pair) for pair in itertools.islice(pairs, _MOST_PAIRS)]

    def to_json(self) -> dict[str, Any]:
        """Return the space as a JSON object."""
        return {dimension.key: dimension.to_json() for dimension in self.dimensions}


def _find_numbers(value: Any) -> Iterator[float]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _find_numbers(item)
    elif isinstance(value, list):
        for item in value:
            yield from _find_numbers(item)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield value


def read_space(source: Source, overrides: Sequence[str], space: Source) -> Space:
    """Return the space of a file, of a text that is a JSON object, or of a dict, for a configuration.

    Raises ConfigError for a configuration that is wrong as it is written, and one with every problem of the space: keys
    that there are not, values that they do not take, and combinations of ends that contradict each other.
    """
    base = read(source, overrides)
    _check_searchable(base)
    document, file, problems = _load(space)
    made = Space(source, tuple(overrides), (), base)
    dimensions = []
    for key, node in document.items():
        found: list[Problem] = []
        dimension = _read_dimension(key, node, found)
        if dimension is not None and not found:
            found, dimension = _check_alone(made, dimension, node)
        problems += found
        if dimension is not None:
            dimensions.append(dimension)
    made = Space(source, tuple(overrides), tuple(dimensions), base, made._known)
    if not problems:
        problems += _check_corners(made, document)
    if problems:
        raise make_error(problems, file, on_disk=False)
    return made


def _check_searchable(config: RunConfig) -> None:
    """Raise ConfigError for phases that a run would choose itself, and for objects of Python, which trials lack."""
    if config.python is not None:
        raise ConfigError(
            f"python: trials have no objects of yours, and this configuration goes with {config.python.arguments}; "
            "search with the task's own, and give yours to kt.run with the best configuration"
        )
    if config.awaits_choice:
        raise ConfigError(
            'phases: "auto" chooses by measurements of its own; write the phases that "plan --resolve --write FILE" '
            "chooses, or a preset"
        )


def _load(space: Source) -> tuple[dict[str, Node], str, list[Problem]]:
    """Return the entries of a space, the file they are from, and problems that do not stop reading."""
    if isinstance(space, Mapping):
        try:
            node, problems = as_node(space, Place(_INLINE)), list[Problem]()
        except TypeError as error:
            raise ConfigError(
                f"{_INLINE}: {error}; give texts, numbers, true, false, null, lists and objects"
            ) from error
        file = _INLINE
    else:
        text = str(space)
        file = _INLINE if text.lstrip().startswith(("{", "[")) else text
        if file != _INLINE:
            text = _read_file(text)
        try:
            node, problems = parse(text, file)
        except BrokenDocument as broken:
            raise make_error(broken.problems, file, on_disk=False) from broken
    if not isinstance(node.value, dict) or not without_comments(node).value:
        message = f"a space is an object with the keys to vary, as {_EXAMPLE}"
        raise make_error([*problems, Problem(node.place, message)], file, on_disk=False)
    return without_comments(node).value, file, problems


def _read_file(path: str) -> str:
    place = Path(expand_home(path))
    try:
        return place.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8; save the file as UTF-8") from error
    except FileNotFoundError as error:
        beside = nearest(place.name, [one.name for one in place.parent.glob("*.json")]) if place.name else None
        hint = (
            f'; did you mean "{place.parent / beside}"?' if beside else f"; write one, or give the object: {_EXAMPLE}"
        )
        raise ConfigError(f"no space {path}: it does not exist{hint}") from error
    except OSError as error:
        raise ConfigError(f"no space {path}: {(error.strerror or str(error)).lower()}") from error


def _check_key(key: str, node: Node, problems: list[Problem]) -> None:
    """Add a problem for a key that no trial may have of its own."""
    first = key.split(".")[0].split("[")[0]
    if first in _AFTER_TRIALS:
        problems.append(Problem(node.name_place, _AFTER_TRIALS[first], node.plain()))
    if first in _NOT_SEARCHED and key not in _SEARCHED:
        message = "it is the same for all trials, which are compared on the same data and task; remove it"
        problems.append(Problem(node.name_place, message, node.plain()))


def _read_dimension(key: str, node: Node, problems: list[Problem]) -> Dimension | None:
    _check_key(key, node, problems)
    if isinstance(node.value, list):
        values = [item.plain() for item in node.value]
        texts = [json.dumps(value, sort_keys=True) for value in values]
        twice = next((at for at, text in enumerate(texts) if text in texts[:at]), None)
        if twice is not None:
            problems.append(
                Problem(node.value[twice].place, f"{texts[twice]} is there twice; remove one", values[twice])
            )
        elif len(values) < 2:
            message = "one value is no choice; write two or more, or set the key in the configuration"
            problems.append(Problem(node.name_place, message, values))
        return Choices(key, tuple(values))
    if isinstance(node.value, dict):
        return _read_range(key, node, problems)
    message = (
        f'{short_json(node.plain())} is no range and no choices; write {{"low": 1, "high": 5}} or a list of values'
    )
    problems.append(Problem(node.place, message, node.plain()))
    return None


def _read_range(key: str, node: Node, problems: list[Problem]) -> Range | None:
    count = len(problems)
    for name, item in node.value.items():
        if name not in _KEYS:
            meant, _ = right_key(name, _KEYS)
            message = (
                f'unknown key; did you mean "{meant}"?' if meant else f"unknown key; a range has {', '.join(_KEYS)}"
            )
            problems.append(Problem(item.name_place, message, item.plain(), meant))
    given = {name: node.value[name].plain() for name in _KEYS if name in node.value}
    for name in ("low", "high"):
        if name not in given:
            message = 'missing; a range is {"low": 1, "high": 5}, and values of no order are a list'
            problems.append(Problem(node.name_place.child(name), message))
    for name in ("low", "high", "step"):
        if name in given and (isinstance(given[name], bool) or not isinstance(given[name], int | float)):
            problems.append(Problem(node.value[name].place, f"{short_json(given[name])} is not a number", given[name]))
    scale = given.get("scale", "linear")
    if scale not in _SCALES:
        meant = nearest(str(scale), _SCALES)
        ending = f'did you mean "{meant}"?' if meant else 'write "linear" or "log"'
        problems.append(Problem(node.value["scale"].place, f"{short_json(scale)} is no scale; {ending}", scale, meant))
    if len(problems) > count:
        return None
    low, high, step = given["low"], given["high"], given.get("step")
    for name, message in _find_faults(low, high, step, scale == "log"):
        problems.append(Problem(node.value[name].place, message, given[name]))
    if len(problems) > count:
        return None
    is_whole = isinstance(low, int) and isinstance(high, int) and not isinstance(step, float)
    low, high = (low, high) if is_whole else (float(low), float(high))
    return Range(key, low, high, scale == "log", step, is_whole)


def _find_faults(low: float, high: float, step: float | None, log: bool) -> Iterator[tuple[str, str]]:
    """Yield the key and the message of what is wrong with the numbers of a range."""
    if low >= high:
        yield "high", f"{high:g} is not above low, {low:g}"
    if log and low <= 0:
        yield "low", f'{low:g} has no logarithm; write a number above 0, or "scale": "linear"'
    if step is not None and log:
        yield "step", 'equal steps and "scale": "log" exclude each other; list the values'
    elif step is not None and not 0 < step <= high - low:
        yield "step", f"{step:g} does not lie between 0 and the width of the range, {high - low:g}"


def _check_alone(space: Space, dimension: Dimension, node: Node) -> tuple[list[Problem], Dimension]:
    """Return what is wrong with the ends of a dimension, each beside the configuration as it is.

    Also return the dimension, of whole numbers where the key takes no others.
    """
    if isinstance(dimension, Range):
        dimension = _as_key_takes(space, dimension)
    found: list[Problem] = []
    by_end = [_list_problems(space, {dimension.key: end}) for end in dimension.ends]
    for number, (end, problems) in enumerate(zip(dimension.ends, by_end, strict=True)):
        place = node.value[number].place if isinstance(node.value, list) else node.value[("low", "high")[number]].place
        for problem in problems:
            # What is wrong whatever the value is the key.
            is_of_key = all(any(problem.message == one.message for one in others) for others in by_end)
            message = _explain(problem, dimension.key)
            found.append(Problem(node.name_place if is_of_key else place, message, end, problem.suggestion))
    return found, dimension


def _explain(problem: Problem, key: str) -> str:
    """Return the message of a problem in a trial's configuration, with its place where that is not the key."""
    place = problem.to_json()["place"]
    return problem.message if not place or _ends_alike(place, key) else f"{place}: {problem.message}"


def _ends_alike(place: str, key: str) -> bool:
    return place.removesuffix(".peak").split(".")[-1] == key.split(".")[-1]


def _as_key_takes(space: Space, dimension: Range) -> Range:
    """Return a range whose ends are whole as one of any numbers where the key takes these too."""
    if not dimension.is_whole or dimension.step is not None:
        return dimension
    if _list_problems(space, {dimension.key: dimension.low + 0.5}):
        return dimension
    return replace(dimension, low=float(dimension.low), high=float(dimension.high), is_whole=False)


def _list_problems(space: Space, values: Mapping[str, Any]) -> list[Problem]:
    try:
        space.configure(values)
    except ConfigError as error:
        return list(error.problems) or [Problem(Place(SET), str(error))]
    return []


def _check_corners(space: Space, document: Mapping[str, Node]) -> list[Problem]:
    """Return the problems of ends that are right alone and wrong together, once for each message."""
    found: dict[str, Problem] = {}
    for corner in space.list_corners():
        for problem in _list_problems(space, corner):
            culprits = _find_culprits(space, corner, problem.message)
            said = " and ".join(f"{key} = {short_json(value)}" for key, value in culprits.items())
            place = document[next(iter(culprits))].name_place
            message = f"with {said}: {_explain(problem, '')}"
            found.setdefault(problem.message + said, Problem(place, message, dict(culprits)))
    return list(found.values())


def _find_culprits(space: Space, corner: Mapping[str, Any], message: str) -> dict[str, Any]:
    """Return the fewest values of a corner that make a problem, by leaving out one after the other."""
    culprits = dict(corner)
    for key in corner:
        fewer = {name: value for name, value in culprits.items() if name != key}
        if fewer and any(problem.message == message for problem in _list_problems(space, fewer)):
            culprits = fewer
    return culprits
