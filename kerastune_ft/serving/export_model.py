"""An export as a served model, without TensorFlow where its format does without.

The code is this package's own copy of the export's predict.py, never a file of the export.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerastune_ft.errors import ConfigError
from kerastune_ft.exporting.script_table import FILE, SCRIPTS, list_beside, read_script
from kerastune_ft.serving.inputs import Form, Given, make_form
from kerastune_ft.serving.several.form import SeveralForm
from kerastune_ft.streams import say_error

DOCUMENT = "export.json"
_VERSION = 1
# How the scripts are given the two texts of a pair.
_BETWEEN = "\t"


class ExportServed:
    """The model of an export, read and computed by the functions that it was compared with its run by."""

    def __init__(self, folder: Path, document: Mapping[str, Any], name: str) -> None:
        """Load the model. Raises ConfigError where its runtime is missing, or the export is not whole."""
        self.name, self.platform = name, str(document["format"])
        self._script = load_script(document)
        self.form, self._pass_on = _open_form(document["modality"], _read_json(folder / "preprocessing.json"))
        self.classes = tuple(_read_json(folder / "labels.json"))
        if _is_of_another_version(folder, document["script"]):
            say_error(
                f"warning: {folder / FILE} is not what this program writes, so that it was made by another version or "
                "changed: what is served is not what was compared with the run; export the run again"
            )
        try:
            self._model = self._script.load(folder)
            self.answer([self.read(self.form.sample)])
        except Exception as error:  # Each runtime raises errors of its own.
            said = " ".join(str(error).split())[:300]
            raise ConfigError(f"{folder} cannot be opened ({said}); export the run again") from error

    def read(self, given: Given) -> Any:
        """Return an input as the export reads it; raise ValueError with the reason where it cannot be."""
        return self._script.read(self._model, self._pass_on(given))

    def answer(self, examples: Sequence[Any]) -> list[dict[str, Any]]:
        """Return the answer of each prepared input."""
        found: list[dict[str, Any]] = self._script.predict(self._model, list(examples))
        return found

    def warm(self, example: Any, shapes: Sequence[int]) -> None:
        """Compute batches of these sizes."""
        for shape in shapes:
            self.answer([example] * shape)


def _open_form(modality: str, about: Mapping[str, Any]) -> tuple[Form, Callable[[Any], Any]]:
    """Return what a model takes, and a function from an input to what its script reads."""
    if "example" in about:
        return SeveralForm.of_export(about["example"]), dict
    form = make_form(modality, int((about.get("text") or {}).get("texts", 1)))
    return form, (lambda given: given) if form.is_binary else _join_texts


def _join_texts(texts: tuple[str, ...]) -> str:
    if len(texts) > 1 and any(_BETWEEN in text for text in texts):
        raise ValueError("has a tab in it, which stands between the two texts of a pair; write a blank")
    return _BETWEEN.join(texts)


def _is_of_another_version(folder: Path, script: str) -> bool:
    """Return whether the predict.py of an export, by which it was compared, is another than this package's."""
    try:
        wanted = {FILE: read_script(script), **list_beside(script)}
        return any((folder / name).read_bytes() != content for name, content in wanted.items())
    except OSError:
        return False


def read_export(folder: Path) -> dict[str, Any]:
    """Return the export.json of a folder; raise ConfigError where it is damaged or of another version."""
    found = _read_json(folder / DOCUMENT)
    if not isinstance(found, dict) or found.get("version") != _VERSION:
        raise ConfigError(f"{folder / DOCUMENT} is not of a version that this program reads; export the run again")
    if lacking := [key for key in ("format", "script", "name", "modality") if not isinstance(found.get(key), str)]:
        raise ConfigError(f"{folder / DOCUMENT} is damaged: it has no {lacking[0]}; export the run again")
    return found


def load_script(document: Mapping[str, Any]) -> Any:
    """Return this package's module of an export's predict.py; raise ConfigError without its runtime."""
    script = document["script"]
    if script not in SCRIPTS.values():
        raise ConfigError(f"{DOCUMENT}: {script!r} is no script of this program; export the run again")
    try:
        return importlib.import_module(f"kerastune_ft.exporting.scripts.{script}")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("kerastune_ft"):
            raise
        missing = (error.name or "").partition(".")[0]
        names = " ".join(document.get("runtime") or [missing])
        raise ConfigError(f"exports as {document['format']} need {missing}: python -m pip install {names}") from error


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read ({error}); export the run again") from error
