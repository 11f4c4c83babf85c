"""The names of files that data in memory were written to, which say what they were and a hash of their content."""

from __future__ import annotations

import re

_WRITTEN = re.compile(r"([a-z]+)-([0-9a-f]{16})(\.parquet|\.npz)?")
_SHOWN = {"table": "DataFrame"}
# A DataFrame and arrays have no places by which a list would be named.
_NO_LISTS = ("table", "arrays")
_DIGITS = 4


def describe_form(name: str) -> str:
    """Return the words for data in memory that were written under a name, for errors about the file."""
    return f"the {_SHOWN[name]}" if name in _SHOWN else "the given data"


def is_written(name: str) -> bool:
    """Return whether a file of this name was written for data in memory."""
    return _WRITTEN.fullmatch(name) is not None


def is_of_list(name: str) -> bool:
    """Return whether a file of this name holds what was given as a list."""
    found = _WRITTEN.fullmatch(name)
    return found is not None and found[1] not in _NO_LISTS


def shorten_data_name(name: str) -> str:
    """Return what a name of data is shown as: that of data in memory is their kind with a few digits of the hash.

    >>> shorten_data_name("table-f3c7349c446d5b68.parquet")
    'DataFrame f3c7'
    """
    found = _WRITTEN.fullmatch(name)
    return f"{_SHOWN.get(found[1], found[1])} {found[2][:_DIGITS]}" if found else name
