from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.config.checks.kinds import kind_inconsistencies
from kerastune_ft.config.read import read
from kerastune_ft.config.run import config_hash
from kerastune_ft.errors import ConfigError

TILES = {"size": 64, "overlap": 0.25}
MASKS: dict[str, Any] = {
    "task": {"kind": "image_segmentation"},
    "data": {"kind": "folder", "path": "nuclei", "tiles": TILES},
    "backbone": {"kind": "applications", "name": "MobileNet"},
    "phases": [{"name": "head", "unfreeze": "none", "epochs": 1, "learning_rate": 0.1}],
}


def test_masks_have_tiles() -> None:
    assert list(kind_inconsistencies(MASKS)) == []
    assert read(MASKS).data.tiles.overlap == 0.25


@pytest.mark.parametrize("kind", ["image_classification", "image_regression", "text_classification"])
def test_labels_of_whole_inputs_have_none(kind: str) -> None:
    found = dict(kind_inconsistencies({**MASKS, "task": {"kind": kind}}))
    assert "are of whole inputs" in found["data", "tiles"]


@pytest.mark.parametrize("tiles", [{"size": 8}, {"size": 64, "overlap": 0.9}, {"overlap": 0.1}, {"size": 64.5}, 64])
def test_other_forms_are_refused(tiles: Any) -> None:
    with pytest.raises(ConfigError, match="tiles"):
        read({**MASKS, "data": {**MASKS["data"], "tiles": tiles}})


def test_runs_from_before_there_were_tiles_keep_their_hash() -> None:
    without = {**MASKS, "data": {key: value for key, value in MASKS["data"].items() if key != "tiles"}}
    null = {**MASKS, "data": {**without["data"], "tiles": None}}
    assert config_hash(read(without)) == config_hash(read(null))
    assert config_hash(read(without)) != config_hash(read(MASKS))


def test_lines_through_whole_masks_are_not_followed_in_tiles() -> None:
    task = {"kind": "image_segmentation", "metrics": ["boundary_f1"]}
    assert "part by part" in dict(kind_inconsistencies({**MASKS, "task": task}))["task", "metrics", 0]
    assert list(kind_inconsistencies({**MASKS, "task": task, "data": {"kind": "folder", "path": "x"}})) == []
