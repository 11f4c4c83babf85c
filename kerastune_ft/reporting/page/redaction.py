"""Removes paths and group ids from texts of a report whose configuration says `output.examples: false`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

LEFT_OUT = "(left out)"

_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'|`[^`]*`")
# A word with a slash in it, or one that ends like a file name; a number such as 0.15 is neither.
_PATH = re.compile(r"\S*[\\/]\S*|\S+\.[A-Za-z]\w{1,4}\b")
_BRACKETS = re.compile(r"\(([^()]*)\)")
_ITEMS = re.compile(r", | and ")
_PATH_KEYS = ("path", "file", "data_dir", "directory", "cache_directory")


def withhold(text: str, known: Collection[str], private: Collection[str] = ()) -> str:
    """Return a text without paths, and without quoted words except the `known` ones (classes, phases, units).

    Ids that are `private` are left out where they stand alone in a list in brackets, as notes name groups.
    """

    def withhold_quotation(match: re.Match[str]) -> str:
        return match.group() if match.group()[1:-1] in known else LEFT_OUT

    def withhold_list(match: re.Match[str]) -> str:
        return LEFT_OUT if any(item in private for item in _ITEMS.split(match.group(1))) else match.group()

    return _PATH.sub(LEFT_OUT, _QUOTED.sub(withhold_quotation, _BRACKETS.sub(withhold_list, text)))


def withhold_paths(config: Any) -> Any:
    """Return a configuration without paths, at every depth: values of path keys, and any text with a slash in it."""
    if isinstance(config, Mapping):
        return {
            key: LEFT_OUT if key in _PATH_KEYS and isinstance(value, str) else withhold_paths(value)
            for key, value in config.items()
        }
    if isinstance(config, list):
        return [withhold_paths(item) for item in config]
    return LEFT_OUT if isinstance(config, str) and re.search(r"[\\/]", config) else config


def choose_redaction(shows_examples: bool, known: Collection[str], private: Collection[str]) -> Callable[[str], str]:
    """Return the function that free text is printed through: it removes paths and ids unless examples are shown."""
    return str if shows_examples else lambda text: withhold(str(text), known, private)
