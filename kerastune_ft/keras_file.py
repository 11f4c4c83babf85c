"""Which version of Keras wrote a `.keras` file: Keras does not promise that an older one opens it."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import re
import zipfile
from pathlib import Path

_ABOUT = "metadata.json"


def describe_newer(file: Path) -> str | None:
    """Return a sentence with a remedy where a newer Keras than that here wrote a local file; else None."""
    written, here = _read_version(file), importlib.metadata.version("keras")
    if written is None or _numbers(written) <= _numbers(here):
        return None
    return (
        f'Keras {written} wrote it, and Keras {here} is here, which is older: python -m pip install "keras>={written}"'
    )


def describe_missing_class(error: str) -> str | None:
    """Return a sentence with a remedy where Keras did not know a class of a file, by the text of its error."""
    if missing := re.search(r"Could not locate (?:class|function) '([^']+)'", error):
        name = missing[1]
        return (
            f"it needs {name}, Python code that is not in Keras and is not run from a file; call this in Python where "
            f'{name} is known, within keras.saving.custom_object_scope({{"{name}": {name}}}), or build the model of '
            "stock layers, copy the weights, and save it again"
        )
    return None


def _read_version(file: Path) -> str | None:
    with contextlib.suppress(OSError, ValueError, KeyError, AttributeError, zipfile.BadZipFile):
        with zipfile.ZipFile(file) as archive:
            found = json.loads(archive.read(_ABOUT)).get("keras_version")
        return found if isinstance(found, str) else None
    return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:3]))
