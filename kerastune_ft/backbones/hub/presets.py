"""Finds a preset of keras-hub within seconds: in a local directory, in a cache, or on a hub that can be reached."""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from kerastune_ft.config.words import right_value
from kerastune_ft.errors import ConfigError
from kerastune_ft.storage import expand_home

_PLACE = "backbone.preset"
_CONFIG, _TASK = "config.json", "task.json"
_WEIGHTS = ("*.weights.h5", "*.safetensors", "*.bin")
_HOSTS = {"kaggle": "api.kaggle.com", "hf": "huggingface.co", "modelscope": "modelscope.cn"}
_FORMS = {"kaggle": r"[^/]+/[^/]+/[^/]+/[^/]+(/\d+)?", "hf": r"[^/]+(/[^/]+)?", "modelscope": r"[^/]+/[^/]+"}
_WRITTEN = "kaggle://ORG/MODEL/keras/NAME, hf://ORG/NAME, modelscope://ORG/NAME, or a local directory"
_HUBS = {"kaggle": "Kaggle", "hf": "Hugging Face", "modelscope": "ModelScope"}
_ACCESS = {
    "kaggle": "accept its terms on its page at kaggle.com and set KAGGLE_USERNAME and KAGGLE_KEY",
    "hf": "accept its terms on its page at huggingface.co and set HF_TOKEN",
    "modelscope": "ask for access on its page at modelscope.cn and log in",
}


def locate(preset: str, known: dict[str, Any]) -> str:
    """Return the directory of a preset that is on this machine, else its handle if its hub can be reached.

    `known` are keras-hub's own presets by name. Raises ConfigError for a preset that is neither.
    """
    if Path(preset).is_dir():
        return str(_check_directory(Path(preset)))
    handle = known[preset]["kaggle_handle"] if preset in known else preset
    scheme, separator, rest = handle.partition("://")
    if not separator or scheme not in _HOSTS:
        raise _unknown_preset(preset, known)
    if not re.fullmatch(_FORMS[scheme], rest):
        raise ConfigError(f"{_PLACE}: {preset} is no whole name; write {_WRITTEN}")
    for directory in _directories_in_cache(scheme, rest):
        if _is_whole(directory):
            return str(directory)
    if scheme == "modelscope" and not _has_modelscope():
        raise ConfigError(
            f"{_PLACE}: {preset} needs the package modelscope; install it: python -m pip install modelscope"
        )
    if not _reachable(_HOSTS[scheme]):
        raise _missing_preset(preset, scheme, rest, f"it is not in the cache, and {_HOSTS[scheme]} cannot be reached")
    return handle


def explain_refusal(preset: str, handle: str, error: Exception) -> ConfigError:
    """Return the error for a preset that could not be loaded from its hub."""
    scheme = handle.partition("://")[0]
    why = next(iter(str(error).strip().splitlines()), type(error).__name__)
    if scheme not in _HUBS:
        return ConfigError(f"{_PLACE}: {preset} cannot be loaded: {why}; is the directory complete?")
    gated = re.search(r"403|401|gated|terms|permission|restricted", str(error), re.IGNORECASE)
    remedy = f"if the model is gated, {_ACCESS[scheme]}; " if gated else ""
    return ConfigError(
        f"{_PLACE}: {preset} cannot be loaded from {_HUBS[scheme]}: {why}\n  {remedy}check the name at the page of the "
        "model, or give a directory that preset.save_to_preset wrote"
    )


def class_name(directory: Path) -> str:
    """Return the name of the class of the backbone in a preset directory; empty where its file does not tell."""
    return _read_class(directory / _CONFIG)


def task_name(directory: Path) -> str:
    """Return the name of the class whose head is in a preset directory too; empty where there is none."""
    return _read_class(directory / _TASK)


def _read_class(path: Path) -> str:
    try:
        found = json.loads(path.read_text(encoding="utf-8")).get("class_name")
    except (OSError, ValueError, AttributeError):
        return ""
    return found if isinstance(found, str) else ""


def content_hash(directory: Path) -> str:
    """Return the SHA-256 over the files of weights in a preset directory."""
    digest = hashlib.sha256()
    for path in _weights(directory):
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def sequence_length(directory: Path) -> int | None:
    """Return the length of a row of the preset's own preprocessor, if it has one."""
    path = directory / "preprocessor.json"
    if not path.is_file():
        return None
    try:
        length = json.loads(path.read_text(encoding="utf-8")).get("config", {}).get("sequence_length")
    except (ValueError, AttributeError):
        return None
    return length if isinstance(length, int) and length > 0 else None


def _check_directory(directory: Path) -> Path:
    if not (directory / _CONFIG).is_file():
        held = ", ".join(sorted(path.name for path in directory.iterdir())[:5]) or "nothing"
        raise ConfigError(
            f"{_PLACE}: {directory} is no preset: it has no {_CONFIG} (it holds {held}); give the directory that "
            "save_to_preset of keras-hub wrote"
        )
    if not _is_whole(directory):
        raise ConfigError(f"{_PLACE}: {directory} has no file of weights ({_WEIGHTS[0]}); is the copy complete?")
    return directory


def _is_whole(directory: Path) -> bool:
    return (directory / _CONFIG).is_file() and bool(_weights(directory))


def _weights(directory: Path) -> list[Path]:
    return sorted(path for pattern in _WEIGHTS for path in directory.glob(pattern))


def _directories_in_cache(scheme: str, rest: str) -> Iterator[Path]:
    """Yield the directories where the hub's own client keeps this model, the newest version first."""
    if scheme == "kaggle":
        folder = cache_directory(scheme) / "models" / rest
        yield folder
        versions = [path for path in folder.glob("*") if path.name.isdigit()]
        yield from sorted(versions, key=lambda path: int(path.name), reverse=True)
    elif scheme == "hf":
        folder = cache_directory(scheme) / f"models--{rest.replace('/', '--')}"
        pointer = folder / "refs" / "main"
        if pointer.is_file():
            yield folder / "snapshots" / pointer.read_text(encoding="utf-8").strip()
    else:
        yield cache_directory(scheme) / "models" / rest
        yield cache_directory(scheme) / rest


def cache_directory(scheme: str) -> Path:
    """Return the directory where the client of a hub keeps models, by the rule of that client."""
    home = Path(expand_home(os.environ.get("XDG_CACHE_HOME") or "~/.cache"))
    if scheme == "kaggle":
        return Path(expand_home(os.environ.get("KAGGLEHUB_CACHE") or "~/.cache/kagglehub"))
    if scheme == "hf":
        named = os.environ.get("HF_HUB_CACHE")
        return Path(expand_home(named or Path(os.environ.get("HF_HOME") or home / "huggingface") / "hub"))
    return Path(expand_home(os.environ.get("MODELSCOPE_CACHE") or "~/.cache/modelscope/hub"))


def _unknown_preset(preset: str, known: dict[str, Any]) -> ConfigError:
    near = right_value(preset, known)
    hint = f"did you mean {near!r}? " if near else ""
    if "/" in preset and "://" not in preset:
        hint = (
            f"there is no such directory; for Hugging Face write hf://{preset.rsplit('/', 2)[-2]}/{Path(preset).name}; "
        )
    return ConfigError(
        f"{_PLACE}: {preset!r} is no preset of keras-hub {version('keras-hub')}; {hint}give the name of one, {_WRITTEN}"
    )


def _missing_preset(preset: str, scheme: str, rest: str, why: str) -> ConfigError:
    directory = next(_directories_in_cache(scheme, rest), cache_directory(scheme))
    return ConfigError(
        f"{_PLACE}: {preset} is not there: {why}.\n"
        f"  {_HUBS[scheme]} keeps its models in {directory}. On a machine with a network run\n"
        f"    python -c \"import keras_hub; keras_hub.models.Backbone.from_preset('{preset}')\"\n"
        "  and copy that folder here, or give a local preset directory; or write a class instead of the preset, as\n"
        '  for texts {"kind": "keras_hub", "class": "BertBackbone"}, which has random weights and needs no download.'
    )


def _has_modelscope() -> bool:
    import importlib.util

    return importlib.util.find_spec("modelscope") is not None


def _reachable(host: str) -> bool:
    try:
        socket.create_connection((host, 443), timeout=2.0).close()
    except OSError:
        return False
    return True
