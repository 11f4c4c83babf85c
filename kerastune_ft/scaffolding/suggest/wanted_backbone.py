"""The backbone, weights and epochs that the user of `init` names, as a configuration writes them."""

from __future__ import annotations

import difflib
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kerastune_ft.config.facts.applications import APPLICATIONS
from kerastune_ft.config.facts.hub_families import BY_CLASS
from kerastune_ft.config.options.paths import WEIGHT_WORDS
from kerastune_ft.config.options.task_facts import AUDIO, IMAGE
from kerastune_ft.errors import ConfigError
from kerastune_ft.scaffolding.findings import add_with_reason
from kerastune_ft.scaffolding.suggest.weights_width import find_alpha
from kerastune_ft.storage import expand_home

_GIVEN = "given by --backbone"
# By modality, a likely input of a saved model, and the question about it.
_LIKELY_INPUT: Mapping[str, tuple[Any, str]] = {
    IMAGE: (
        "0-1",
        'in which range does {} take pixels? "0-1" is written; others are "0-255", "-1-1", "caffe" (ResNet50, VGG), '
        '"torch" and {{"scale": s, "offset": o}}',
    ),
    AUDIO: (
        {"log_mel": {}},
        'how do sounds become what {} takes? {{"log_mel": {{}}}} is written, a spectrogram; others are "yamnet", and '
        'for a model of images the range of their pixels, as "0-1"',
    ),
}
# The kind of backbone that has a key which no other has.
_KINDS = {"name": "applications", "preset": "keras_hub", "class": "keras_hub"}
# Files that tell a folder of a run from one of a preset.
_OF_RUN = ("manifest.json", "plan.json")


def read_backbone(text: str | None, weights: str | None, relate: Callable[[Path], str]) -> dict[str, Any] | None:
    """Return the configuration's `backbone` for the words of --backbone and --weights; None where neither is given.

    `text` is a model of tf.keras.applications, a class or preset of keras-hub, a .keras file, or the directory of a
    preset or run; `relate` returns a path as the configuration writes it. Raises ConfigError for unknown names, files
    that are not there, and weights of what has its own.
    """
    if text is None:
        if weights is not None:
            raise ConfigError("--weights: nothing says which model they are of; name it, as  --backbone MobileNetV2")
        return None
    found = _find(text, relate)
    if weights is None:
        return found
    if found["kind"] != "applications":
        raise ConfigError(f"--weights: {text} brings weights of its own, or has none; leave --weights out")
    found["weights"] = _read_weights(weights, relate)
    alpha = None if weights in (*WEIGHT_WORDS, "null") else find_alpha(text, Path(expand_home(weights)))
    if alpha not in (None, 1.0):
        add_with_reason(found, "options", {"alpha": alpha}, "the width that the shapes in the file of weights have")
    return found


def _find(text: str, relate: Callable[[Path], str]) -> dict[str, Any]:
    if text in APPLICATIONS:
        return {"// name": _GIVEN, "kind": "applications", "name": text}
    if text in BY_CLASS:
        return {"// class": f"{_GIVEN}; its weights are random", "kind": "keras_hub", "class": text}
    path = Path(expand_home(text))
    if path.suffix == ".keras":
        _require(path, "--backbone")
        return {"// path": _GIVEN, "kind": "saved", "path": relate(path)}
    if path.is_dir() and any((path / name).is_file() for name in _OF_RUN):
        return {"// path": f"{_GIVEN}, an earlier run", "kind": "run", "path": relate(path)}
    if path.is_dir():
        # Without a slash it would be the name of a preset.
        written = relate(path)
        return {"// preset": _GIVEN, "kind": "keras_hub", "preset": written if "/" in written else f"./{written}"}
    if "://" not in text:
        _refuse_misspelt(text, path)
    return {"// preset": _GIVEN, "kind": "keras_hub", "preset": text}


def _refuse_misspelt(text: str, path: Path) -> None:
    """Raise ConfigError for a name that must be a model's, which begin with capitals, or a path."""
    names = {name.casefold(): name for name in (*APPLICATIONS, *BY_CLASS)}
    near = difflib.get_close_matches(text.casefold(), names, n=1, cutoff=0.75)
    if near and (text != text.lower() or near[0] == text.casefold()):
        raise ConfigError(f'--backbone: "{text}" is unknown; did you mean "{names[near[0]]}"?')
    if text != text.lower() or os.sep in text:
        _require(path, "--backbone")


def complete_backbone(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration's `backbone` with the `kind` that its other keys show, where it is left out."""
    if "kind" in options:
        return dict(options)
    kind = next((kind for key, kind in _KINDS.items() if key in options), None)
    if kind is None and "path" in options:
        kind = _find(os.fspath(options["path"]), str)["kind"]
    if kind is None:
        raise ConfigError(
            f"--backbone: nothing in {dict(options)!r} says which model it is; write one of "
            f"{', '.join([*_KINDS, 'path'])} in it"
        )
    return {"kind": kind, **options}


def _read_weights(text: str, relate: Callable[[Path], str]) -> str | None:
    if text in WEIGHT_WORDS:
        return text
    if text == "null":
        return None
    path = Path(expand_home(text))
    _require(path, "--weights")
    written = relate(path)
    return written if any(mark in written for mark in "/.") else f"./{written}"


def _require(path: Path, option: str) -> None:
    if not path.exists():
        raise ConfigError(
            f"{option}: {path} is neither there nor a name that is known; see  python -m kerastune_ft backbones"
        )


def add_input(backbone: dict[str, Any], modality: str, file: Path) -> str:
    """Add a likely `input` to a saved model that does not say what it takes, and return the question, if there is one.

    `file` is the model's, which is searched for a layer that rescales pixels without building it.
    """
    if backbone["kind"] != "saved" or modality not in _LIKELY_INPUT:
        return ""
    likely, question = _LIKELY_INPUT[modality]
    if modality == IMAGE and _has_rescaling(file):
        return ""
    add_with_reason(backbone, "input", likely, "a guess: the file does not say it")
    return question.format(file.name)


def _has_rescaling(file: Path) -> bool:
    """Return whether a model has a layer that rescales pixels, or cannot be searched."""
    try:
        with zipfile.ZipFile(file) as archive:
            text = archive.read("config.json").decode()
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return True
    return any(f'"class_name": "{name}"' in text for name in ("Rescaling", "Normalization"))
