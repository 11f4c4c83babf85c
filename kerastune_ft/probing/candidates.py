"""Backbones that can be had on this machine for a task: the configuration's own, embedded, cached, and named ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from kerastune_ft.backbones.by_name import options_by_name
from kerastune_ft.backbones.hub import presets
from kerastune_ft.backbones.keras_applications import imagenet
from kerastune_ft.backbones.keras_applications.applications import EMBEDDED as EMBEDDED_FILE
from kerastune_ft.config.checks.modality import can_serve
from kerastune_ft.config.facts.advice import advise
from kerastune_ft.config.facts.applications import APPLICATIONS, EMBEDDED
from kerastune_ft.config.facts.hub_families import HUB_FAMILIES
from kerastune_ft.config.one_input import need_one_input
from kerastune_ft.config.options.backbones import Applications, Backbone, EarlierRun, KerasHub, Saved
from kerastune_ft.config.options.task_facts import facts
from kerastune_ft.config.run import RunConfig
from kerastune_ft.errors import ConfigError
from kerastune_ft.storage import expand_home

_APPLICATIONS_TAKE = "image"
_NOT_HERE = "its weights are not here, and only  backbones --on CONFIG --download  fetches any"
_BYTES_OF_PARAMETER = 4
_WEIGHTS = ("*.weights.h5", "*.safetensors", "*.bin")


@dataclass(frozen=True)
class Candidate:
    """A backbone that may be tried."""

    options: Any
    """Its section of the configuration, as the option model."""
    name: str
    """A short name for tables."""
    origin: str
    """Where it comes from: `config`, `embedded`, `cache`, `named` or `download`."""
    weight_bytes: int | None
    """The bytes of its file of weights, or of its parameters in float32; None where that is not known."""
    refused: str = ""
    """Why it is not tried; empty where nothing speaks against it."""

    @property
    def document(self) -> dict[str, Any]:
        """Return its section of the configuration, without what is the default."""
        document: dict[str, Any] = self.options.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return {"kind": self.options.kind, **document}


def find_candidates(
    config: RunConfig, named: Sequence[str] = (), download: bool = False, examples: int = 1_000
) -> list[Candidate]:
    """Return the candidates for the task of a configuration: its own first, the others by the bytes of their weights.

    `named` are words of `--candidate`: a preset, its directory, a .keras file, a run, an architecture, or the JSON
    object of a backbone. With `download` architectures that suit this number of examples count though they are not
    here yet. Raises ConfigError for a named one that is no backbone.
    """
    need_one_input(config, "backbones", "rank those of each input alone, with a configuration that names one column")
    wanted = facts(config.task).modality
    own = _describe(config.backbone, "config")
    others = [_describe(_parse(word), "named") for word in named]
    others += [_describe(options, origin) for options, origin in _find_here(wanted)]
    others += list(_suggest_downloads(wanted, examples, download))
    fitting = [each for each in others if not _is_same(each.options, own.options)]
    distinct = {json.dumps(each.document, sort_keys=True): each for each in reversed(fitting)}
    ordered = sorted(distinct.values(), key=lambda each: (each.weight_bytes is None, each.weight_bytes or 0, each.name))
    return [own, *ordered]


def _is_same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one.to_json() == other.to_json()


def _parse(word: str) -> Any:
    """Return the options of a backbone that a word of `--candidate` names."""
    if word.lstrip().startswith("{"):
        try:
            return TypeAdapter(Backbone).validate_python(json.loads(word))
        except (ValueError, ValidationError) as error:
            reason = " ".join(str(error).split())
            raise ConfigError(f"--candidate: {word} is no backbone section of a configuration: {reason}") from None
    options = options_by_name(word)
    if options is None:
        raise ConfigError(f"--candidate: {word} is a configuration; give its backbone, as a word or as a JSON object")
    # An architecture by its name alone means its ImageNet weights.
    return options.model_copy(update={"weights": "imagenet"}) if isinstance(options, Applications) else options


def _find_here(modality: str) -> Iterator[tuple[Any, str]]:
    """Yield the backbones of a modality that this machine has, with their origins."""
    if can_serve(_APPLICATIONS_TAKE, modality):
        yield Applications(name=EMBEDDED, weights="embedded"), "embedded"
        for name in APPLICATIONS:
            if imagenet.cached_files(name):
                yield Applications(name=name), "cache"
    for handle, directory in _list_cached_presets():
        family = HUB_FAMILIES.get(presets.class_name(directory))
        if family is not None and can_serve(family.modality, modality):
            yield KerasHub(preset=handle), "cache"


def _list_cached_presets() -> Iterator[tuple[str, Path]]:
    """Yield handle and directory of the presets of keras-hub in the caches of Kaggle and Hugging Face."""
    kaggle = presets.cache_directory("kaggle") / "models"
    for model in sorted(kaggle.glob("*/*/keras/*")):
        handle = "kaggle://" + "/".join(model.relative_to(kaggle).parts)
        versions = sorted((path for path in model.glob("*") if path.name.isdigit()), key=lambda path: -int(path.name))
        for directory in (model, *versions):
            if (directory / "config.json").is_file():
                yield handle, directory
                break
    for model in sorted(presets.cache_directory("hf").glob("models--*")):
        pointer = model / "refs" / "main"
        if pointer.is_file():
            directory = model / "snapshots" / pointer.read_text(encoding="utf-8").strip()
            if (directory / "config.json").is_file():
                yield "hf://" + "/".join(model.name.split("--")[1:]), directory


def _suggest_downloads(modality: str, examples: int, download: bool) -> Iterator[Candidate]:
    """Yield architectures that suit the number of examples and are not here; refused unless downloads are asked for."""
    if not can_serve(_APPLICATIONS_TAKE, modality):
        return
    for name in advise(examples, "cpu").backbones:
        if not imagenet.cached_files(name):
            yield _describe(Applications(name=name), "download", "" if download else _NOT_HERE)


def _describe(options: Any, origin: str, refused: str = "") -> Candidate:
    name, size = _DESCRIPTIONS[type(options)](options)
    return Candidate(options, name, origin, size, refused)


def _describe_application(options: Applications) -> tuple[str, int | None]:
    alpha = options.options.get("alpha")
    name = options.name if alpha is None else f"{options.name} {alpha:g}"
    if options.weights == "embedded":
        return f"{name} (embedded)", _file_bytes(EMBEDDED_FILE)
    if options.weights not in ("imagenet", None):
        path = Path(expand_home(str(options.weights)))
        return f"{name} ({path.name})", _file_bytes(path)
    return name, _BYTES_OF_PARAMETER * APPLICATIONS[options.name].parameters


def _describe_hub(options: KerasHub) -> tuple[str, int | None]:
    if options.preset is None:
        return f"{options.class_name} (random)", None
    directory = Path(expand_home(options.preset))
    if not directory.is_dir():
        cached = dict(_list_cached_presets()).get(options.preset)
        if cached is None:
            return options.preset, None
        directory = cached
    size = sum(path.stat().st_size for pattern in _WEIGHTS for path in directory.glob(pattern))
    return (directory.name if "://" not in options.preset else options.preset.partition("://")[2]), size


def _describe_file(options: Saved) -> tuple[str, int | None]:
    path = Path(expand_home(str(options.path)))
    return path.name, _file_bytes(path)


def _describe_run(options: EarlierRun) -> tuple[str, int | None]:
    path = Path(expand_home(str(options.path)))
    return f"run {path.name}", _file_bytes(path / "model" / "model.keras")


_DESCRIPTIONS: Mapping[type, Callable[[Any], tuple[str, int | None]]] = {
    Applications: _describe_application,
    KerasHub: _describe_hub,
    Saved: _describe_file,
    EarlierRun: _describe_run,
}


def _file_bytes(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None
