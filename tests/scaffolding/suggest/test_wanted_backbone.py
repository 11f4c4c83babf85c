"""`init --backbone --weights --epochs`."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kerastune_ft import init
from kerastune_ft.cli.commands import main
from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError
from kerastune_ft.scaffolding.suggest.wanted_backbone import add_input, complete_backbone, read_backbone
from tests.support.init_data import prose, read_written, write_image, write_sound, write_table


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a model, a preset, a run and weights."""
    monkeypatch.chdir(tmp_path)
    for name in ("model.keras", "weights.h5", "preset/config.json", "run/manifest.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "weights", "wanted"),
    [
        ("ResNet50V2", None, {"kind": "applications", "name": "ResNet50V2"}),
        ("ResNet50V2", "weights.h5", {"kind": "applications", "name": "ResNet50V2", "weights": "weights.h5"}),
        ("ResNet50V2", "null", {"kind": "applications", "name": "ResNet50V2", "weights": None}),
        ("MobileNetV2", "embedded", {"kind": "applications", "name": "MobileNetV2", "weights": "embedded"}),
        ("BertBackbone", None, {"kind": "keras_hub", "class": "BertBackbone"}),
        ("bert_base_en", None, {"kind": "keras_hub", "preset": "bert_base_en"}),
        ("hf://a/b", None, {"kind": "keras_hub", "preset": "hf://a/b"}),
        ("preset", None, {"kind": "keras_hub", "preset": "./preset"}),
        ("model.keras", None, {"kind": "saved", "path": "model.keras"}),
        ("run", None, {"kind": "run", "path": "run"}),
        (None, None, None),
    ],
)
def test_a_name_a_preset_or_a_path(here: Path, text: str | None, weights: str | None, wanted: Any) -> None:
    found = read_backbone(text, weights, str)
    assert (found and {key: value for key, value in found.items() if not key.startswith("//")}) == wanted


@pytest.mark.parametrize(
    ("text", "weights", "message"),
    [
        ("ResNet50V", None, '"ResNet50V" is unknown; did you mean "ResNet50V2"'),
        ("mobilenetv2", None, 'did you mean "MobileNetV2"'),
        ("Unheard", None, "Unheard is neither there nor a name"),
        ("models/x.keras", None, "models/x.keras is neither there"),
        ("models/preset", None, "models/preset is neither there"),
        ("ResNet50V2", "none.h5", "--weights: none.h5 is neither there"),
        ("bert_base_en", "weights.h5", "bert_base_en brings weights of its own"),
        (None, "weights.h5", "nothing says which model they are of"),
    ],
)
def test_what_is_none_is_said(here: Path, text: str | None, weights: str | None, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_backbone(text, weights, str)


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"name": "MobileNetV2", "weights": None}, "applications"),
        ({"preset": "bert_base_en"}, "keras_hub"),
        ({"class": "BertBackbone"}, "keras_hub"),
        ({"kind": "saved", "path": "x"}, "saved"),
    ],
)
def test_a_kind_may_be_left_out(options: dict[str, object], kind: str) -> None:
    assert complete_backbone(options) == {**options, "kind": kind}


def test_a_model_that_nothing_names_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"says which model it is; write one of name, preset, class, path"):
        complete_backbone({"weights": "w.h5"})


def test_the_configuration_is_written_with_them() -> None:
    for number in range(24):
        write_image(Path(f"d/{'ab'[number % 2]}/{number}.png"))
    Path("weights.h5").write_bytes(b"")
    result = CliRunner().invoke(
        main, ["init", "d", "--backbone", "ResNet50V2", "--weights", "weights.h5", "--epochs", "3"]
    )
    assert result.exit_code == 0, result.output
    document = read_written("d.json")
    assert (document["backbone"]["name"], document["backbone"]["weights"]) == ("ResNet50V2", "weights.h5")
    assert {phase.epochs for phase in read("d.json").phases} == {3}
    write_table(Path("t.csv"), [{"text": prose(number), "label": "ab"[number % 2]} for number in range(40)])
    init("t.csv", backbone="bert_base_en", epochs=2)
    document = json.loads(Path("t.json").read_text())
    assert document["backbone"]["preset"] == "bert_base_en" and {phase.epochs for phase in read("t.json").phases} == {2}
    with pytest.raises(ConfigError, match="backbone"):
        init("t.csv", "no.json", backbone="ResNet50V2")
    assert not Path("no.json").exists()
    with pytest.raises(ConfigError, match="--backbone and --epochs have no effect with --example"):
        init(example="medical", backbone="ResNet50V2", epochs=1)


@pytest.mark.parametrize(
    ("modality", "layers", "wanted"),
    [
        ("image", "Conv2D", "0-1"),
        ("image", "Rescaling", None),
        ("audio", "Conv2D", {"log_mel": {}}),
        ("text", "Dense", None),
    ],
)
def test_a_saved_model_that_does_not_say_its_input_gets_a_likely_one(
    tmp_path: Path, modality: str, layers: str, wanted: Any
) -> None:
    file = tmp_path / "own.keras"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("config.json", json.dumps({"class_name": layers}))
    found: dict[str, Any] = {"kind": "saved", "path": "own.keras"}
    question = add_input(found, modality, file)
    assert (found.get("input"), "own.keras" in question) == (wanted, wanted is not None)


def test_sounds_with_a_saved_model_are_written_with_a_question() -> None:
    for number in range(24):
        write_sound(Path(f"s/{'ab'[number % 2]}/{number}.wav"))
    Path("own.keras").write_bytes(b"")
    started = init("s", backbone="own.keras")
    assert read_written("s.json")["backbone"]["input"] == {"log_mel": {}}
    assert any("how do sounds become what own.keras takes?" in question for question in started.asks)
