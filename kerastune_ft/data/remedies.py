"""How examples that cannot be used are left out: by options of data, or, of data that has none, by hand."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator

from kerastune_ft.errors import DataError

_OPTIONS = re.compile(r' (?:write)? *"on_\w+": "skip"(?:, "on_\w+": "skip")*  in data to leave (.+?) out\b')


def skipping(rules: Iterable[str], what: str) -> str:
    """Return what to write to leave examples out by options of data, as it stands behind `or` or `write`."""
    written = ", ".join(f'"{rule}": "skip"' for rule in rules)
    return f" {written}  in data to leave {what} out"


@contextlib.contextmanager
def without_options(place: str) -> Iterator[None]:
    """Let errors about other data than the run's own, for which no option can be written, say what else to do."""
    try:
        yield
    except DataError as error:
        said = _OPTIONS.sub(lambda found: f" take {found[1]} out of {place}", str(error))
        raise DataError(said) from error
