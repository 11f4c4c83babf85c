"""Opens the graphs of a run, by the modality of its inputs and the kind of its labels."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from typing import Any

from kerastune_ft.config.options.task_facts import AUDIO, BOXES, IMAGE, MASK, SEVERAL_INPUTS, TEXT, facts
from kerastune_ft.config.run import RunConfig
from kerastune_ft.errors import ConfigError
from kerastune_ft.exporting.graphs.base import Graphs, Origin
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.saved_model.build import open_serving
from kerastune_ft.saved_model.calibration import use_temperature
from kerastune_ft.saved_model.unknown import read_unknown

_GRAPHS: Mapping[tuple[str, str | None], tuple[str, str]] = {
    (IMAGE, None): ("kerastune_ft.exporting.graphs.images", "ImageGraphs"),
    (IMAGE, MASK): ("kerastune_ft.exporting.graphs.masks", "MaskGraphs"),
    (IMAGE, BOXES): ("kerastune_ft.exporting.graphs.boxes", "BoxGraphs"),
    (TEXT, None): ("kerastune_ft.exporting.graphs.texts", "TextGraphs"),
    (AUDIO, None): ("kerastune_ft.exporting.graphs.sounds", "SoundGraphs"),
    (SEVERAL_INPUTS, None): ("kerastune_ft.exporting.graphs.several", "SeveralGraphs"),
}
"""Module and class by modality and kind of label; a kind that has no row of its own has that of None."""

_OF_TILES = ("kerastune_ft.exporting.graphs.tiles", "TileGraphs")


def open_graphs(run: RunDirectory, config: RunConfig, plan: Mapping[str, Any], is_calibrated: bool = False) -> Graphs:
    """Return the graphs of a finished run from its directory; `plan` is its plan.json.

    With `is_calibrated` they give probabilities with the temperature of the run.

    Raises ConfigError where runs of this modality cannot be exported, or a package is missing that their predict.py
    needs, and DataError where the model cannot be opened.
    """
    modality, labels = config.modality, facts(config.task).labels
    found = _GRAPHS.get((modality, labels), _GRAPHS.get((modality, None)))
    if found is None:
        raise ConfigError(
            f"runs of {config.task.kind} cannot be exported by this version: a graph of one call writes no texts; "
            "model/model.keras of the run writes with keras and keras_hub alone, and `serve` and `predict` use it"
            if facts(config.task).writes
            else f"runs of {config.task.kind} cannot be exported by this version; use `predict`"
        )
    module, name = found if config.data.tiles is None else _OF_TILES
    made = getattr(importlib.import_module(module), name)
    if missing := [each for each in made.needs if importlib.util.find_spec(each) is None]:
        raise ConfigError(
            f"the predict.py of {config.task.kind} needs {', '.join(missing)}, which is not installed: "
            f"python -m pip install {' '.join(missing)}"
        )
    serving = open_serving(run, config, plan)
    if is_calibrated:
        use_temperature(run, serving.task)
    graphs: Graphs = made(serving, read_unknown(run), run.read_bytes)
    graphs.is_calibrated = is_calibrated
    about = plan["backbone"]
    graphs.origin = Origin(
        config.backbone,
        modality,
        about.get("output") or next(reversed(about["endpoints"].values())),
        (plan.get("text") or {}).get("sequence_length"),
        (plan.get("sound") or {}).get("samples"),
        config.data.inputs,
    )
    return graphs
