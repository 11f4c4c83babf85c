"""The origin of every value of a configuration: a line of a file, a preset, the command line, or the default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kerastune_ft.config.compose import with_defaults
from kerastune_ft.config.documents.nodes import KeyPath, Node, format_path, short_json
from kerastune_ft.config.documents.problems import SET
from kerastune_ft.config.options.task_facts import find_facts
from kerastune_ft.config.overrides import SHORT_FORMS
from kerastune_ft.config.read import Composed, compose, read
from kerastune_ft.config.run import RunConfig


@dataclass(frozen=True)
class Origin:
    """A key of a complete configuration, its value, and the origin of that value.

    `origin` is `file`, `extends` (an extended file), `defaults` (in either file), `preset`, `--set` or `default` (built
    in); `file` and `line` say where the value is written, if it is.
    """

    path: str
    value: Any
    origin: str
    preset: str | None = None
    file: str | None = None
    line: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON values."""
        return asdict(self)

    @property
    def words(self) -> str:
        """The origin in a few words, such as `team.json:4, its defaults`."""
        if self.origin in ("default", SET):
            return self.origin
        name = "" if self.file is None else Path(self.file).name
        place = name if self.line is None else f"{name}:{self.line}"
        if self.origin == "preset":
            return f"preset {self.preset}" + (f" ({place})" if place else "")
        return place + {"extends": ", extended", "defaults": ", its defaults"}.get(self.origin, "")

    def cells(self) -> dict[str, str]:
        """Return the row as the cells of a table."""
        return {"path": self.path, "value": short_json(self.value), "from": self.words}


def explain(source: str | Path | Mapping[str, Any], overrides: Sequence[str] = ()) -> list[Origin]:
    """Return path (as `--set` takes it), value and origin of every key of a configuration.

    Model and data are not opened. Raises ConfigError if the configuration has problems.

    >>> next(row for row in explain("medical", ["seed=3"]) if row.path == "seed").origin
    '--set'
    """
    config = read(source, overrides)
    found = compose(source, overrides, [])
    document = with_defaults(found.document)
    return [
        _row(path, value, _find_node(document, path), found, config, document)
        for path, value in _leaves(config.to_json(), ())
    ]


def _leaves(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    else:
        yield path, value


def _find_node(document: Node, path: KeyPath) -> Node | None:
    """Return the node that sets the value at a path, if any; a short form sets the key it stands for."""
    node = document
    for depth, step in enumerate(path):
        child, is_last = node.find(step), depth == len(path) - 1
        if child is not None:
            node = child
        elif is_last and not isinstance(node.value, dict | list) and SHORT_FORMS.get(str(path[depth - 1])) == step:
            return node
        elif step != "options" or is_last:
            # An optimizer's options are written beside its name.
            return None
    return node


def _row(path: KeyPath, value: Any, node: Node | None, found: Composed, config: RunConfig, document: Node) -> Origin:
    address = _address(path, config)
    if path[0] == "phases" and path[2] == "augment" and path[3] != "views" and value is None:
        augment = config.phases[int(path[1])].augment
        facts = find_facts(config.task.to_json())
        operations = augment.resolve(facts.modality) if facts else {}
        value = operations.get(str(path[3]))
        node = _find_node(document, (*path[:3], "preset"))
        if node is not None and str(path[3]) in operations:
            return Origin(address, value, "preset", f"augment {augment.preset}", *_where(node))
    if node is None or (path == ("name",) and found.directory is None and value == "run"):
        return Origin(address, value, "default")
    return Origin(address, value, *_origin(path, node, found), *_where(node))


def _address(path: KeyPath, config: RunConfig) -> str:
    """Return a path as `--set` takes it, with phases by name."""
    if path[0] == "phases" and isinstance(path[1], int):
        path = ("phases", config.phases[path[1]].name, *path[2:])
    if path[2:4] == ("optimizer", "options") and len(path) > 4:
        # They are written beside the optimizer's name.
        path = (*path[:3], *path[4:])
    return format_path(path)


def _where(node: Node) -> tuple[str | None, int | None]:
    return (None, None) if node.place.file == SET else (node.place.file, node.name_place.line)


def _origin(path: KeyPath, node: Node, found: Composed) -> tuple[str, str | None]:
    """Return the origin of a written value, and the preset if it comes from one."""
    place, schedule = node.place, found.schedule
    if place.file == SET:
        return SET, None
    if path[0] == "phases" and place.path[:1] == ("defaults",):
        return "defaults", None
    if path[0] == "phases" and schedule and not isinstance(schedule.value, list) and isinstance(place.path[1], int):
        # Values of a preset have the place of a phase that is not written.
        plain = schedule.plain()
        return "preset", plain["preset"] if isinstance(plain, dict) else plain
    return "file" if place.file == found.file else "extends", None
