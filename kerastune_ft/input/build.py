"""Builds the data loader for a backbone's input: one per modality."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerastune_ft.backbones.inputs import BackboneInput
from kerastune_ft.config.options.task_facts import AUDIO, IMAGE, LANGUAGE, MASKED, PAIR, SEVERAL_INPUTS, SPEECH, TEXT
from kerastune_ft.data.source import DataSource
from kerastune_ft.input.decode import Geometry
from kerastune_ft.input.image_loader import ImageLoader
from kerastune_ft.input.language.language_loader import build_language_loader
from kerastune_ft.input.language.masked_loader import build_masked_loader
from kerastune_ft.input.language.pair_loader import build_pair_loader
from kerastune_ft.input.loader import Loader, TargetTask
from kerastune_ft.input.several.several_loader import SeveralLoader
from kerastune_ft.input.sounds.resample import Clip, explain_length
from kerastune_ft.input.sounds.sound_loader import SoundLoader
from kerastune_ft.input.speech.speech_loader import build_speech_loader
from kerastune_ft.input.texts.token_loader import build_token_loader
from kerastune_ft.input.tiled.tiled_source import TiledSource
from kerastune_ft.tiles.grid import make_grid


@dataclass(frozen=True)
class LoaderOptions:
    """Options of loading examples, besides the data source and the backbone."""

    data: Any
    """The options of the section `data`."""
    backbone: str
    """The name of the backbone, for messages."""
    cache_directory: Path
    report: Callable[[str], None]
    sizes: Sequence[Any] | None = None
    """The sizes that texts are padded to in an earlier run whose model is used; None to choose them from the data.

    They are numbers, or two of each pair of texts."""


def make_examples(source: DataSource, data: Any) -> DataSource:
    """Return what batches are made of: examples of a source, or, by the options `data`, the tiles of its pictures."""
    grid = make_grid(data.tiles)
    return source if grid is None else TiledSource(source, grid)


def build_loader(source: DataSource, task: TargetTask, given: BackboneInput, options: LoaderOptions) -> Loader:
    """Return the loader of a source for a backbone whose input is `given`."""
    return _LOADERS[given.modality](source, task, given, options)


def _build_image_loader(source: DataSource, task: TargetTask, given: Any, options: LoaderOptions) -> Loader:
    return ImageLoader(
        make_examples(source, options.data), task, Geometry(given.size[0], given.size[1], options.data.resize)
    )


def _build_sound_loader(source: DataSource, task: TargetTask, given: Any, options: LoaderOptions) -> SoundLoader:
    clip = Clip(*given.rate_and_samples)
    reason = explain_length(clip, source.sound_seconds, source.splits, options.data.seconds, options.backbone)
    return SoundLoader(source, task, clip, reason)


def _build_token_loader(source: Any, task: TargetTask, given: Any, options: LoaderOptions) -> Loader:
    return build_token_loader(
        source, task, given, options.data.sequence_length, options.cache_directory, options.report, options.sizes
    )


def _build_language_loader(source: Any, task: TargetTask, given: Any, options: LoaderOptions) -> Loader:
    data = options.data
    return build_language_loader(
        source, task, given, data.sequence_length, options.report, options.sizes, data.target_length
    )


def _build_masked_loader(source: Any, task: Any, given: Any, options: LoaderOptions) -> Loader:
    return build_masked_loader(
        source, task, given, options.data.sequence_length, options.cache_directory, options.report, options.sizes
    )


def _build_speech_loader(source: DataSource, task: TargetTask, given: Any, options: LoaderOptions) -> Loader:
    sounds = _build_sound_loader(source, task, given, options)
    asked = options.data.target_length
    return build_speech_loader(source, task, given, sounds, asked, options.backbone, options.sizes)


def _build_pair_loader(source: Any, task: TargetTask, given: Any, options: LoaderOptions) -> Loader:
    asked = options.data.sequence_length, options.data.target_length
    return build_pair_loader(source, task, given, asked, options.sizes)


def _build_several_loader(source: Any, task: TargetTask, given: Any, options: LoaderOptions) -> Loader:
    parts = {name: build_loader(source.parts[name], task, part, options) for name, part in given.parts.items()}
    return SeveralLoader(source, task, given, parts)


_LOADERS: Mapping[str, Callable[[DataSource, TargetTask, Any, LoaderOptions], Loader]] = {
    IMAGE: _build_image_loader,
    AUDIO: _build_sound_loader,
    SPEECH: _build_speech_loader,
    TEXT: _build_token_loader,
    LANGUAGE: _build_language_loader,
    MASKED: _build_masked_loader,
    PAIR: _build_pair_loader,
    SEVERAL_INPUTS: _build_several_loader,
}
