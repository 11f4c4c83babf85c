"""The card of a run says what its files say, and nothing that is not to be shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kerastune_ft.cards.build import build_card, describe_upload
from kerastune_ft.errors import ConfigError
from tests.support import label_run_files, run_files


def test_a_card_has_data_schedule_figures_limits_and_use(tmp_path: Path) -> None:
    run = run_files.write_run(tmp_path / "run")
    card = build_card(run)
    document = json.loads(card.to_json())
    assert document["metrics"]["test"]["accuracy"] == {
        "value": pytest.approx(0.9032),
        "interval": None,
        "constant": 0.3333,
    }
    assert [phase["name"] for phase in document["phases"]] == [
        phase["name"] for phase in json.loads((run / "plan.json").read_text())["phases"]
    ]
    assert document["data"]["grouped"] and document["data"]["name"] == "chest"
    for part in ("## How to use", "## Results", "## Data", "## Training", "## Limits", "## Licence", "## Versions"):
        assert part in card.markdown
    assert 'keras.models.load_model("model.keras")' in card.markdown
    assert str(card) == card.markdown and card._repr_markdown_().strip().startswith("# xray")


def test_nothing_private_is_in_a_card_without_examples(tmp_path: Path) -> None:
    open_card = build_card(run_files.write_run(tmp_path / "open"))
    card = build_card(run_files.write_run(tmp_path / "run", examples=False))
    for private in ("ward", "P-0042", ".DS"):
        assert private in open_card.markdown
        assert private not in card.markdown and private not in card.to_json()
    assert "chest" not in card.markdown and "private data" in card.markdown
    assert "bacterial" in card.markdown


def test_every_kind_of_labels_has_a_card(tmp_path: Path) -> None:
    label_run_files.write_multi_label(tmp_path / "several")
    label_run_files.write_regression(tmp_path / "values")
    label_run_files.write_masks(tmp_path / "masks")
    found = {name: build_card(tmp_path / name) for name in ("several", "values", "masks")}
    assert "mean 4" in found["values"].markdown and "calibrated" not in found["values"].markdown
    assert "argmax(-1)" in found["masks"].markdown
    assert "mean average precision" in found["several"].markdown


def test_an_export_is_opened_by_the_script_beside_it(tmp_path: Path) -> None:
    card = build_card(run_files.write_run(tmp_path / "run"), "onnx", "## Figures\n\nhere")
    assert "from predict import load, predict, read" in card.markdown
    assert "## Figures\n\nhere\n\n## Data" in card.markdown
    assert card.document["metadata"]["library_name"] == "onnx"
    assert "from predict import" in build_card(tmp_path / "run", "keras").markdown


def test_what_is_no_run_has_no_card_and_the_upload_is_a_command(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not a run directory"):
        build_card(tmp_path)
    assert describe_upload("xray", Path("my runs/model")) == "hf upload YOUR_NAME/xray 'my runs/model' ."
