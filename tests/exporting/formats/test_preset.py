from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest

from kerastune_ft.backbones.keras_hub import build_with_body
from kerastune_ft.config.options.backbones import KerasHub
from kerastune_ft.config.options.task_facts import TEXT
from kerastune_ft.errors import ConfigError, PromiseError
from kerastune_ft.exporting.formats import keras_file, preset
from kerastune_ft.exporting.formats.base import ExportOptions
from kerastune_ft.exporting.graphs.base import Origin
from kerastune_ft.graph.keras_private import nodes_in_order

_HUB = KerasHub.model_validate({"kind": "keras_hub", "class": "BertBackbone", "options": {"num_layers": 1}})


@pytest.fixture
def graphs(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Graphs of a run whose weights are others than those of its class, with a head."""
    monkeypatch.setattr(keras_file, "write", lambda graphs, folder, options: [])
    model = build_with_body(_HUB)[0].model
    trained = keras.Model(model.input, keras.layers.Dense(2, name="head_output")(model.output[:, 0]))
    random = np.random.default_rng(0)
    for variable in trained.trainable_variables:
        variable.assign(random.normal(0, 0.1, variable.shape))
    output = nodes_in_order(model)[-1].operation.name
    return SimpleNamespace(serving=SimpleNamespace(trained=trained), origin=Origin(_HUB, TEXT, output, 16, None))


def test_the_backbone_of_a_preset_has_the_weights_of_the_run(graphs: Any, tmp_path: Path) -> None:
    import keras_hub

    (described,) = preset.write(graphs, tmp_path, ExportOptions())
    assert described["file"] == "preset"
    again = keras_hub.models.Backbone.from_preset(str(tmp_path / "preset"))
    known = {variable.path: variable for variable in graphs.serving.trained.variables}
    same = {each.path: each for each in again.variables if each.path in known and "seed" not in each.path}
    assert len(same) > 15
    assert all(np.array_equal(each.numpy(), known[path].numpy()) for path, each in same.items())


def test_a_backbone_that_computes_otherwise_is_refused(
    graphs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preset, "_copy_values", lambda trained, model: None)
    with pytest.raises(PromiseError, match="other features than the run"):
        preset.write(graphs, tmp_path, ExportOptions())


def test_weights_that_the_run_lacks_are_named(graphs: Any, tmp_path: Path) -> None:
    graphs.origin = Origin(_HUB.model_copy(update={"options": {"num_layers": 2}}), TEXT, "", 16, None)
    with pytest.raises(ConfigError, match=r"transformer_layer_1.*keras holds it"):
        preset.write(graphs, tmp_path, ExportOptions())


def test_backbones_of_other_kinds_are_refused_naming_keras(tmp_path: Path) -> None:
    saved: Any = SimpleNamespace(origin=Origin(SimpleNamespace(kind="saved"), TEXT, "", None, None))
    with pytest.raises(ConfigError, match=r"of the kind saved; keras holds it"):
        preset.write(saved, tmp_path, ExportOptions())
