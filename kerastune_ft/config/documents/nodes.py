"""Nodes of JSON documents: values with file, path, line and column."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Place:
    """The place of a value; line and column count from 1 and are None without a file."""

    file: str
    path: KeyPath = ()
    line: int | None = None
    column: int | None = None

    def child(self, step: str | int) -> Place:
        """Return the place of a child that is not written."""
        return replace(self, path=(*self.path, step))


@dataclass(frozen=True)
class Node:
    """A JSON value: a dict or list of nodes, or a plain value; `key` is the place of its key, if it has one."""

    value: Any
    place: Place
    key: Place | None = None

    @property
    def name_place(self) -> Place:
        """The place to report: that of the key, if there is one."""
        return self.key or self.place

    def plain(self) -> Any:
        """Return the value without places."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def find(self, step: str | int) -> Node | None:
        """Return the child under a key or an index, if there is one."""
        if isinstance(self.value, dict):
            return self.value.get(step)
        if isinstance(self.value, list) and isinstance(step, int) and 0 <= step < len(self.value):
            return self.value[step]
        return None

    def with_items(self, items: Mapping[str, Node]) -> Node:
        """Return this object with other items."""
        return replace(self, value=dict(items))


def without_comments(node: Node) -> Node:
    """Return the node without keys that begin with `//`, at any depth."""
    if isinstance(node.value, dict):
        kept = {key: without_comments(item) for key, item in node.value.items() if not key.startswith("//")}
        return replace(node, value=kept)
    if isinstance(node.value, list):
        return replace(node, value=[without_comments(item) for item in node.value])
    return node


def as_node(value: Any, place: Place) -> Node:
    """Return a Python value as a node; nested values get that place extended by their path.

    Raises TypeError, with the path, for values that JSON cannot represent.
    """
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"the key {key!r} in {format_path(place.path) or 'it'} is not text")
        return Node({key: as_node(item, place.child(key)) for key, item in value.items()}, place)
    if isinstance(value, list | tuple):
        return Node([as_node(item, place.child(index)) for index, item in enumerate(value)], place)
    if hasattr(value, "__fspath__"):
        return Node(str(value), place)
    if value is None or isinstance(value, str | bool | int | float):
        return Node(value, place)
    raise TypeError(f"{format_path(place.path) or 'it'} is {type(value).__name__}, which JSON cannot represent")


def format_path(path: KeyPath) -> str:
    """Return a path as users write it: phases[1].learning_rate."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def format_pointer(path: KeyPath) -> str:
    """Return a path as a JSON pointer: /phases/1/learning_rate."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def short_json(value: Any, width: int = 60) -> str:
    """Return a value as JSON, cut to a width."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= width else text[: width - 3] + "..."
