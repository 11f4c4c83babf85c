"""Writing a configuration to start from, as a function: with a backbone by measurement, where that is asked for."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from kerastune_ft.api.backbones import make_rank
from kerastune_ft.api.engine import parse_seconds
from kerastune_ft.api.row_lengths import measure_local
from kerastune_ft.errors import ConfigError
from kerastune_ft.scaffolding import scaffold
from kerastune_ft.scaffolding.adapt import OWN
from kerastune_ft.scaffolding.measured import USUAL_TIME
from kerastune_ft.scaffolding.scaffold import Scaffolded


def init(
    data: str | os.PathLike[str] | None = None,
    output: str | os.PathLike[str] | None = None,
    *,
    example: str | None = None,
    label: str | Sequence[str] = (),
    backbone: str | os.PathLike[str] | None = None,
    weights: str | os.PathLike[str] | None = None,
    schedule: str | Mapping[str, Any] | None = None,
    epochs: int | None = None,
    adapt: bool | str | os.PathLike[str] = False,
    measure: bool | str | float = False,
) -> Scaffolded:
    """Inspect data and write a short commented configuration for it, or copy one that comes with the package.

    `data` is a folder, an archive of one, a table or an .npz file; `label` names the label column of a table, or the
    several, if their names do not show it. The file is `<name of the data>.json` in the working directory unless
    `output` is given; existing files are never overwritten. `backbone` is the model to write instead of the one that
    fits: a name of tf.keras.applications, a class or preset of keras-hub, or a path; `weights` a file of its weights,
    `schedule` a preset of phases, by name or with its options, and `epochs` those of every phase. With `adapt` two
    files are written: the first run learns the language of the texts without their labels, or of those in a folder or
    table that `adapt` names, and the second begins with its model. `measure` takes the backbone that linear probes on
    the data find best among those that are here, tried for 10 minutes, or for seconds or text such as `3m`; nothing is
    downloaded. Raises ConfigError and DataError.
    """
    _check_types({"data": data, "output": output, "backbone": backbone, "weights": weights})
    if not isinstance(adapt, bool):
        _check_types({"adapt": adapt}, "give True for the texts of the data, or a folder or table of other texts")
    columns = [label] if isinstance(label, str) else label
    if not isinstance(columns, list | tuple) or not all(isinstance(name, str) for name in columns):
        raise ConfigError(f"label: {label!r} names no column; give the name of one, or a list of names")
    if isinstance(measure, list | tuple | dict):
        raise ConfigError(f"measure: {measure!r} is no time; give True, seconds, or text such as 3m")
    try:
        seconds = None if measure is False else parse_seconds(USUAL_TIME if measure is True else measure)
    except ConfigError as error:
        raise ConfigError(f"--measure: {error.sentence}; after --measure stands a time or an option") from None
    rank = None if seconds is None else make_rank(seconds)
    return scaffold.init(
        data, output, example=example, label=columns, backbone=backbone, weights=weights, schedule=schedule,
        epochs=epochs, adapt=(OWN if adapt is True else None if adapt is False else adapt), rank=rank,
        measure=measure_local,
    )  # fmt: skip


def _check_types(paths: Mapping[str, Any], remedy: str = "give a text or a path") -> None:
    """Raise ConfigError for what is neither a text nor a path."""
    for name, value in paths.items():
        if value is not None and not isinstance(value, str | os.PathLike):
            raise ConfigError(f"{name}: {value!r} is no path (a value of type {type(value).__name__}); {remedy}")
