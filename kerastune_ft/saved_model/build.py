"""Makes a `Serving`: of the live model after training, or of a run directory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras

from kerastune_ft.backbones.run import is_inner, read_inputs, tokenizer_of
from kerastune_ft.config.options.task_facts import AUDIO, IMAGE, LANGUAGE, MASKED, PAIR, SEVERAL_INPUTS, SPEECH, TEXT
from kerastune_ft.config.run import RunConfig
from kerastune_ft.data.images.reading import ImageReading
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.data.several.encoding import ColumnEncoding
from kerastune_ft.errors import DataError
from kerastune_ft.graph.rebuild.hub_layers import repair_layer
from kerastune_ft.input.decode import Geometry
from kerastune_ft.input.language.language_loader import DialogueSettings
from kerastune_ft.input.language.masked_loader import MaskedSettings
from kerastune_ft.input.language.pair_rows import PairSettings
from kerastune_ft.input.sounds.resample import Clip
from kerastune_ft.input.speech.transcripts import SpeechSettings
from kerastune_ft.input.texts.row_settings import RowSettings
from kerastune_ft.keras_file import describe_missing_class, describe_newer
from kerastune_ft.quiet_imports import without_remarks_of_sentence_piece, without_warnings_of_keras
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.saved_model.base import Serving, ServingSettings
from kerastune_ft.saved_model.images import ImageServing
from kerastune_ft.saved_model.language import LanguageServing
from kerastune_ft.saved_model.masked import MaskedServing
from kerastune_ft.saved_model.pairs import PairServing
from kerastune_ft.saved_model.several import SeveralServing
from kerastune_ft.saved_model.sounds import SoundServing
from kerastune_ft.saved_model.speech import SpeechServing
from kerastune_ft.saved_model.texts import TextServing
from kerastune_ft.storage import as_local_file
from kerastune_ft.tasks.base import Task
from kerastune_ft.tasks.build import build_task
from kerastune_ft.tiles.grid import Grid, make_grid

MODEL, THRESHOLDS = "model/model.keras", "model/thresholds.json"


def make_serving(config: RunConfig, trained: keras.Model, task: Task, loader: Any, preprocessing: str) -> Serving:
    """Return the `Serving` of a live model and the loader that it was trained with.

    `preprocessing` is that of the backbone, in words.
    """
    make, _ = _JOINED.get(config.modality, _SINGLE)
    return make(config, trained, task, loader, preprocessing)


def _make_single(config: RunConfig, trained: keras.Model, task: Task, loader: Any, preprocessing: str) -> Serving:
    serving, of_loader, _ = _MODALITIES[config.modality]
    return serving(trained, task, ServingSettings(trained.name, preprocessing), *of_loader(loader, config))


def _make_several(config: RunConfig, trained: keras.Model, task: Task, loader: Any, preprocessing: str) -> Serving:
    """Return the `Serving` of a live model of several inputs: what each part needs, and the encoding of columns."""
    settings, parts = ServingSettings(trained.name, preprocessing), {}
    for name, part in loader.given.parts.items():
        serving, of_loader, _ = _MODALITIES[part.modality]
        parts[name] = serving(trained, task, settings, *of_loader(loader.parts[name], config))
    return SeveralServing(trained, task, settings, parts, loader.encoding)


def _open_single(
    run: RunDirectory, config: RunConfig, plan: Mapping[str, Any], trained: keras.Model, task: Task
) -> Serving:
    serving, _, of_run = _MODALITIES[config.modality]
    settings = ServingSettings(config.name, plan["backbone"]["preprocessing"])
    return serving(trained, task, settings, *of_run(run, config, plan))


def _open_several(
    run: RunDirectory, config: RunConfig, plan: Mapping[str, Any], trained: keras.Model, task: Task
) -> Serving:
    """Return the `Serving` of a finished run of several inputs."""
    settings, parts = ServingSettings(config.name, plan["backbone"]["preprocessing"]), {}
    for name, part in read_inputs(run, plan).parts.items():
        serving, _, of_run = _MODALITIES[part.modality]
        parts[name] = serving(trained, task, settings, *of_run(run, config, plan))
    columns = plan["inputs"]["columns"]
    return SeveralServing(trained, task, settings, parts, ColumnEncoding.from_json(columns) if columns else None)


def open_serving(run: RunDirectory, config: RunConfig, plan: Mapping[str, Any]) -> Serving:
    """Return the `Serving` of a finished run, from its directory alone; `plan` is its plan.json.

    Raises DataError where the saved model cannot be opened.
    """
    task = build_task(config, LabelScheme.from_json(plan["labels"]), tuple(plan["backbone"]["image_size"]))
    if run.exists(THRESHOLDS):
        task.set_thresholds(run.read_json(THRESHOLDS))
    _, open_trained = _JOINED.get(config.modality, _SINGLE)
    return open_trained(run, config, plan, load_model(run), task)


def load_model(run: RunDirectory) -> keras.Model:
    """Return the trained model of a run, the inner part of its saved model: from static inputs to raw outputs.

    Raises DataError where the file cannot be opened.
    """
    path, newer = run.path / MODEL, None
    try:
        # Keras calls a file that may not be read one that is not there.
        with (
            as_local_file(path) as file,
            file.open("rb"),
            without_warnings_of_keras(),
            without_remarks_of_sentence_piece(),
        ):
            newer = describe_newer(file)
            saved = keras.models.load_model(file, compile=False)
    except PermissionError:
        raise
    except (OSError, ValueError, TypeError) as problem:
        said = " ".join(str(problem).split())[:200]
        remedy = (
            newer
            or describe_missing_class(str(problem))
            or f"{said}\nRestore it, or give the run's command with --fresh"
        )
        raise DataError(f"{path} cannot be opened: {remedy}") from problem
    found = next(layer for layer in saved.layers if is_inner(layer))
    repair_layer(found)
    return found


def _read_geometry(
    run: RunDirectory, config: RunConfig, plan: Mapping[str, Any]
) -> tuple[Geometry, ImageReading, Grid | None]:
    height, width = plan["backbone"]["image_size"]
    reading = ImageReading.of(config.data, config.rules)
    return Geometry(height, width, config.data.resize), reading, make_grid(config.data.tiles)


def _read_clip(run: RunDirectory, config: RunConfig, plan: Mapping[str, Any]) -> tuple[Clip]:
    return (Clip(plan["sound"]["sample_rate"], plan["sound"]["samples"]),)


def _read_row_settings(run: RunDirectory, config: RunConfig, plan: Mapping[str, Any]) -> tuple[RowSettings]:
    return (RowSettings.from_plan(plan["text"], tokenizer_of(run, plan)),)


def _read_dialogues(run: RunDirectory, config: RunConfig, plan: Mapping[str, Any]) -> tuple[DialogueSettings]:
    return (DialogueSettings.from_plan(plan["language"], tokenizer_of(run, plan)),)


def _read_masked(run: RunDirectory, config: RunConfig, plan: Mapping[str, Any]) -> tuple[MaskedSettings]:
    return (MaskedSettings.from_plan(plan, tokenizer_of(run, plan)),)


def _read_speech(run: RunDirectory, config: RunConfig, plan: Mapping[str, Any]) -> tuple[SpeechSettings]:
    return (SpeechSettings.from_plan(plan, tokenizer_of(run, plan)),)


def _get_speech(loader: Any, config: RunConfig) -> tuple[SpeechSettings]:
    return (loader.settings,)


def _read_pairs(run: RunDirectory, config: RunConfig, plan: Mapping[str, Any]) -> tuple[Any]:
    """Return the settings of rows of a model that writes a text for another, or of one that goes on with the text."""
    if plan.get("pair"):
        return (PairSettings.from_plan(plan["pair"], tokenizer_of(run, plan)),)
    return _read_dialogues(run, config, plan)


def _serve_pairs(trained: keras.Model, task: Task, settings: ServingSettings, own: Any) -> Serving:
    return _WRITTEN[own.given.modality](trained, task, settings, own)


def _get_settings(loader: Any, config: RunConfig) -> tuple[Any]:
    return (loader.settings,)


def _get_geometry(loader: Any, config: RunConfig) -> tuple[Geometry, ImageReading, Grid | None]:
    return loader.geometry, ImageReading.of(config.data, config.rules), make_grid(config.data.tiles)


def _get_clip(loader: Any, config: RunConfig) -> tuple[Clip]:
    return (loader.geometry,)


def _get_row_settings(loader: Any, config: RunConfig) -> tuple[RowSettings]:
    return (RowSettings(loader.rows.text, len(loader.source.texts[0]), loader.limit, loader.sizes),)


_WRITTEN: Mapping[str, Callable[..., Serving]] = {LANGUAGE: LanguageServing, PAIR: PairServing}
"""By the modality of a backbone that writes, what serves it."""
_Arguments = Callable[..., tuple[Any, ...]]
_MODALITIES: Mapping[str, tuple[Callable[..., Serving], _Arguments, _Arguments]] = {
    IMAGE: (ImageServing, _get_geometry, _read_geometry),
    AUDIO: (SoundServing, _get_clip, _read_clip),
    TEXT: (TextServing, _get_row_settings, _read_row_settings),
    LANGUAGE: (LanguageServing, _get_settings, _read_dialogues),
    MASKED: (MaskedServing, _get_settings, _read_masked),
    PAIR: (_serve_pairs, _get_settings, _read_pairs),
    SPEECH: (SpeechServing, _get_speech, _read_speech),
}
_SINGLE = _make_single, _open_single
_JOINED: Mapping[str, tuple[Callable[..., Serving], Callable[..., Serving]]] = {
    SEVERAL_INPUTS: (_make_several, _open_several)
}
"""For inputs that are made of others: what makes the `Serving` of a live model, and of a run."""
